// SPDX-License-Identifier: Apache-2.0
// A unix socket in front of the engine that can be told to hang, to refuse, or to let everything through.

import { existsSync, unlinkSync } from 'node:fs'
import net from 'node:net'

export class EngineProxy {
    mode = 'pass' // 'hang': nothing gets through any more; 'refuse': the connection ends at once
    #open = new Set()

    constructor(path, engine = '/var/run/docker.sock') {
        this.path = path
        this.engine = engine
    }

    start() {
        this.server = net.createServer((client) => this.#serve(client))
        return new Promise((done) => this.server.listen(this.path, done))
    }

    #serve(client) {
        if (this.mode === 'refuse') return client.destroy()
        const engine = net.connect(this.engine)
        const pair = { client, engine }
        this.#open.add(pair)
        const pass = (to) => (chunk) => {
            if (this.mode === 'pass') to.write(chunk)
        }
        client.on('data', pass(engine))
        engine.on('data', pass(client))
        for (const [one, other] of [
            [client, engine],
            [engine, client],
        ]) {
            one.on('error', () => {})
            one.on('close', () => {
                this.#open.delete(pair)
                other.destroy()
            })
        }
    }

    set(mode) {
        this.mode = mode
        if (mode === 'refuse') this.cut()
    }

    cut() {
        for (const { client, engine } of this.#open) {
            client.destroy()
            engine.destroy()
        }
    }

    async stop() {
        this.cut()
        await new Promise((done) => this.server.close(done))
        if (existsSync(this.path)) unlinkSync(this.path)
    }
}
