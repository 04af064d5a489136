// SPDX-License-Identifier: Apache-2.0
// A child process that obeys messages: { number, verb, … } out, { number, … } or { number, error } back.

import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { until } from '../../api/lib/wait.mjs'

const answer_limit_ms = 60_000

export class Worker {
    #waiting = new Map()
    #next = 1

    constructor(program, words = []) {
        this.child = fork(fileURLToPath(program), words, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
        this.pid = this.child.pid
        this.child.on('message', ({ number, error, ...answer }) => {
            const { done, fail } = this.#waiting.get(number) ?? {}
            this.#waiting.delete(number)
            if (error) fail?.(new Error(error))
            else done?.(answer)
        })
        this.child.on('exit', () => {
            for (const { fail } of this.#waiting.values()) fail(new Error(`${program} has ended`))
        })
    }

    ask(verb, message = {}) {
        const number = this.#next++
        return new Promise((done, fail) => {
            const timer = setTimeout(
                () => fail(new Error(`no answer to ${verb} in ${answer_limit_ms} ms`)),
                answer_limit_ms,
            )
            const settle = (way) => (value) => {
                clearTimeout(timer)
                way(value)
            }
            this.#waiting.set(number, { done: settle(done), fail: settle(fail) })
            this.child.send({ number, verb, ...message })
        })
    }

    has_ended = () => this.child.exitCode !== null || this.child.signalCode !== null

    async stop() {
        if (this.has_ended()) return
        this.child.disconnect()
        await until('the worker has ended', this.has_ended, 20_000)
    }
}
