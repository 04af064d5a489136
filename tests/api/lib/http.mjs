// SPDX-License-Identifier: Apache-2.0
// HTTP towards one server. Every answer is checked against the document; secrets are remembered, so
// that the server's log can be searched for them.

import http from 'node:http'
import net from 'node:net'
import { check, check_event } from './contract.mjs'
import { until } from './wait.mjs'

const answer_limit_ms = 45_000

export class Browser {
    // `server`: { port, origin, secrets }. Without a login nobody in particular asks.
    constructor(server, credential = {}) {
        this.server = server
        this.credential = credential // { cookie } or { token }
    }

    static async sign_in(server, username, password) {
        const browser = new Browser(server)
        const answer = await browser.post('/api/v1/login', { username, password })
        if (answer.status !== 204) throw new Error(`login of ${username}: ${answer.status} ${answer.text}`)
        browser.credential.cookie = answer.headers['set-cookie'][0].split(';')[0]
        server.secrets.add(browser.credential.cookie.split('=')[1])
        browser.username = username
        return browser
    }

    get = (path, options) => this.request('GET', path, options)
    post = (path, json, options) => this.request('POST', path, { json, ...options })
    put = (path, json, options) => this.request('PUT', path, { json, ...options })
    patch = (path, json, options) => this.request('PATCH', path, { json, ...options })
    delete = (path, options) => this.request('DELETE', path, options)

    headers_for(method, options) {
        const headers = {
            Host: this.server.host,
            ...(options.json !== undefined && { 'Content-Type': 'application/json' }),
        }
        if (this.credential.cookie) headers.Cookie = this.credential.cookie
        if (this.credential.token) headers.Authorization = `Bearer ${this.credential.token}`
        if (!['GET', 'HEAD', 'OPTIONS'].includes(method)) headers.Origin = this.server.origin
        const all = { ...headers, ...options.headers }
        for (const [name, value] of Object.entries(all)) if (value === undefined) delete all[name]
        return all
    }

    async request(method, path, options = {}) {
        this.note_secrets(options.json)
        const body = options.body ?? (options.json === undefined ? undefined : JSON.stringify(options.json))
        const headers = this.headers_for(method, options)
        if (body !== undefined && !headers['Transfer-Encoding']) headers['Content-Length'] = Buffer.byteLength(body)
        const answer = await send({ ...this.server.address, method, path, headers, agent: false }, body)
        check({ method, path, json: options.json }, answer)
        if (answer.json?.ticket) this.server.secrets.add(answer.json.ticket)
        if (answer.json?.token) this.server.secrets.add(answer.json.token)
        return answer
    }

    note_secrets(json) {
        for (const key of ['password', 'current_password', 'new_password'])
            if (typeof json?.[key] === 'string' && json[key].length >= 8) this.server.secrets.add(json[key])
    }

    // An open event stream: { events, next(), close() }.
    events(options = {}) {
        return EventStream.open(this, options)
    }

    // ---- sessions -----------------------------------------------------------------------------

    async start(template, more = {}) {
        const answer = await this.post('/api/v1/sessions', { template, ...more })
        if (answer.status !== 202) throw new Error(`start ${template}: ${answer.status} ${answer.text}`)
        return answer.json
    }

    async session(id) {
        const answer = await this.get(`/api/v1/sessions/${id}`)
        if (answer.status !== 200) throw new Error(`session ${id}: ${answer.status} ${answer.text}`)
        return answer.json
    }

    // Waits for a state; an end that was not waited for is an error at once.
    async reach(id, state, limit_ms = 60_000) {
        return until(
            `session ${id} is ${state}`,
            async () => {
                const session = await this.session(id)
                if (session.state === state) return session
                if (session.state === 'ended') {
                    const error = new Error(`session ended instead: ${JSON.stringify(session.end)}`)
                    error.is_final = true
                    throw error
                }
                return null
            },
            limit_ms,
        )
    }

    async start_ready(template, more) {
        const { id } = await this.start(template, more)
        return this.reach(id, 'ready')
    }

    async stop(id) {
        const answer = await this.delete(`/api/v1/sessions/${id}`)
        if (answer.status !== 202 && answer.status !== 200)
            throw new Error(`stop ${id}: ${answer.status} ${answer.text}`)
        return this.reach(id, 'ended')
    }

    async stop_all() {
        const { items } = (await this.get('/api/v1/sessions')).json
        await Promise.all(items.map(({ id }) => this.stop(id)))
    }

    async ticket(id, body = {}) {
        const answer = await this.post(`/api/v1/sessions/${id}/ticket`, body)
        if (answer.status !== 201) throw new Error(`ticket of ${id}: ${answer.status} ${answer.text}`)
        return answer.json.ticket
    }
}

