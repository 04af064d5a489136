// SPDX-License-Identifier: Apache-2.0
// A relay in front of an engine's socket that can be told to spoil single requests. A process of its own, so that it
// goes on while a test computes; it ends with the test.

import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { until } from '../../api/lib/wait.mjs'

export class EngineRelay {
    #answers = new Map()
    #next = 1

    static async start(path, engine) {
        const relay = new EngineRelay()
        const program = fileURLToPath(new URL('./relay_process.mjs', import.meta.url))
        relay.child = fork(program, [path, engine], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
        relay.pid = relay.child.pid
        relay.child.on('message', ({ number, ...answer }) => {
            relay.#answers.get(number)?.(answer)
            relay.#answers.delete(number)
        })
        const listening = relay.#ask({ verb: 'listen' })
        await until(`the relay on ${path} listens`, () => Promise.race([listening, null]), 10_000)
        return relay
    }

    #ask(message) {
        const number = this.#next++
        return new Promise((done) => {
            this.#answers.set(number, done)
            this.child.send({ number, ...message })
        })
    }

    // The next `times` requests (-1 = all) whose first line contains `match` suffer `action`:
    //   delay (ms)         the answer comes later               drip (bytes_per_second)  … slowly
    //   lose               done, but the connection ends without the answer
    //   drop               not done, the connection ends         hang    neither
    //   status (code, text)  answered in the engine's place      garbage, huge (size)   the same with nonsense
    //   truncate (bytes)   the answer ends after that many bytes
    rule = (rule) => this.#ask({ verb: 'rule', rule: { times: 1, ...rule } })
    // What hangs is let go, by an end of its connection.
    clear = () => this.#ask({ verb: 'clear' })
    // Every open connection ends.
    cut = () => this.#ask({ verb: 'cut' })
    // How often each rule was applied, by `match`; and the first lines of all requests since the last call.
    counts = async () => (await this.#ask({ verb: 'counts' })).counts
    requests = async () => (await this.#ask({ verb: 'requests' })).lines

    async stop() {
        if (this.child.exitCode !== null || this.child.signalCode !== null) return
        this.child.disconnect()
        await until('the relay has ended', () => this.child.exitCode !== null || this.child.signalCode !== null, 10_000)
    }
}
