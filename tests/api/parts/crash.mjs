// SPDX-License-Identifier: Apache-2.0
// F-01, F-02: the server dies by SIGKILL at each step of a creation and a removal, and at random moments. Needs a
// program with fail-points (test builds).

import assert from 'node:assert/strict'
import { Skipped } from '../lib/runner.mjs'
import { rfb, with_server } from '../lib/server.mjs'
import { pause, until } from '../lib/wait.mjs'

const points = [
    'before_insert',
    'after_insert',
    'before_create',
    'after_create',
    'before_start',
    'after_start',
    'after_probe',
    'before_remove',
    'after_remove',
]
const settle_limit_ms = 30_000

// A request whose answer may never come.
const may_fail = (promise) =>
    promise.then(
        (answer) => answer,
        () => null,
    )

// Every live session is ready, containers = live rows, and as many slots as live sessions.
async function settles(server, person) {
    return until(
        'containers = live rows = slots, everything ready',
        async () => {
            const { items } = (await person.get('/api/v1/sessions')).json
            if (items.some(({ state }) => state !== 'ready')) throw new Error(items.map(({ state }) => state).join())
            const rows = server.rows("SELECT id FROM sessions WHERE state <> 'ended'").flat().sort()
            const containers = await server.containers()
            const [{ sessions, creating }] = (await server.admin.get('/api/v1/hosts')).json.items
            const facts = JSON.stringify({
                rows: rows.length,
                items: items.length,
                containers: containers.length,
                sessions,
                creating,
            })
            const agree =
                rows.length === items.length
                && containers.length === items.length
                && sessions.used === items.length
                && creating.used === 0
            if (!agree) throw new Error(facts)
            return items
        },
        settle_limit_ms,
        200,
    )
}

export default async function crash(t) {
    const config = { quota: { max_sessions_per_user: 0 }, templates: [rfb('rfb')] }
    await with_server(t, 'crash', config, async (server) => {
        const person = await server.person('ann')
        for (const point of points)
            await t.test(
                `F-01 F-02 crash: SIGKILL at ${point}, then all is in order within 30 s`,
                async () => {
                    await server.stop()
                    await server.start({ BERTH_FAILPOINT: point })
                    const answer = await may_fail(
                        person.post(
                            '/api/v1/sessions',
                            { template: 'rfb' },
                            { headers: { 'Idempotency-Key': `crash-${point}` } },
                        ),
                    )
                    if (point.endsWith('_remove')) {
                        await person.reach(answer.json.id, 'ready')
                        await may_fail(person.delete(`/api/v1/sessions/${answer.json.id}`))
                    }
                    const ended = await Promise.race([server.ended, pause(20_000)])
                    if (!ended) throw new Skipped('the program has no fail-points')
                    assert.equal(ended.signal, 'SIGKILL')
                    await server.start()
                    const items = await settles(server, person)
                    const retried = await person.post(
                        '/api/v1/sessions',
                        { template: 'rfb' },
                        { headers: { 'Idempotency-Key': `crash-${point}` } },
                    )
                    if (point === 'before_insert')
                        assert.equal(retried.status, 202, 'nothing was promised, so the retry starts it')
                    else assert.equal(retried.status, 200, 'the retry finds what the lost answer promised')
                    if (answer) assert.equal(retried.json.id, answer.json.id)
                    if (items.length) assert.equal(retried.json.id, items[0].id)
                    assert.equal(items.length, point === 'before_insert' || point.endsWith('_remove') ? 0 : 1)
                    await until('it is usable or over', async () =>
                        ['ready', 'ended'].includes((await person.session(retried.json.id)).state),
                    )
                    await person.stop(retried.json.id)
                    assert.deepEqual(await settles(server, person), [])
                },
                180_000,
            )

        await t.test(
            'F-06 crash: SIGKILL at ten random moments among starts and stops, nothing is lost or doubled',
            async () => {
                const moments = []
                for (let round = 0; round < 10; ++round) {
                    const work = ['a', 'b', 'c'].map((slot) =>
                        may_fail(person.post('/api/v1/sessions', { template: 'rfb', slot })),
                    )
                    const { items } = (await may_fail(person.get('/api/v1/sessions')))?.json ?? { items: [] }
                    for (const { id } of items.slice(0, 2))
                        work.push(may_fail(person.delete(`/api/v1/sessions/${id}`)))
                    const moment = Math.floor(Math.random() * 2500)
                    moments.push(moment)
                    await pause(moment)
                    await server.kill()
                    await Promise.all(work)
                    await server.start()
                    const left = await settles(server, person).catch((error) => {
                        throw new Error(`after moments ${moments}: ${error.message}`)
                    })
                    assert.equal(new Set(left.map(({ owner }) => owner.slot)).size, left.length, 'one per slot')
                }
                await person.stop_all()
                assert.deepEqual(await settles(server, person), [])
            },
            600_000,
        )
    })
}
