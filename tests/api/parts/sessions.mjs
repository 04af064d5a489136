// SPDX-License-Identifier: Apache-2.0
// The life of a session as its owner sees it: request, events, extension, end.

import assert from 'node:assert/strict'
import { containers_of } from '../lib/engine.mjs'
import { rfb, with_server } from '../lib/server.mjs'
import { pause, until } from '../lib/wait.mjs'

const order = ['queued', 'creating', 'starting', 'probing', 'ready', 'stopping', 'ended']
const of_session = (id) => (event) => event.type === 'session' && event.data.id === id
const in_state = (id, state) => (event) => of_session(id)(event) && event.data.state === state

async function life(t, server, person) {
    await t.test(
        'session: 202 with Location, events tell each step once and in order, stop leaves nothing',
        async () => {
            const stream = await person.events()
            const hello = await stream.next('hello')
            assert.equal(hello.type, 'hello')
            const answer = await person.post('/api/v1/sessions', {
                template: 'rfb',
                name: 'Mein „Rechner“',
                resolution: '640x480',
            })
            assert.equal(answer.status, 202)
            const { id } = answer.json
            assert.equal(answer.headers.location, `/api/v1/sessions/${id}`)
            assert.deepEqual(
                [answer.json.mine, answer.json.name, answer.json.owner.slot, answer.json.owner.subject],
                [true, 'Mein „Rechner“', 'rfb', person.id],
            )
            assert.equal((await person.get(answer.headers.location)).json.id, id)
            const { data: ready } = await stream.next('ready', in_state(id, 'ready'))
            assert.ok(ready.stages.every((stage) => stage.state === 'done' && stage.started_at <= stage.ended_at))
            assert.equal(new Date(ready.deadline) - new Date(ready.ready_at), 3_600_000, 'the lease starts at ready')
            assert.equal((await containers_of(id)).length, 1)
            assert.equal((await person.delete(`/api/v1/sessions/${id}`)).status, 202)
            const { data: ended } = await stream.next('ended', in_state(id, 'ended'))
            assert.deepEqual(
                [ended.end.reason, ended.deadline !== undefined, ended.mine],
                ['owner_request', true, true],
            )
            assert.deepEqual(await containers_of(id), [])
            const ids = stream.events.map((event) => event.id)
            assert.ok(
                ids.every((one, i) => i === 0 || one > ids[i - 1]),
                `ids only grow: ${ids}`,
            )
            const ranks = stream.events.filter(of_session(id)).map((event) => order.indexOf(event.data.state))
            assert.ok(
                ranks.every((rank, i) => i === 0 || rank >= ranks[i - 1]),
                `states only go forward: ${ranks}`,
            )
            assert.equal((await person.delete(`/api/v1/sessions/${id}`)).status, 200, 'a second stop')
            stream.close()
        },
    )

    await t.test('session: the ended one stands in the list of ended ones, page by page without loss', async () => {
        for (const slot of ['one', 'two', 'three']) await person.stop((await person.start('rfb', { slot })).id)
        const whole = (await person.get('/api/v1/sessions?state=ended')).json.items.map(({ id }) => id)
        assert.ok(whole.length >= 4)
        const paged = []
        let next = ''
        for (let page = 0; page < whole.length + 2; ++page) {
            const { items, next: after } = (await person.get(`/api/v1/sessions?state=ended&limit=1${next}`)).json
            paged.push(...items.map(({ id }) => id))
            if (after === null) break
            next = `&after=${encodeURIComponent(after)}`
        }
        assert.deepEqual(paged, whole)
    })

    await t.test('A-30 session: stopped while it is being created, no container stays', async () => {
        for (const delay of [0, 50, 200, 600]) {
            const { id } = await person.start('rfb')
            await pause(delay)
            assert.ok([200, 202].includes((await person.delete(`/api/v1/sessions/${id}`)).status))
            await until('the end', async () => (await person.session(id)).state === 'ended')
            assert.deepEqual(await containers_of(id), [], `after ${delay} ms`)
        }
    })

    await t.test('session: stop and start at once gives a new one, not an error', async () => {
        const first = await person.start_ready('rfb')
        await person.delete(`/api/v1/sessions/${first.id}`)
        const second = await person.start('rfb')
        assert.notEqual(second.id, first.id)
        await person.reach(second.id, 'ready')
        await person.stop(second.id)
    })
}

