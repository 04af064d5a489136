// SPDX-License-Identifier: Apache-2.0
// How sessions end without being asked to, and what must not end with them.

import assert from 'node:assert/strict'
import { containers_of, container_of, docker, inspect } from '../lib/engine.mjs'
import { Viewer } from '../lib/rfb.mjs'
import { rfb, with_server } from '../lib/server.mjs'
import { pause, until } from '../lib/wait.mjs'

const ended = async (browser, id, limit_ms) =>
    until(
        `session ${id} has ended`,
        async () => {
            const session = await browser.session(id)
            return session.state === 'ended' && session
        },
        limit_ms,
    )

// From the moment by the engine's own record at which the container ended to the moment at which the page could know.
const longest_notice_ms = 5000

async function noticed(stream, id, container, begun) {
    const { data } = await stream.next(
        'stopping or ended',
        (event) => event.data.id === id && ['stopping', 'ended'].includes(event.data.state),
    )
    const seen = Date.now()
    stream.close()
    const written = await docker(
        ...['events', '--since', `${begun / 1000}`, '--until', `${seen / 1000}`, '--format', '{{.TimeNano}}'],
        ...['--filter', `container=${container}`, '--filter', 'event=die'],
    )
    const died = Number(written.trim()) / 1e6
    assert.ok(died > begun - 1000, `the engine says when it ended: ${written}`)
    assert.ok(seen - died < longest_notice_ms, `${Math.round(seen - died)} ms until ${data.state}`)
}

async function watch(person) {
    const stream = await person.events()
    await stream.next('hello')
    return stream
}

async function by_time(t, server, person) {
    await t.test('A-01 ends: a lease that nobody ever polls ends, and the container goes', async () => {
        const { id } = await person.start('brief')
        await until('the container is there', async () => (await containers_of(id)).length === 1)
        await until('the container is gone', async () => (await containers_of(id)).length === 0)
        const { end, ready_at, deadline } = await ended(person, id)
        assert.equal(end.reason, 'lease_expired')
        assert.ok(ready_at && deadline)
    })

    await t.test('ends: the grace lies between deadline and end; the tunnel learns the reason', async () => {
        const { id, deadline, ends_at } = await person.start_ready('graceful')
        assert.equal(new Date(ends_at) - new Date(deadline), 2000)
        const viewer = await Viewer.connect(server, { ticket: await person.ticket(id) })
        assert.deepEqual(await viewer.closed(), { code: 4410, reason: 'time' })
        const { end, stages } = await ended(person, id)
        assert.equal(end.reason, 'lease_expired')
        assert.equal(stages.length, 4)
        assert.ok(Date.now() >= new Date(ends_at).getTime())
    })

    await t.test('ends: without input it is idle (4408), input moves that moment', async () => {
        const { id, idle } = await person.start_ready('idle')
        const viewer = await Viewer.connect(server, { ticket: await person.ticket(id) })
        for (let i = 0; i < 4; ++i) {
            await pause(1000)
            viewer.key(0x61)
        }
        const later = await person.session(id)
        assert.equal(later.state, 'ready', 'four seconds of typing outlive an idle limit of three')
        assert.ok(later.idle.deadline > idle.deadline)
        assert.deepEqual(await viewer.closed(), { code: 4408, reason: 'idle' })
        assert.equal((await ended(person, id)).end.reason, 'idle')
    })

    await t.test('ends: without viewers it is disconnected, a viewer holds it', async () => {
        const { id, disconnected } = await person.start_ready('disconnected')
        assert.ok(disconnected.deadline)
        const viewer = await Viewer.connect(server, { ticket: await person.ticket(id) })
        await pause(4000)
        const held = await person.session(id)
        assert.deepEqual([held.state, held.disconnected.deadline], ['ready', null])
        viewer.leave()
        assert.equal((await ended(person, id)).end.reason, 'disconnected')
    })
}

