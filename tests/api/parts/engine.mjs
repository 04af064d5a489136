// SPDX-License-Identifier: Apache-2.0
// An engine that hangs or refuses: nothing vanishes silently, nobody waits for ever, all heals by itself.

import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { containers_of } from '../lib/engine.mjs'
import { EngineProxy } from '../lib/proxy.mjs'
import { Viewer } from '../lib/rfb.mjs'
import { with_server } from '../lib/server.mjs'
import { until } from '../lib/wait.mjs'

const host_of = async (server) => (await server.admin.get('/api/v1/hosts')).json.items[0]
const host_is = (server, state, limit_ms = 60_000) =>
    until(`the host is ${state}`, async () => (await host_of(server)).state === state, limit_ms)

async function away(t, server, proxy, mode) {
    await t.test(
        `A-06 engine: ${mode}: a stopped session does not vanish while its container lives, and goes when the engine answers`,
        async () => {
            const person = await server.person(`stop-${mode}`)
            const { id } = await person.start_ready('rfb')
            proxy.set(mode)
            assert.equal((await person.delete(`/api/v1/sessions/${id}`)).status, 202)
            await host_is(server, 'down')
            const { state, end } = await person.session(id)
            assert.deepEqual([state, end.reason], ['stopping', 'owner_request'])
            assert.equal((await containers_of(id)).length, 1)
            proxy.set('pass')
            proxy.cut()
            await host_is(server, 'up')
            await until('the end', async () => (await person.session(id)).state === 'ended', 90_000)
            assert.deepEqual(await containers_of(id), [])
        },
        240_000,
    )

    await t.test(
        `engine: ${mode}: new requests get an honest 503 soon, what runs keeps running`,
        async () => {
            const person = await server.person(`keep-${mode}`)
            const { id } = await person.start_ready('rfb')
            const viewer = await Viewer.connect(server, { ticket: await person.ticket(id) })
            proxy.set(mode)
            await host_is(server, 'down')
            const began = Date.now()
            const answer = await person.post('/api/v1/sessions', { template: 'rfb', slot: 'other' })
            assert.deepEqual([answer.status, answer.json.code], [503, 'host_unreachable'])
            assert.ok(Date.now() - began < 5000)
            assert.equal((await person.get('/api/v1/templates')).json.items[0].availability.state, 'unknown')
            assert.equal((await person.get('/readyz')).status, 503)
            assert.equal(
                (await person.get('/readyz', { headers: { Accept: 'application/json' } })).json.checks.hosts,
                false,
            )
            const tested = await server.admin.post('/api/v1/hosts/local/test')
            assert.deepEqual([tested.status, tested.json.host.state], [200, 'down'])
            assert.ok(tested.json.host.reason)
            assert.ok(tested.json.steps.some(({ state }) => state === 'failed'))
            await viewer.picture(0, 0, 16, 16)
            assert.equal((await person.session(id)).state, 'ready', 'unknown is not absent')
            proxy.set('pass')
            proxy.cut()
            await host_is(server, 'up')
            assert.equal((await person.session(id)).state, 'ready')
            viewer.leave()
            await person.stop(id)
        },
        240_000,
    )
}

export default async function engine(t) {
    const proxy = new EngineProxy(join(tmpdir(), `berth-api-engine-${process.pid}.sock`))
    await proxy.start()
    try {
        await with_server(
            t,
            'engine',
            { quota: { max_sessions_per_user: 0 }, hosts: [{ name: 'local', endpoint: `unix://${proxy.path}` }] },
            async (server) => {
                server.admin = await server.sign_in()
                await away(t, server, proxy, 'refuse')
                await away(t, server, proxy, 'hang')
                await t.test(
                    'engine: a start that was under way when the engine hung ends in ready or ended, without a container too many',
                    async () => {
                        const person = await server.person('under-way')
                        const { id } = await person.start('rfb')
                        proxy.set('hang')
                        await host_is(server, 'down')
                        proxy.set('pass')
                        proxy.cut()
                        const { state } = await until(
                            'ready or ended',
                            async () => {
                                const session = await person.session(id)
                                return ['ready', 'ended'].includes(session.state) && session
                            },
                            120_000,
                        )
                        assert.equal((await containers_of(id)).length, state === 'ready' ? 1 : 0)
                        if (state === 'ready') await person.stop(id)
                        await until('no slot is held', async () => (await host_of(server)).sessions.used === 0)
                    },
                    240_000,
                )
            },
        )
        await with_server(
            t,
            'engine, absent at start',
            { hosts: [{ name: 'local', endpoint: 'unix:///nonexistent/docker.sock' }] },
            async (server) => {
                await t.test(
                    'engine: the server starts without one, says so, and serves everything else',
                    async () => {
                        server.admin = await server.sign_in()
                        assert.equal((await host_of(server)).state, 'down')
                        assert.equal((await server.admin.get('/readyz')).status, 503)
                        assert.equal((await server.admin.post('/api/v1/sessions', { template: 'rfb' })).status, 503)
                    },
                )
            },
        )
    } finally {
        await proxy.stop()
    }
}
