// SPDX-License-Identifier: Apache-2.0
// One process of a fleet: several engines, told by messages what to be. Ends with its parent.

import { ShimEngine } from './engine.mjs'
import { ShimServer } from './server.mjs'

const servers = new Map()

const verbs = {
    async add({ engines, images }) {
        for (const { name, socket } of engines) {
            const server = new ShimServer(new ShimEngine(name, images), socket)
            await server.listen()
            servers.set(name, server)
        }
    },
    // `values`: mode, delay_ms, rules; pace and images belong to the engine.
    async set({ name, values: { pace, images, ...values } }) {
        const server = servers.get(name)
        if (pace !== undefined) server.engine.pace = pace
        if (images !== undefined) server.engine.images = new Map(Object.entries(images))
        await server.set(values)
    },
    rule: ({ name, rule }) => void servers.get(name).rules.push({ times: 1, ...rule }),
    clear: ({ name }) => servers.get(name).clear(),
    cut: ({ name }) => servers.get(name).cut(),
    replace({ name }) {
        servers.get(name).engine.replace()
        servers.get(name).cut()
    },
    counts: ({ name }) => ({ counts: servers.get(name).counts }),
    end({ name, container, exit_code, by_memory }) {
        const { engine } = servers.get(name)
        engine.end(engine.find(container), exit_code, { by_memory })
    },
    usage: () => ({
        rss: process.memoryUsage().rss,
        containers: [...servers.values()].reduce((sum, { engine }) => sum + engine.containers.size, 0),
    }),
}

process.on('message', async ({ number, verb, ...message }) => {
    try {
        process.send({ number, ...(await verbs[verb](message)) })
    } catch (error) {
        process.send({ number, error: String(error.stack) })
    }
})
process.on('disconnect', () => process.exit(0))