async function by_failure(t, server, person) {
    await t.test('A-04 ends: a desktop that never gets ready fails, says why, and leaves no container', async () => {
        const { id } = await person.start('mute')
        const { end, stages, ready_at } = await ended(person, id)
        assert.deepEqual([end.reason, end.code, end.stage, ready_at], ['failed', 'timed_out', 'waiting', null])
        assert.equal(stages.find(({ name }) => name === 'waiting').state, 'failed')
        assert.equal(end.detail, undefined, 'the full text is not for its owner')
        assert.deepEqual(await containers_of(id), [])
        const staff = await server.admin.session(id)
        assert.ok(staff.end.detail.length > 10)
    })

    await t.test('ends: a container that exits while starting fails at once, not at the start limit', async () => {
        const { id } = await person.start('stillborn')
        const { end } = await ended(person, id, 20_000)
        assert.equal(end.reason, 'failed')
        assert.equal(end.code, 'engine_error')
        assert.deepEqual(await containers_of(id), [])
    })

    await t.test(
        'A-05 ends: a template the engine refuses fails alone; the host stays up and takes others',
        async () => {
            for (let i = 0; i < 3; ++i) {
                const { id } = await person.start('greedy')
                const { end } = await ended(person, id)
                assert.equal(end.reason, 'failed')
                assert.ok(!/docker|cpu|range/i.test(end.message), end.message)
            }
            const [host] = (await server.admin.get('/api/v1/hosts')).json.items
            assert.deepEqual([host.state, host.reason], ['up', null])
            const { id } = await person.start_ready('rfb')
            await person.stop(id)
        },
    )

    await t.test(
        'ends: a container that exits by itself is noticed within 5 s, with its exit code for staff',
        async () => {
            const begun = Date.now()
            const { id } = await person.start_ready('mortal')
            await noticed(await watch(person), id, await container_of(id), begun)
            const { end } = await ended(person, id)
            const at = (await person.session(id)).ended_at
            assert.equal(end.reason, 'container_died')
            assert.match((await server.admin.session(id)).end.detail, /exit code 7/)
            assert.ok(at)
            assert.deepEqual(await containers_of(id), [])
        },
    )

    await t.test('A-08 ends: removed by hand, noticed within 2 s, and a new start works', async () => {
        const { id } = await person.start_ready('rfb')
        const stream = await watch(person)
        await docker('rm', '-f', await container_of(id))
        const removed = Date.now()
        await stream.next(
            'stopping or ended',
            (event) => event.data.id === id && ['stopping', 'ended'].includes(event.data.state),
            10_000,
        )
        const noticed = Date.now() - removed
        stream.close()
        assert.equal((await ended(person, id)).end.reason, 'removed_outside')
        assert.ok(noticed < 2000, `${noticed} ms`)
        const again = await person.start_ready('rfb')
        await person.stop(again.id)
    })

    await t.test('ends: stopped by hand on the host is an end too, noticed within 5 s', async () => {
        const { id } = await person.start_ready('rfb')
        const [stream, container, begun] = [await watch(person), await container_of(id), Date.now()]
        await docker('kill', container)
        await noticed(stream, id, container, begun)
        assert.equal((await ended(person, id)).end.reason, 'container_died')
        assert.deepEqual(await containers_of(id), [])
    })

    // An engine learns of it by a word of the kernel that now and then comes too late; then it knows of an end only.
    await t.test('ends: out of memory has its own reason, noticed within 5 s', async () => {
        const reasons = []
        while (reasons.length < 3 && reasons.at(-1) !== 'out_of_memory') {
            const { id } = await person.start_ready('tight')
            const [stream, container, begun] = [await watch(person), await container_of(id), Date.now()]
            assert.equal((await inspect(container)).HostConfig.Memory, 8 << 20)
            const viewer = await Viewer.connect(server, { ticket: await person.ticket(id) })
            viewer.picture().catch(() => {}) // 64 MiB at once, in 8
            await noticed(stream, id, container, begun)
            const { code } = await viewer.closed()
            assert.equal(code, 4410)
            reasons.push((await ended(person, id)).end.reason)
        }
        assert.equal(reasons.pop(), 'out_of_memory')
        assert.ok(reasons.every((reason) => reason === 'container_died'), reasons.join())
    })

    await t.test('A-12 ends: a question right after an administrator’s stop is answered, not 500', async () => {
        const { id } = await person.start_ready('rfb')
        const [, ...looks] = await Promise.all([
            server.admin.delete(`/api/v1/sessions/${id}`),
            ...Array.from({ length: 20 }, () => person.get(`/api/v1/sessions/${id}`)),
        ])
        assert.ok(looks.every(({ status }) => status === 200))
        await ended(person, id)
        assert.equal((await person.get(`/api/v1/sessions/${id}`)).json.end.reason, 'admin_request')
        assert.deepEqual((await person.get('/api/v1/sessions')).json.items, [])
    })

    await t.test(
        'ends: a container of somebody else with a similar name and label is left alone (A-37)',
        async () => {
            const { id } = await person.start_ready('rfb')
            const other = (
                await docker(
                    'run',
                    '-d',
                    '--name',
                    `x-berth-${id}-1-y`,
                    '--label',
                    `io.berth.session=${id}`,
                    '--label',
                    'io.berth.generation=1',
                    '-e',
                    'VNC_PASSWORD=x',
                    'berth/test-rfb:latest',
                )
            ).trim()
            try {
                await person.stop(id)
                await pause(1000)
                assert.equal((await inspect(other)).State.Running, true)
            } finally {
                await docker('rm', '-f', other)
            }
        },
    )
}

export default async function ends(t) {
    const brief = (more) => ({
        lease: { initial: '2s', extension: '1s', max_extensions: 0, grace: '0s', start_limit: '60s', ...more },
    })
    const hour = (more) => ({ lease: { initial: '1h', grace: '0s', start_limit: '60s', ...more } })
    const config = {
        quota: { max_sessions_per_user: 0 },
        templates: [
            rfb('rfb'),
            rfb('brief', brief()),
            rfb('graceful', brief({ grace: '2s' })),
            rfb('idle', hour({ idle: '3s' })),
            rfb('disconnected', hour({ disconnected: '3s' })),
            rfb('mute', { ...hour({ start_limit: '4s' }), env: { TEST_NEVER_READY: '1' } }),
            rfb('stillborn', {
                ...hour(),
                env: { TEST_START_DELAY_MS: '60000', TEST_EXIT_AFTER_MS: '300', TEST_EXIT_CODE: '3' },
            }),
            rfb('greedy', { ...hour(), cpus: 1000 }),
            rfb('mortal', { ...hour(), env: { TEST_EXIT_AFTER_MS: '6000', TEST_EXIT_CODE: '7' } }),
            rfb('tight', { ...hour(), memory: '8m', shm: '1m', resolutions: ['4096x4096'] }),
        ],
    }
    await with_server(t, 'ends', config, async (server) => {
        const person = await server.person('ann')
        await by_time(t, server, person)
        await by_failure(t, server, person)
        await t.test('ends: afterwards no slot is held, no container is left', async () => {
            await until('all slots are free', async () => {
                const [{ sessions, creating }] = (await server.admin.get('/api/v1/hosts')).json.items
                return sessions.used === 0 && creating.used === 0
            })
            assert.deepEqual(await server.containers(), [])
        })
    })
}
