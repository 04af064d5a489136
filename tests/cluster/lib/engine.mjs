// SPDX-License-Identifier: Apache-2.0
// The Engine API over a unix socket, for the harness: what a lab host's or a shim's engine really has.

import http from 'node:http'

export class Engine {
    constructor(socket) {
        this.socket = socket
        this.agent = new http.Agent({ keepAlive: true, maxSockets: 4 })
    }

    close() {
        this.agent.destroy()
    }

    // { status, json, text }
    request(method, path, { body, limit_ms = 20_000, type = 'application/json' } = {}) {
        const text = body === undefined || Buffer.isBuffer(body) ? body : JSON.stringify(body)
        return new Promise((done, fail) => {
            const headers =
                text === undefined ? {} : { 'Content-Type': type, 'Content-Length': Buffer.byteLength(text) }
            const options = { socketPath: this.socket, method, path: `/v1.41${path}`, headers, agent: this.agent }
            const request = http.request(options, (response) => {
                const chunks = []
                response.on('data', (chunk) => chunks.push(chunk))
                response.on('error', fail)
                response.on('end', () => done(answer_of(response, Buffer.concat(chunks).toString('utf8'))))
            })
            request.setTimeout(limit_ms, () =>
                request.destroy(new Error(`${method} ${path}: no answer in ${limit_ms} ms`)),
            )
            request.on('error', fail)
            request.end(text)
        })
    }

    async get(path) {
        const { status, json, text } = await this.request('GET', path)
        if (status !== 200) throw new Error(`GET ${path}: ${status} ${text.slice(0, 300)}`)
        return json
    }

    async ping() {
        return (await this.request('GET', '/_ping', { limit_ms: 2000 })).status
    }
    async id() {
        return (await this.get('/info')).ID
    }

    // `label`: one, or several that must all be there: 'name' or 'name=value'.
    containers = (label) => this.get(`/containers/json?all=1${filters_of(label)}`)
    networks = (label) => this.get(`/networks${filters_of(label).replace('&', '?')}`)
    volumes = async (label) => (await this.get(`/volumes${filters_of(label).replace('&', '?')}`)).Volumes ?? []
    images = () => this.get('/images/json')
    inspect = (container) => this.get(`/containers/${container}/json`)

    async remove_all(label) {
        for (const { Id } of await this.containers(label))
            await this.request('DELETE', `/containers/${Id}?force=1&v=1`)
        for (const { Id } of await this.networks(label)) await this.request('DELETE', `/networks/${Id}`)
    }

    // Each event of a container since `since_s` (seconds), until close(): { close(), is_over }.
    watch(on_event, since_s) {
        const wanted = encodeURIComponent(JSON.stringify({ type: ['container'] }))
        const path = `/v1.41/events?filters=${wanted}${since_s ? `&since=${since_s}` : ''}`
        const stream = { is_over: false, close: () => request.destroy() }
        const over = () => (stream.is_over = true)
        const request = http.get({ socketPath: this.socket, path, agent: false }, (response) => {
            let rest = ''
            response.setEncoding('utf8')
            response.on('data', (chunk) => {
                const lines = (rest + chunk).split('\n')
                rest = lines.pop()
                for (const line of lines) if (line.trim()) on_event(JSON.parse(line))
            })
            response.on('close', over)
            response.on('error', over)
        })
        request.on('error', over)
        return stream
    }
}

function answer_of(response, text) {
    const answer = { status: response.statusCode, text }
    if ((response.headers['content-type'] ?? '').includes('json') && text !== '') answer.json = JSON.parse(text)
    return answer
}

const filters_of = (label) =>
    label ? `&filters=${encodeURIComponent(JSON.stringify({ label: [label].flat() }))}` : ''
