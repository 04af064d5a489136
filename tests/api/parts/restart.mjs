// SPDX-License-Identifier: Apache-2.0
// Berth stops and comes back: sessions outlive it.

import assert from 'node:assert/strict'
import net from 'node:net'
import { container_of, docker } from '../lib/engine.mjs'
import { Viewer } from '../lib/rfb.mjs'
import { rfb, with_server } from '../lib/server.mjs'
import { until } from '../lib/wait.mjs'

async function again(server, how) {
    if (how === 'SIGKILL') await server.kill()
    else await server.stop()
    await server.start()
}

const silent_hosts = 20

// Hosts that take connections and say nothing; more than are looked at together, and all before the good one.
async function beside_silent_hosts(t) {
    const listener = net.createServer(() => {})
    await new Promise((done) => listener.listen(0, '0.0.0.0', done))
    const { port } = listener.address()
    const silent = Array.from({ length: silent_hosts }, (_, i) => ({ name: `silent${i}`, endpoint: `tcp://127.0.1.${i + 1}:${port}` }))
    const config = {
        templates: [rfb('rfb')],
        hosts: [...silent, { name: 'zuse', endpoint: process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock' }],
    }
    await with_server(t, 'restart beside silent hosts', config, async (server) => {
        await t.test('restart: hosts that stay silent hold up neither the answers nor the others', async () => {
            await server.kill()
            const began = Date.now()
            await server.start()
            // They would be given up after two rounds of 5 s.
            assert.ok(Date.now() - began < 9000, `${Date.now() - began} ms`)
            const person = await server.person('ann')
            const { id } = await person.start_ready('rfb')
            await person.stop(id)
        })
    })
    listener.close()
}

export default async function restart(t) {
    const config = {
        quota: { max_sessions_per_user: 0 },
        templates: [rfb('rfb'), rfb('brief', { lease: { initial: '3s', grace: '0s', max_extensions: 0 } })],
    }
    await with_server(t, 'restart', config, async (server) => {
        const person = await server.person('ann')
        for (const how of ['SIGTERM', 'SIGKILL'])
            await t.test(
                `A-07 restart: after ${how} the session is listed, has its container, works, and its time did not move`,
                async () => {
                    const before = await person.start_ready('rfb')
                    await person.post(`/api/v1/sessions/${before.id}/extend`, {})
                    const { deadline } = await person.session(before.id)
                    const container = await container_of(before.id)
                    const stream = await person.events()
                    const { id: last_id } = await stream.next('hello')
                    await again(server, how)
                    stream.close()
                    const after = await person.session(before.id)
                    assert.deepEqual(
                        [after.state, after.ready_at, after.lease.extensions_used],
                        ['ready', before.ready_at, 1],
                    )
                    assert.ok(
                        Math.abs(new Date(after.deadline) - new Date(deadline)) < 1000,
                        `${deadline} → ${after.deadline}`,
                    )
                    assert.equal(await container_of(before.id), container)
                    assert.deepEqual(
                        (await person.get('/api/v1/sessions')).json.items.map(({ id }) => id),
                        [before.id],
                    )
                    assert.equal((await server.admin.get('/api/v1/hosts')).json.items[0].sessions.used, 1)
                    const viewer = await Viewer.connect(server, { ticket: await person.ticket(before.id) })
                    const picture = await viewer.picture()
                    assert.deepEqual(viewer.colour(picture, 5, 5), [192, 48, 48])
                    const resumed = await person.events({ last_id })
                    assert.equal((await resumed.next('an old id')).type, 'reset')
                    resumed.close()
                    viewer.leave()
                    await person.stop(before.id)
                },
            )

        await t.test('F-05 restart: a lease that ended while the server was away ends when it is back', async () => {
            const { id, deadline } = await person.start_ready('brief')
            await server.kill()
            await until('the deadline is over', () => Date.now() > new Date(deadline).getTime() + 500)
            await server.start()
            const { end } = await until('the end', async () => {
                const session = await person.session(id)
                return session.state === 'ended' && session
            })
            assert.equal(end.reason, 'lease_expired')
        })

        await t.test(
            'restart: a container that was removed meanwhile ends its session, one that nobody knows is removed',
            async () => {
                const { id } = await person.start_ready('rfb')
                const container = await container_of(id)
                await server.kill()
                await docker('rm', '-f', container)
                const deployment = server.deployment()
                const orphan = (
                    await docker(
                        'run',
                        '-d',
                        '--label',
                        `io.berth.deployment=${deployment}`,
                        '--label',
                        `io.berth.session=${'z'.repeat(26)}`,
                        '--label',
                        'io.berth.generation=1',
                        '-e',
                        'VNC_PASSWORD=x',
                        'berth/test-rfb:latest',
                    )
                ).trim()
                await server.start()
                const { end } = await until('the end', async () => {
                    const session = await person.session(id)
                    return session.state === 'ended' && session
                })
                assert.equal(end.reason, 'removed_outside')
                assert.ok((await server.containers()).includes(orphan), 'a restored backup may lack its row')
                await until('the orphan is gone', async () => !(await server.containers()).includes(orphan), 120_000)
            },
            180_000,
        )

        await t.test(
            'restart: cookies and tokens survive, a second server on the same folder does not start',
            async () => {
                assert.equal((await person.get('/api/v1/me')).status, 200)
                const { execFile } = await import('node:child_process')
                const code = await new Promise((done) =>
                    execFile(
                        process.env.BERTH_BINARY,
                        ['serve', '--config', server.file, '--port', '0'],
                        { cwd: server.folder, env: server.environment(), timeout: 20_000 },
                        (error) => done(error ? error.code : 0),
                    ),
                )
                assert.ok(code > 0, `code ${code}`)
                assert.equal((await person.get('/api/v1/me')).status, 200, 'the first one goes on')
            },
        )
    })
    await beside_silent_hosts(t)
}
