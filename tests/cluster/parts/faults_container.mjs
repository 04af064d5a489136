// SPDX-License-Identifier: Apache-2.0
// Containers that cannot start, run out of memory, do not want to end, or are touched by hand. F-34 to F-39.

import assert from 'node:assert/strict'
import { pause, until } from '../../api/lib/wait.mjs'
import { checked } from '../lib/cluster.mjs'

async function cannot_start(t, c) {
    await checked(
        t,
        c,
        'F-34 the port is taken: no created container is left over, and the next host gets the start',
        async () => {
            const text =
                'driver failed programming external connectivity: Bind for 127.0.0.1:32768 failed: port is already allocated'
            await c.host('h1').relay.rule({ match: '/start', action: 'status', code: 500, text, times: 2 })
            const asked = await c.start_many(c.person, 4, 'port-')
            for (const { id } of asked)
                await c.until_session(
                    id,
                    'is ready or ended',
                    ({ state }) => ['ready', 'ended'].includes(state),
                    100_000,
                )
            await c.host('h1').relay.clear()
            await c.is_back('h1', 60_000)
            for (const { host } of await Promise.all(asked.map(({ id }) => c.session(id)))) assert.ok(host)
            await c.end_all()
            for (const { engine } of c.lab.hosts) {
                const label = `io.berth.deployment=${c.server.deployment()}`
                assert.deepEqual(await engine.containers(label), [])
            }
        },
    )
}

async function do_not_live_or_die(t, c) {
    await checked(t, c, 'F-36 a desktop that needs more memory than it may ends as out_of_memory', async () => {
        const { id } = await c.ready(c.person, 'hungry')
        const { host, id: container } = await c.container_of(id)
        await host.exhaust_memory(container)
        assert.equal((await c.ended(id)).end.reason, 'out_of_memory')
        await c.ready(c.person, 'hungry')
        await c.end_all()
    })
    await checked(t, c, 'F-37 a desktop that ignores SIGTERM ends within the grace and 5 s', async () => {
        const { id } = await c.ready(c.person, 'deaf', 'deaf')
        const began = Date.now()
        assert.equal((await c.person.delete(`/api/v1/sessions/${id}`)).status, 202)
        await c.ended(id)
        assert.ok(Date.now() - began < 2000 + 5000 + 2000, `it took ${Date.now() - began} ms`)
    })
    await checked(
        t,
        c,
        'F-38 a removal that does not end: the owner may go on within seconds, the place stays counted, it is tried again',
        async () => {
            const [stuck] = await c.some_on(c.person, 'h1', 1, 'stuck-')
            const { relay } = c.host('h1')
            await relay.rule({ match: 'DELETE', action: 'hang', times: -1 })
            assert.equal((await c.person.delete(`/api/v1/sessions/${stuck.id}`)).status, 202)
            const next = await until(
                'the owner starts again',
                async () => {
                    const answer = await c.person.post('/api/v1/sessions', {
                        template: 'rfb',
                        slot: stuck.owner.slot,
                    })
                    return answer.status === 202 && answer.json.id !== stuck.id && answer.json
                },
                20_000,
            )
            await c.person.reach(next.id, 'ready')
            assert.equal((await c.session(stuck.id)).state, 'stopping')
            assert.ok((await c.server.host_named('h1')).sessions.used >= 1)
            await relay.clear()
            await c.ended(stuck.id, 90_000)
            await c.end_all()
        },
    )
}

async function by_hand(t, c) {
    await checked(t, c, 'F-39 paused by hand: it does not end, and works again when it is resumed', async () => {
        const { id } = await c.ready(c.person, 'paused')
        const { host, id: container } = await c.container_of(id)
        await host.docker('pause', container)
        await pause(20_000) // longer than a reconciliation takes to come
        assert.equal((await c.session(id)).state, 'ready')
        await host.docker('unpause', container)
        await c.answers(c.person, id)
        await c.end_all()
    })
    await checked(
        t,
        c,
        'F-39 renamed by hand: it is known by its labels and still ends with its session',
        async () => {
            const { id } = await c.ready(c.person, 'renamed')
            const { host, id: container } = await c.container_of(id)
            await host.docker('rename', container, 'something-else')
            await pause(20_000)
            await c.answers(c.person, id)
            await c.person.stop(id)
            await assert.rejects(host.engine.inspect(container), /404/)
        },
    )
    await checked(t, c, 'F-39 A-08 removed by hand: the session ends within 10 s', async () => {
        const { id } = await c.ready(c.person, 'removed')
        const { host, id: container } = await c.container_of(id)
        await host.docker('rm', '-f', container)
        assert.equal((await c.ended(id, 10_000)).end.reason, 'removed_outside')
    })
    await checked(
        t,
        c,
        'F-39 restarted by hand: its new port is learnt, or the session ended honestly',
        async () => {
            const { id } = await c.ready(c.person, 'restarted')
            c.checker.exempt.restarted.push(id)
            const { host, id: container } = await c.container_of(id)
            await host.docker('restart', '-t', '1', container)
            await pause(3000)
            const { state, end } = await c.session(id)
            // Its secret was read once and is gone, so it cannot prove itself any more: an end is right, a wrong desktop is not.
            if (state === 'ready') console.log('         it is still ready')
            else assert.ok(end.reason)
            await c.end_all()
        },
    )
}

export async function faults_of_containers(t, c) {
    await cannot_start(t, c)
    await do_not_live_or_die(t, c)
    await by_hand(t, c)
}
