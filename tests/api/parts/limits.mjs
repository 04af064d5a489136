// SPDX-License-Identifier: Apache-2.0
// One session and no more: races, keys, quotas, places, missing images.

import assert from 'node:assert/strict'
import { containers_of, docker } from '../lib/engine.mjs'
import { rfb, with_server } from '../lib/server.mjs'
import { until } from '../lib/wait.mjs'

async function once(t, server) {
    await t.test('A-02 limits: fifty creates at the same instant give one session and one container', async () => {
        const person = await server.person('racer')
        const answers = await Promise.all(
            Array.from({ length: 50 }, () => person.post('/api/v1/sessions', { template: 'rfb' })),
        )
        const statuses = answers.map(({ status }) => status)
        assert.equal(statuses.filter((status) => status === 202).length, 1, String(statuses))
        assert.ok(
            statuses.every((status) => status === 202 || status === 200),
            String(statuses),
        )
        const ids = new Set(answers.map(({ json }) => json.id))
        assert.equal(ids.size, 1)
        const [id] = ids
        await person.reach(id, 'ready')
        assert.equal((await containers_of(id)).length, 1)
        assert.equal((await server.containers()).length, 1)
        assert.equal(server.rows('SELECT count(*) FROM sessions')[0][0], 1)
        await person.stop(id)
    })

    await t.test('limits: one key gives one session, also in parallel, also after its end', async () => {
        const person = await server.person('keys')
        const create = (key, slot) =>
            person.post(
                '/api/v1/sessions',
                { template: 'rfb', ...(slot && { slot }) },
                { headers: { 'Idempotency-Key': key } },
            )
        const answers = await Promise.all(Array.from({ length: 10 }, () => create('key-1')))
        const ids = new Set(answers.map(({ json }) => json.id))
        assert.equal(ids.size, 1)
        assert.equal(answers.filter(({ status }) => status === 202).length, 1)
        const [id] = ids
        await person.stop(id)
        const late = await create('key-1')
        assert.deepEqual(
            [late.status, late.json.id, late.json.state],
            [200, id, 'ended'],
            'a retry that comes late starts nothing',
        )
        const other = await create('key-2')
        assert.equal(other.status, 202)
        assert.notEqual(other.json.id, id)
        await person.stop(other.json.id)
        const foreign = await (
            await server.person('foreign')
        ).post('/api/v1/sessions', { template: 'rfb' }, { headers: { 'Idempotency-Key': 'key-2' } })
        assert.equal(foreign.status, 202, 'a key belongs to its owner')
        assert.notEqual(foreign.json.id, other.json.id)
        await server.admin.stop(foreign.json.id)
        assert.equal((await create('k'.repeat(129))).status, 400)
    })
}

async function quotas(t, server) {
    const person = await server.person('many')
    await t.test('limits: more than one person may have is 409 quota_exceeded, in parallel too', async () => {
        const answers = await Promise.all(
            Array.from({ length: 6 }, (_, i) => person.post('/api/v1/sessions', { template: 'rfb', slot: `s${i}` })),
        )
        const good = answers.filter(({ status }) => status === 202)
        assert.equal(good.length, 2, answers.map(({ status }) => status).join())
        for (const { status, json } of answers)
            if (status !== 202) assert.deepEqual([status, json.code], [409, 'quota_exceeded'])
        const me = (await person.get('/api/v1/me')).json
        assert.deepEqual(me.quota, { max_sessions: 2, used: 2 })
        await person.stop_all()
        assert.equal((await person.get('/api/v1/me')).json.quota.used, 0)
    })

    await t.test(
        'limits: a template’s own limit and the limit of all are 503 no_capacity with Retry-After',
        async () => {
            const first = await person.start('single')
            const second = await server.person('second')
            const full = await second.post('/api/v1/sessions', { template: 'single' })
            assert.deepEqual([full.status, full.json.code], [503, 'no_capacity'])
            assert.ok(Number(full.headers['retry-after']) > 0)
            const more = [first.id]
            more.push((await person.start('rfb', { slot: 'a' })).id)
            more.push((await second.start('rfb', { slot: 'b' })).id)
            const third = await server.person('third')
            const all = await third.post('/api/v1/sessions', { template: 'rfb' })
            assert.deepEqual([all.status, all.json.code], [503, 'no_capacity'])
            await Promise.all(more.map((id) => server.admin.stop(id)))
        },
    )
}

