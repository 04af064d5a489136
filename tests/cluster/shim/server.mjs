// SPDX-License-Identifier: Apache-2.0
// HTTP on a unix socket in front of a ShimEngine, with the faults that can be asked for.

import { rmSync } from 'node:fs'
import http from 'node:http'
import { pause } from '../../api/lib/wait.mjs'
import { Refusal } from './engine.mjs'
import { answer, has_labels } from './routes.mjs'

const largest_body = 4 << 20

export class ShimServer {
    mode = 'ok' // 'refuse': nobody listens; 'hang': connections open, nothing is answered
    delay_ms = 0 // before each answer
    rules = [] // { match, action, times }: as in lab/relay.mjs, without drip and truncate
    counts = {}
    #sockets = new Set()
    #hanging = new Set()

    constructor(engine, path) {
        this.engine = engine
        this.path = path
    }

    listen() {
        rmSync(this.path, { force: true })
        this.server = http.createServer((request, response) => this.#receive(request, response))
        // A client may keep its connection for as long as it likes, as with a real engine.
        this.server.keepAliveTimeout = 0
        this.server.requestTimeout = 0
        this.server.on('connection', (socket) => {
            this.#sockets.add(socket)
            socket.on('close', () => this.#sockets.delete(socket))
            socket.on('error', () => {})
        })
        return new Promise((done, fail) => this.server.once('error', fail).listen(this.path, done))
    }

    async set({ mode, ...values }) {
        Object.assign(this, values)
        if (mode === undefined || mode === this.mode) return
        const was = this.mode
        this.mode = mode
        if (mode === 'refuse') await this.#close()
        else if (was === 'refuse') await this.listen()
        if (mode !== 'hang') this.#let_go()
    }

    async #close() {
        this.cut()
        await new Promise((done) => this.server.close(done))
    }

    cut() {
        for (const socket of this.#sockets) socket.destroy()
    }

    clear() {
        this.rules = []
        this.#let_go()
    }

    #let_go() {
        for (const response of this.#hanging) response.destroy()
        this.#hanging.clear()
    }

    #receive(request, response) {
        const chunks = []
        let size = 0
        request.on('data', (chunk) => {
            size += chunk.length
            if (size > largest_body) request.destroy()
            else chunks.push(chunk)
        })
        request.on('end', () =>
            this.#serve(request, response, Buffer.concat(chunks)).catch((error) => {
                if (!response.headersSent) this.#send(response, 500, { message: String(error.stack) })
            }),
        )
    }

    #take_rule(line) {
        const rule = this.rules.find(({ match, times }) => line.includes(match) && times !== 0)
        if (!rule) return null
        if (rule.times > 0) --rule.times
        this.counts[rule.match] = (this.counts[rule.match] ?? 0) + 1
        return rule
    }

    #hang(response) {
        this.#hanging.add(response)
        response.on('close', () => this.#hanging.delete(response))
    }

    async #serve(request, response, raw_body) {
        const url = new URL(request.url, 'http://engine')
        const path = url.pathname.replace(/^\/v\d+\.\d+/, '')
        const rule = this.#take_rule(`${request.method} ${path}${url.search}`)
        if (this.mode === 'hang' || rule?.action === 'hang') return this.#hang(response)
        if (this.delay_ms > 0) await pause(this.delay_ms)
        switch (rule?.action) {
            case 'drop':
                return response.destroy()
            case 'delay':
                await pause(rule.ms)
                break
            case 'status':
                return this.#send(response, rule.code, { message: rule.text ?? 'scripted' })
            case 'garbage':
                return this.#send_text(response, 200, '<html>not the engine</html>', 'application/json')
        }
        if (path === '/events') return this.#events(response, url.searchParams)
        const reply = await this.#answer({ method: request.method, path, query: url.searchParams, raw_body })
        if (rule?.action === 'lose') return response.destroy()
        if (reply.text !== undefined) this.#send_text(response, reply.status ?? 200, reply.text, 'text/plain')
        else this.#send(response, reply.status ?? 200, reply.json)
    }

    async #answer(request) {
        try {
            const reply = await answer(this.engine, request)
            return reply ?? { status: 404, json: { message: 'page not found' } }
        } catch (error) {
            if (!(error instanceof Refusal)) throw error
            return { status: error.status, json: { message: error.message } }
        }
    }

    #send(response, status, json) {
        const has_body = json !== undefined && status !== 204 && status !== 304
        this.#send_text(response, status, has_body ? JSON.stringify(json) : '', 'application/json')
    }

    #send_text(response, status, text, type) {
        const headers = { 'Api-Version': '1.41', Ostype: 'linux', Server: 'Docker/shim' }
        if (status !== 204 && status !== 304)
            Object.assign(headers, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(text) })
        response.writeHead(status, headers).end(text)
    }

    #events(response, query) {
        const filters = JSON.parse(query.get('filters') || '{}')
        const list = (name) => (Array.isArray(filters[name]) ? filters[name] : Object.keys(filters[name] ?? {}))
        const since = Number(query.get('since') || NaN) * 1e9
        const is_wanted = ({ Type, Action, Actor }) =>
            has_labels(Actor.Attributes, list('label')) &&
            (list('event').length === 0 || list('event').includes(Action)) &&
            (list('type').length === 0 || list('type').includes(Type))
        const tell = (event) => is_wanted(event) && response.write(`${JSON.stringify(event)}\n`)
        response.writeHead(200, { 'Content-Type': 'application/json', 'Api-Version': '1.41' }).flushHeaders()
        if (since) this.engine.events.filter(({ timeNano }) => timeNano >= since).forEach(tell)
        this.engine.listeners.add(tell)
        response.on('close', () => this.engine.listeners.delete(tell))
    }
}