// The plain exchange, unchecked; also used over unix sockets.
export function send(options, body) {
    return new Promise((done, fail) => {
        const request = http.request(options, (response) => {
            const chunks = []
            response.on('data', (chunk) => chunks.push(chunk))
            response.on('end', () => done(answer_of(response, Buffer.concat(chunks).toString('utf8'))))
            response.on('error', fail)
        })
        request.setTimeout(answer_limit_ms, () =>
            request.destroy(new Error(`no answer to ${options.method} ${options.path} in ${answer_limit_ms} ms`)),
        )
        request.on('error', fail)
        request.end(body)
    })
}

function answer_of(response, text) {
    const answer = { status: response.statusCode, headers: response.headers, text }
    if ((response.headers['content-type'] ?? '').includes('json')) answer.json = JSON.parse(text)
    return answer
}

// Bytes as they are, for requests that no client library would send: { status, head, text, json } of the first
// answer, or status 0 when the server closed without a word.
export function raw(server, bytes, limit_ms = 20_000) {
    return new Promise((done, fail) => {
        const socket = net.connect(server.port, '127.0.0.1')
        let received = ''
        const timer = setTimeout(
            () => finish(new Error(`no end after ${limit_ms} ms: ${received.slice(0, 200)}`)),
            limit_ms,
        )
        const finish = (error) => {
            clearTimeout(timer)
            socket.destroy()
            if (error) fail(error)
            else done(raw_answer(received))
        }
        socket.setEncoding('latin1')
        socket.on('data', (chunk) => {
            received += chunk
            if (raw_answer(received).is_whole) finish()
        })
        socket.on('error', (error) => finish(['ECONNRESET', 'EPIPE'].includes(error.code) ? undefined : error))
        socket.on('end', () => finish())
        socket.write(bytes)
    })
}

function raw_answer(received) {
    const [head, ...rest] = received.split('\r\n\r\n')
    const text = rest.join('\r\n\r\n')
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? NaN)
    const answer = {
        status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0),
        head,
        text,
        is_whole: rest.length > 0 && text.length >= length,
    }
    if (answer.is_whole && /^content-type: application\/problem\+json/im.test(head)) answer.json = JSON.parse(text)
    return answer
}

class EventStream {
    events = []
    status = 0
    #taken = 0
    #text = ''

    static open(browser, { last_id, query = '', method = 'GET', path = '/api/v1/events', documented } = {}) {
        const stream = new EventStream()
        stream.documented = documented
        const headers = browser.headers_for(method, {
            headers: { Accept: 'text/event-stream', ...(last_id !== undefined && { 'Last-Event-ID': String(last_id) }) },
        })
        return new Promise((done, fail) => {
            const target = { ...browser.server.address, method, path: `${path}${query}`, headers, agent: false }
            stream.request = http.request(target, (response) => {
                stream.status = response.statusCode
                stream.headers = response.headers
                response.setEncoding('utf8')
                if (response.statusCode !== 200) {
                    let text = ''
                    response.on('data', (chunk) => (text += chunk))
                    response.on('end', () => {
                        try {
                            stream.json = JSON.parse(text)
                            check(
                                { method, path },
                                { status: stream.status, headers: response.headers, text, json: stream.json },
                            )
                            done(stream)
                        } catch (error) {
                            fail(error)
                        }
                    })
                    return
                }
                check({ method, path }, { status: 200, headers: response.headers, text: '' })
                response.on('data', (chunk) => stream.#feed(chunk))
                response.on('close', () => (stream.is_over = true))
                response.on('error', () => (stream.is_over = true))
                done(stream)
            })
            stream.request.on('error', (error) => (stream.status ? (stream.is_over = true) : fail(error)))
            stream.request.end()
        })
    }

    #feed(chunk) {
        this.#text += chunk
        const blocks = this.#text.split('\n\n')
        this.#text = blocks.pop()
        for (const block of blocks) this.#block(block)
    }

    #block(block) {
        const event = { type: 'message' }
        for (const line of block.split('\n')) {
            if (line.startsWith('id: ')) event.id = BigInt(line.slice(4))
            else if (line.startsWith('event: ')) event.type = line.slice(7)
            else if (line.startsWith('data: ')) event.data = JSON.parse(line.slice(6))
        }
        if (event.data === undefined) return
        try {
            check_event(event, this.documented)
        } catch (error) {
            this.failure ??= error
        }
        this.events.push(event)
    }

    // The next event not yet taken for which `wanted` holds.
    async next(what, wanted = () => true, limit_ms = 30_000) {
        return until(
            `event: ${what}`,
            () => {
                if (this.failure) throw Object.assign(this.failure, { is_final: true })
                while (this.#taken < this.events.length) {
                    const event = this.events[this.#taken++]
                    if (wanted(event)) return event
                }
                return null
            },
            limit_ms,
            10,
        )
    }

    close() {
        this.request.destroy()
    }
}
