// SPDX-License-Identifier: Apache-2.0
// Asks the program while everything happens to it, and collects what it must never do: end by itself, answer with a
// defect of its own, or take long for what needs no host.

import { monitorEventLoopDelay } from 'node:perf_hooks'
import { pause, until } from '../../api/lib/wait.mjs'

const answer_limit_ms = 5_000
const probe_every_ms = 1_000

export class Watch {
    complaints = []
    refusals = {} // 'what code' → count
    slowest_ms = {}
    restarts = []
    #turns = 0 // odd while the program is not there because it was killed
    #is_over = false
    #lag = monitorEventLoopDelay({ resolution: 20 })

    constructor(cluster, diary) {
        this.cluster = cluster
        this.diary = diary
        this.#expect_life()
        this.#lag.enable()
        this.probing = this.#probe().catch((error) => this.complain(error.message))
    }

    get server() {
        return this.cluster.server
    }

    is_killed = () => this.#turns % 2 === 1

    complain(what) {
        this.complaints.push(what)
        this.diary.note('COMPLAINT', what)
    }

    // An answer, or null when the program was killed meanwhile. What must never be answered is a complaint.
    async ask(browser, method, path, json) {
        await until('the program is there', () => !this.is_killed(), 120_000)
        const turn = this.#turns
        let answer
        try {
            answer = await browser.request(method, path, { json })
        } catch (error) {
            if (this.#turns === turn) this.complain(`${method} ${path}: ${error.message}`)
            return null
        }
        const { code } = answer.json ?? {}
        if (answer.status === 500 || code === 'internal') this.complain(`${method} ${path}: ${answer.text}`)
        if (answer.status === 401) this.complain(`${method} ${path}: a login was forgotten`)
        if (answer.status >= 400 && code) {
            const what = `${method} ${path.replace(/[a-z0-9]{26}/, '{id}')} ${answer.status} ${code}`
            this.refusals[what] = (this.refusals[what] ?? 0) + 1
        }
        return answer
    }

    async kill_program() {
        ++this.#turns
        await this.server.kill()
    }

    async start_program() {
        const began = Date.now()
        await this.server.start()
        this.restarts.push(Date.now() - began)
        this.#expect_life()
        ++this.#turns
    }

    #expect_life() {
        this.server.ended.then((exit) => {
            if (!this.is_killed() && !this.#is_over)
                this.complain(`the program ended by itself: ${JSON.stringify(exit)}\n${this.server.log.slice(-3000)}`)
        })
    }

    async #probe() {
        while (!this.#is_over) {
            await this.#timed('/api/v1/me')
            const ready = await this.#timed('/readyz')
            if (ready?.text.includes('FAIL database')) this.complain(`/readyz: ${ready.text}`)
            await pause(probe_every_ms)
        }
    }

    // This process has work of its own; the time that it could not listen is not the program's.
    async #timed(path) {
        this.#lag.reset()
        const turn = this.#turns
        const began = Date.now()
        const answer = await this.ask(this.cluster.admin, 'GET', path)
        if (turn !== this.#turns || !answer) return answer
        const took = Date.now() - began
        this.slowest_ms[path] = Math.max(this.slowest_ms[path] ?? 0, took)
        if (took - this.#lag.max / 1e6 > answer_limit_ms) this.complain(`GET ${path} took ${took} ms`)
        return answer
    }

    async stop() {
        this.#is_over = true
        this.#lag.disable()
        await this.probing
    }
}
