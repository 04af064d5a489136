// SPDX-License-Identifier: Apache-2.0
// Many requests at once, without the document's judgement over each of them, and what a run of them is measured by.

import http from 'node:http'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pause } from '../../api/lib/wait.mjs'
import { rows_of } from '../checker/gather.mjs'

const answer_limit_ms = 60_000

// A number of the environment, within bounds.
export function setting(name, otherwise, least = 1, most = 100_000) {
    const value = Number(process.env[name] ?? otherwise)
    if (!Number.isInteger(value) || value < least || value > most)
        throw new Error(`${name} must be a whole number from ${least} to ${most}`)
    return value
}

// One person's connections, kept open: { status, json, took_ms }; notes what it heard for the checker.
export class QuickClient {
    constructor(browser, connections = 8) {
        this.browser = browser
        this.agent = new http.Agent({ keepAlive: true, maxSockets: connections })
    }

    request(method, path, json) {
        const { server } = this.browser
        const body = json === undefined ? undefined : JSON.stringify(json)
        const headers = this.browser.headers_for(method, { json })
        if (body !== undefined) headers['Content-Length'] = Buffer.byteLength(body)
        const began = Date.now()
        return new Promise((done, fail) => {
            const options = { ...server.address, method, path, headers, agent: this.agent }
            const request = http.request(options, (response) => {
                const chunks = []
                response.on('data', (chunk) => chunks.push(chunk))
                response.on('error', fail)
                response.on('end', () => {
                    const text = Buffer.concat(chunks).toString('utf8')
                    const is_json = (response.headers['content-type'] ?? '').includes('json')
                    const heard = {
                        status: response.statusCode,
                        json: is_json ? JSON.parse(text) : undefined,
                        took_ms: Date.now() - began,
                    }
                    if (method === 'POST') server.heard.push({ at: began, method, path, ...heard })
                    done({ ...heard, headers: response.headers })
                })
            })
            request.setTimeout(answer_limit_ms, () =>
                request.destroy(new Error(`${method} ${path}: no answer in ${answer_limit_ms} ms`)),
            )
            request.on('error', fail)
            request.end(body)
        })
    }

    // Asks again for as long as the server says to come back later.
    async start(template, slot, limit_ms = 300_000) {
        const end = Date.now() + limit_ms
        for (let waits = 0; ; ++waits) {
            const answer = await this.request('POST', '/api/v1/sessions', { template, slot })
            if (answer.status === 202 || answer.status === 200) return { ...answer, waits }
            const after = Number(answer.headers['retry-after'] ?? NaN)
            if (answer.status !== 503 || !(after > 0) || Date.now() > end) return { ...answer, waits }
            await pause(Math.min(after, 5) * 1000)
        }
    }

    close() {
        this.agent.destroy()
    }
}

// Runs `work(item)` over all items, `at_once` at a time, in order; the results in order.
export async function in_parallel(items, at_once, work) {
    const results = new Array(items.length)
    let next = 0
    const run = async () => {
        while (next < items.length) {
            const at = next++
            results[at] = await work(items[at], at)
        }
    }
    await Promise.all(Array.from({ length: Math.min(at_once, items.length) }, run))
    return results
}

export function percentiles(numbers) {
    const sorted = [...numbers].sort((a, b) => a - b)
    const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? null
    return { count: sorted.length, p50: at(0.5), p90: at(0.9), p99: at(0.99), max: sorted.at(-1) ?? null }
}

// state → number of sessions, read past the server.
export async function states_of(database) {
    const rows = await rows_of(database, 'SELECT state, count(*) AS count FROM sessions GROUP BY state')
    return Object.fromEntries(rows.map(({ state, count }) => [state, count]))
}

// Measures what a process needs between two moments.
export function meter(usage) {
    const began = { at: Date.now(), ...usage() }
    return () => {
        const now = usage()
        const seconds = (Date.now() - began.at) / 1000
        return {
            seconds: round(seconds),
            cpu_s: round(now.cpu_s - began.cpu_s),
            cpu_share: round((now.cpu_s - began.cpu_s) / seconds),
            rss_mib: Math.round(now.rss_kib / 1024),
            descriptors: now.descriptors,
        }
    }
}
export const round = (number, digits = 3) => Math.round(number * 10 ** digits) / 10 ** digits

// What was measured, as a file and as text.
export class Report {
    values = {}
    constructor(name, root) {
        this.name = name
        this.file = join(root, 'build', 'cluster', `${name}.json`)
    }

    note(key, value) {
        this.values[key] = value
        console.log(`         ${key}: ${JSON.stringify(value)}`)
    }

    write() {
        mkdirSync(join(this.file, '..'), { recursive: true })
        writeFileSync(this.file, `${JSON.stringify(this.values, null, 2)}\n`)
        console.log(`         ${this.file}`)
    }
}
