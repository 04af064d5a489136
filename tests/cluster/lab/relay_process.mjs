// SPDX-License-Identifier: Apache-2.0
// usage: relay_process.mjs SOCKET ENGINE_SOCKET, forked with a message channel; see relay.mjs.

import { rmSync } from 'node:fs'
import net from 'node:net'
import { pause } from '../../api/lib/wait.mjs'
import { RequestSplitter } from './http_split.mjs'

const [path, engine_path] = process.argv.slice(2)
const pairs = new Set()
const most_lines = 20_000
let rules = []
let counts = {}
let lines = []

function take_rule(line) {
    const rule = rules.find(({ match, times }) => line.includes(match) && times !== 0)
    if (!rule) return null
    if (rule.times > 0) --rule.times
    counts[rule.match] = (counts[rule.match] ?? 0) + 1
    return rule
}

const answer = (status, body) =>
    `HTTP/1.1 ${status} Relayed\r\nApi-Version: 1.41\r\nContent-Type: application/json\r\n` +
    `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`

class Pair {
    fault = null // what befalls the answer that comes next
    tail = Promise.resolve() // answers are handed on one after the other

    constructor(client) {
        this.client = client
        this.engine = net.connect(engine_path)
        this.splitter = new RequestSplitter(
            (line) => this.on_request(line),
            (bytes) => this.engine.write(bytes),
        )
        client.on('data', (chunk) => this.splitter.feed(chunk))
        this.engine.on('data', (chunk) => this.on_answer(chunk))
        // A half-close is an end here: no client of an engine half-closes and goes on.
        for (const socket of [client, this.engine]) {
            socket.on('error', () => {})
            socket.on('close', () => this.end())
        }
        pairs.add(this)
    }

    end() {
        pairs.delete(this)
        this.client.destroy()
        this.engine.destroy()
    }

    // 'stop': the engine does not see this request.
    on_request(line) {
        if (lines.length < most_lines) lines.push(line)
        this.fault = take_rule(line)
        switch (this.fault?.action) {
            case 'drop':
                this.end()
                return 'stop'
            case 'hang':
                this.engine.removeAllListeners('data')
                return 'stop'
            case 'status':
                this.client.end(answer(this.fault.code, JSON.stringify({ message: this.fault.text ?? 'scripted' })))
                return 'stop'
            case 'garbage':
                this.client.end(answer(200, '<html>not the engine</html>'))
                return 'stop'
            case 'huge':
                this.client.end(answer(200, ' '.repeat(this.fault.size)))
                return 'stop'
        }
    }

    on_answer(chunk) {
        switch (this.fault?.action) {
            case 'lose':
                return this.end()
            case 'truncate':
                this.client.end(chunk.subarray(0, this.fault.bytes))
                return this.engine.destroy()
            case 'drip':
                return this.drip(chunk)
            case 'delay': {
                const { ms } = this.fault
                this.fault = null
                this.tail = this.tail.then(() => pause(ms))
            }
        }
        this.tail = this.tail.then(() => this.client.write(chunk))
    }

    drip(chunk) {
        const each = 100
        const size = Math.max(1, Math.floor((this.fault.bytes_per_second * each) / 1000))
        this.waiting = Buffer.concat([this.waiting ?? Buffer.alloc(0), chunk])
        if (this.timer) return
        this.timer = setInterval(() => {
            this.client.write(this.waiting.subarray(0, size))
            this.waiting = this.waiting.subarray(size)
            if (this.waiting.length > 0 && !this.client.destroyed) return
            clearInterval(this.timer)
            this.timer = null
        }, each)
    }
}

const cut = () => [...pairs].forEach((pair) => pair.end())

const server = net.createServer((client) => new Pair(client))
const verbs = {
    listen: () => new Promise((done) => server.listen(path, () => done({ is_listening: true }))),
    rule: ({ rule }) => (rules.push(rule), {}),
    clear: () => {
        const hanging = [...pairs].filter(({ fault }) => fault?.action === 'hang')
        rules = []
        hanging.forEach((pair) => pair.end())
        return {}
    },
    cut: () => (cut(), {}),
    counts: () => ({ counts }),
    requests: () => ({ lines: lines.splice(0) }),
}
process.on('message', async ({ number, verb, ...message }) =>
    process.send({ number, ...(await verbs[verb](message)) }),
)
process.on('disconnect', () => {
    cut()
    rmSync(path, { force: true })
    process.exit(0)
})