async function extending(t, server, person) {
    await t.test('extend: moves the deadline by one extension, until none is left', async () => {
        const { id, deadline } = await person.start_ready('rfb')
        let last = deadline
        for (let used = 1; used <= 3; ++used) {
            const { status, json } = await person.post(`/api/v1/sessions/${id}/extend`, used === 1 ? undefined : {})
            assert.equal(status, 200)
            assert.equal(new Date(json.deadline) - new Date(last), 600_000)
            assert.deepEqual([json.lease.extensions_used, json.lease.extensions_left], [used, 3 - used])
            last = json.deadline
        }
        const refused = await person.post(`/api/v1/sessions/${id}/extend`, {})
        assert.deepEqual([refused.status, refused.json.code], [409, 'quota_exceeded'])
        assert.equal((await person.session(id)).deadline, last, 'a refused one moves nothing')
        await person.stop(id)
        const late = await person.post(`/api/v1/sessions/${id}/extend`, {})
        assert.deepEqual([late.status, late.json.code], [409, 'ended'])
    })

    await t.test('extend: never beyond the longest life, not before ready, not without a limit', async () => {
        const capped = await person.start_ready('capped')
        const { json } = await person.post(`/api/v1/sessions/${capped.id}/extend`, {})
        assert.equal(json.deadline, json.lease.hard_limit_at)
        assert.equal((await person.post(`/api/v1/sessions/${capped.id}/extend`, {})).json.code, 'quota_exceeded')
        const slow = await person.start('slow')
        assert.deepEqual([(await person.post(`/api/v1/sessions/${slow.id}/extend`, {})).json.code], ['conflict'])
        assert.deepEqual([(await person.post(`/api/v1/sessions/${slow.id}/ticket`, {})).json.code], ['not_ready'])
        const endless = await person.start_ready('endless')
        assert.equal(endless.deadline, null)
        assert.equal((await person.post(`/api/v1/sessions/${endless.id}/extend`, {})).json.code, 'conflict')
        await person.stop_all()
    })

    await t.test('extend: ten at once count as often as they succeed', async () => {
        const { id, deadline } = await person.start_ready('rfb')
        const answers = await Promise.all(
            Array.from({ length: 10 }, () => person.post(`/api/v1/sessions/${id}/extend`, {})),
        )
        const good = answers.filter(({ status }) => status === 200).length
        const now = await person.session(id)
        assert.equal(good, 3)
        assert.equal(new Date(now.deadline) - new Date(deadline), good * 600_000)
        await person.stop(id)
    })
}

