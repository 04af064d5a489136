// SPDX-License-Identifier: Apache-2.0
// A relay in front of an engine's socket that can be told to spoil single requests. A process of its own, so that it
// goes on while a test computes; it ends with the test.

import { Worker } from '../lib/worker.mjs'

export class EngineRelay {
    static async start(path, engine) {
        const relay = new EngineRelay()
        relay.worker = new Worker(new URL('./relay_process.mjs', import.meta.url), [path, engine])
        relay.pid = relay.worker.pid
        await relay.worker.ask('listen')
        return relay
    }

    // The next `times` requests (-1 = all) whose first line contains `match` suffer `action`:
    //   delay (ms)         the answer comes later               drip (bytes_per_second)  … slowly
    //   lose               done, but the connection ends without the answer
    //   drop               not done, the connection ends         hang    neither
    //   status (code, text)  answered in the engine's place      garbage, huge (size)   the same with nonsense
    //   truncate (bytes)   the answer ends after that many bytes
    rule = (rule) => this.worker.ask('rule', { rule: { times: 1, ...rule } })
    // No rules any more; what hangs is let go, by an end of its connection.
    clear = () => this.worker.ask('clear')
    // Every open connection ends.
    cut = () => this.worker.ask('cut')
    // How often each rule was applied, by `match`; and the first lines of all requests since the last call.
    counts = async () => (await this.worker.ask('counts')).counts
    requests = async () => (await this.worker.ask('requests')).lines

    stop = () => this.worker.stop()
}