async function places(t, server) {
    await t.test(
        'limits: with all makers busy the next ones queue, are told their place, and all get ready',
        async () => {
            const people = []
            for (let i = 0; i < 4; ++i) people.push(await server.person(`queue${i}`))
            const started = await Promise.all(people.map((person) => person.start('slow')))
            const places = (await Promise.all(started.map(({ id }, i) => people[i].session(id))))
                .filter(({ state }) => state === 'queued')
                .map(({ queue }) => queue?.position)
            assert.ok(places.length >= 1 && places.every((place) => place >= 1), JSON.stringify(places))
            assert.equal(new Set(places).size, places.length, 'every place once')
            const waiting = started.at(-1)
            await people.at(-1).stop(waiting.id)
            for (const [i, { id }] of started.slice(0, -1).entries()) await people[i].reach(id, 'ready')
            await Promise.all(started.slice(0, -1).map(({ id }) => server.admin.stop(id)))
        },
    )

    await t.test('limits: a drained host takes nothing new and keeps what it has', async () => {
        const person = await server.person('drained')
        const { id } = await person.start_ready('rfb')
        assert.equal((await server.admin.post('/api/v1/hosts/local/drain')).json.state, 'draining')
        const refused = await person.post('/api/v1/sessions', { template: 'rfb', slot: 'other' })
        assert.deepEqual([refused.status, refused.json.code], [503, 'no_capacity'])
        assert.equal((await person.session(id)).state, 'ready')
        await person.stop(id)
        assert.equal((await server.admin.get('/api/v1/hosts')).json.items[0].state, 'drained')
        assert.equal((await server.admin.post('/api/v1/hosts/local/resume')).json.state, 'up')
        await person.stop((await person.start('rfb')).id)
        assert.equal((await server.admin.post('/api/v1/hosts/nowhere/drain')).status, 404)
        assert.equal((await server.admin.post('/api/v1/hosts/nowhere/test')).status, 404)
    })

    await t.test(
        'limits: a missing image says so before anything is created, and works once it is there',
        async () => {
            const person = await server.person('missing')
            const image = server.config.templates.find(({ name }) => name === 'absent').image
            const template = async () =>
                (await person.get('/api/v1/templates')).json.items.find(({ name }) => name === 'absent').availability
            assert.deepEqual([(await template()).state, (await template()).code], ['unavailable', 'image_missing'])
            const rows = () => server.rows('SELECT count(*) FROM sessions')[0][0]
            const before = rows()
            const answer = await person.post('/api/v1/sessions', { template: 'absent' })
            assert.deepEqual([answer.status, answer.json.code], [503, 'image_missing'])
            assert.equal(rows(), before)
            assert.equal(
                (await server.admin.get('/api/v1/hosts')).json.items[0].images.find(
                    (one) => one.template === 'absent',
                ).present,
                false,
            )
            await docker('tag', 'berth/test-rfb:latest', image)
            try {
                const { id } = await person.start_ready('absent')
                await person.stop(id)
                await until('it is offered', async () => (await template()).state === 'available')
            } finally {
                await docker('rmi', image)
            }
        },
    )

    await t.test('limits: a disabled template is not offered and cannot be started', async () => {
        const person = await server.person('off')
        assert.ok(!(await person.get('/api/v1/templates')).json.items.some(({ name }) => name === 'off'))
        assert.equal((await person.post('/api/v1/sessions', { template: 'off' })).status, 404)
    })
}

export default async function limits(t) {
    await with_server(t, 'limits, once', { quota: { max_sessions_per_user: 0 } }, (server) => once(t, server))
    await with_server(
        t,
        'limits, quotas',
        {
            quota: { max_sessions_per_user: 2, max_sessions: 3 },
            templates: [rfb('rfb'), rfb('single', { max_running: 1 })],
        },
        (server) => quotas(t, server),
    )
    const templates = [
        rfb('rfb'),
        rfb('slow', { env: { TEST_START_DELAY_MS: '1000' } }),
        rfb('absent', { image: `berth-api-tests/absent-${process.pid}:latest` }),
        rfb('off', { enabled: false }),
    ]
    await with_server(
        t,
        'limits, places',
        { quota: { max_sessions_per_user: 0 }, templates, hosts: [{ name: 'local', creating_limit: 1 }] },
        (server) => places(t, server),
    )
}