async function events(t, server, person) {
    await t.test('A-18 events: a stream that breaks and resumes has no gap and no duplicate', async () => {
        const whole = await person.events()
        const { id: start } = await whole.next('hello')
        const broken = await person.events()
        await broken.next('hello')
        const seen = []
        const { id } = await person.start('rfb')
        let event = await broken.next('a first event', of_session(id))
        seen.push(event.id)
        broken.close()
        await whole.next('ready', in_state(id, 'ready'))
        for (let round = 0; round < 3; ++round) {
            const resumed = await person.events({ last_id: seen.at(-1) })
            await person.post(`/api/v1/sessions/${id}/extend`, {})
            const { deadline } = await person.session(id)
            for (;;) {
                event = await resumed.next('what was missed', of_session(id))
                seen.push(event.id)
                if (event.data.deadline === deadline) break
            }
            resumed.close()
        }
        const resumed = await person.events({ query: `?after=${seen.at(-1)}` })
        await person.delete(`/api/v1/sessions/${id}`)
        for (;;) {
            event = await resumed.next('the end', of_session(id))
            seen.push(event.id)
            if (event.data.state === 'ended') break
        }
        await whole.next('the end', in_state(id, 'ended'))
        assert.deepEqual(
            seen,
            whole.events.filter((one) => one.id > start && of_session(id)(one)).map((one) => one.id),
        )
        for (const stream of [whole, resumed]) stream.close()
    })

    await t.test('A-18 events: an id that is too old or not ours gives reset, garbage gives 400', async () => {
        for (const last_id of [1n, 99999999999999n]) {
            const stream = await person.events({ last_id })
            assert.equal((await stream.next('reset')).type, 'reset')
            stream.close()
        }
        for (const last_id of ['x', '-1', '1.5', '99999999999999999999999'])
            assert.equal((await person.events({ last_id })).status, 400, last_id)
    })

    await t.test('events: nobody hears of somebody else, staff hears of everybody', async () => {
        const stranger = await server.person('deaf')
        const [own, all] = [await stranger.events(), await server.admin.events({ query: '?scope=all' })]
        const admin_own = await server.admin.events()
        const { id } = await person.start_ready('rfb')
        const heard = await all.next('staff hears it', in_state(id, 'ready'))
        assert.deepEqual([heard.data.mine, heard.data.host], [false, 'local'])
        assert.ok(
            all.events.some((event) => event.type === 'host'),
            'staff hears of the host',
        )
        await person.stop(id)
        await all.next('the end', in_state(id, 'ended'))
        for (const stream of [own, admin_own])
            assert.deepEqual(
                stream.events.filter((event) => event.type !== 'hello'),
                [],
            )
        for (const stream of [own, all, admin_own]) stream.close()
    })

    await t.test('events: the ninth stream of one person is 429, a closed one makes room', async () => {
        const watcher = await server.person('windows')
        const streams = []
        for (let i = 0; i < 8; ++i) {
            const stream = await watcher.events()
            await stream.next('hello')
            streams.push(stream)
        }
        const ninth = await watcher.events()
        assert.equal(ninth.status, 429)
        streams[0].close()
        await until('room again', async () => {
            const stream = await watcher.events()
            streams.push(stream)
            return stream.status === 200
        })
        for (const stream of streams) stream.close()
    })

    await t.test('events: signing out ends the stream with the next change', async () => {
        const second = await server.sign_in(person.username, person.password)
        const stream = await second.events()
        await stream.next('hello')
        await second.post('/api/v1/logout')
        const { id } = await person.start('rfb')
        await until('the stream ends', () => stream.is_over)
        assert.deepEqual(stream.events.filter(of_session(id)), [], 'nothing was told to the signed-out one')
        await person.stop(id)
    })
}

export default async function sessions(t) {
    const lease = (more) => ({ lease: { initial: '1h', extension: '10m', max_extensions: 5, grace: '0s', ...more } })
    const config = {
        quota: { max_sessions_per_user: 0 },
        templates: [
            rfb('rfb', { resolutions: ['800x600', '640x480'] }),
            rfb('capped', lease({ max_total: '65m' })),
            rfb('endless', lease({ initial: '0s' })),
            rfb('slow', { env: { TEST_START_DELAY_MS: '20000' } }),
        ],
    }
    await with_server(t, 'sessions', config, async (server) => {
        const person = await server.person('ann')
        await life(t, server, person)
        await extending(t, server, person)
        await events(t, server, person)
        await t.test('sessions: at the end nothing is left and no expectation was broken', async () => {
            await until(
                'all slots are free',
                async () => (await server.admin.get('/api/v1/hosts')).json.items[0].sessions.used === 0,
            )
            assert.deepEqual(await server.containers(), [])
            assert.equal(await server.metric('berth_broken_expectations'), 0)
        })
    })
}
