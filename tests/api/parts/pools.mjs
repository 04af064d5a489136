// SPDX-License-Identifier: Apache-2.0
// Warm pools on a real engine: claimed, filled again, given up for people, kept over a restart and over SIGKILL at every
// step of making one and of handing one out.

import assert from 'node:assert/strict'
import { containers_of, container_of, docker, inspect } from '../lib/engine.mjs'
import { Viewer } from '../lib/rfb.mjs'
import { rfb, with_server } from '../lib/server.mjs'
import { until } from '../lib/wait.mjs'

const points = {
    making: ['before_pool_insert', 'after_pool_insert', 'before_create', 'after_create', 'before_start', 'after_start', 'after_probe', 'before_pause', 'after_pause'],
    claiming: ['before_claim', 'after_claim', 'before_resume', 'after_resume'],
}

const is_warm = ({ owner, state }) => owner.realm === 'pool' && state === 'ready'
const all_sessions = async (server) => (await server.admin.get('/api/v1/sessions?owner=all')).json.items

// The warm ones of a template: ready, and their containers in that state.
const until_warm = (server, template, count, status = 'paused') =>
    until(
        `${count} warm of ${template}`,
        async () => {
            const warm = (await all_sessions(server)).filter((one) => is_warm(one) && one.template === template)
            const states = await Promise.all(warm.map(async ({ id }) => (await inspect(await container_of(id))).State.Status))
            return warm.length === count && states.every((one) => one === status) && warm
        },
        60_000,
    )

async function claims(t, server, ann, bob) {
    await t.test('pools: a start claims the container that was there, resumed and proved, much faster than a cold one', async () => {
        const [warm] = await until_warm(server, 'pooled', 1)
        const container = await container_of(warm.id)
        const made_at = (await inspect(container)).Created
        const cold_began = Date.now()
        const cold = await bob.start_ready('cold')
        const cold_ms = Date.now() - cold_began
        const began = Date.now()
        const answer = await ann.post('/api/v1/sessions', { template: 'pooled' }, { headers: { 'Idempotency-Key': 'claim-1' } })
        assert.equal(answer.status, 202, answer.text)
        assert.equal(answer.json.id, warm.id)
        assert.equal(answer.headers.location, `/api/v1/sessions/${warm.id}`)
        const ready = await ann.reach(warm.id, 'ready')
        const warm_ms = Date.now() - began
        console.log(`         cold ${cold_ms} ms, claimed ${warm_ms} ms`)
        assert.equal(await container_of(warm.id), container)
        assert.ok(Date.parse(made_at) < began)
        assert.equal((await inspect(container)).State.Status, 'running')
        assert.deepEqual([ready.owner.realm, ready.owner.slot, ready.mine], ['local', 'pooled', true])
        assert.ok(ready.deadline && ready.lease.extensions_left === 3, 'the lease begins with the claim')
        assert.ok(Date.parse(ready.created_at) >= began - 1000)
        const again = await ann.post('/api/v1/sessions', { template: 'pooled' }, { headers: { 'Idempotency-Key': 'claim-1' } })
        assert.deepEqual([again.status, again.json.id], [200, warm.id])
        const viewer = await Viewer.connect(server, { ticket: await ann.ticket(warm.id) })
        assert.ok(viewer.width > 0)
        viewer.leave()
        const [next] = await until_warm(server, 'pooled', 1)
        assert.notEqual(next.id, warm.id)
        await ann.stop(warm.id)
        await bob.stop(cold.id)
        assert.deepEqual(await containers_of(warm.id), [], 'what was used is gone')
    })

    await t.test('pools: one that runs is ready with the answer', async () => {
        const [warm] = await until_warm(server, 'running', 1, 'running')
        const { status, json } = await ann.post('/api/v1/sessions', { template: 'running' })
        assert.deepEqual([status, json.id, json.state], [202, warm.id, 'ready'])
        await ann.stop(json.id)
        await until_warm(server, 'running', 1, 'running')
    })

    await t.test('pools: two at once get two desktops; another size is made anew', async () => {
        const [warm] = await until_warm(server, 'pooled', 1)
        const answers = await Promise.all([ann, bob].map((person) => person.post('/api/v1/sessions', { template: 'pooled' })))
        const ids = answers.map(({ json }) => json.id)
        assert.equal(new Set(ids).size, 2)
        assert.equal(ids.filter((id) => id === warm.id).length, 1)
        await ann.reach(ids[0], 'ready')
        await bob.reach(ids[1], 'ready')
        await ann.stop(ids[0])
        await bob.stop(ids[1])
        const [next] = await until_warm(server, 'pooled', 1)
        const other = await ann.start('pooled', { resolution: '640x480' })
        assert.notEqual(other.id, next.id)
        await ann.reach(other.id, 'ready')
        assert.ok((await inspect(await container_of(other.id))).Config.Env.includes('RESOLUTION=640x480'))
        await ann.stop(other.id)
    })

    await t.test('pools: nobody sees them but staff, who may stop but not look into them; metrics count them', async () => {
        const [warm] = await until_warm(server, 'pooled', 1)
        assert.deepEqual((await ann.get('/api/v1/sessions')).json.items, [])
        assert.equal((await ann.get(`/api/v1/sessions/${warm.id}`)).status, 404)
        const look = await server.admin.post(`/api/v1/sessions/${warm.id}/ticket`, { rights: 'view' })
        assert.deepEqual([look.status, look.json.code], [409, 'not_ready'])
        assert.equal(await server.metric('berth_pool_sessions', { template: 'pooled', state: 'ready' }), 1)
        assert.equal(await server.metric('berth_pool_target', { template: 'pooled' }), 1)
        assert.ok((await server.metric('berth_pool_claims_total', { template: 'pooled', result: 'hit' })) >= 2)
        assert.ok((await server.metric('berth_pool_claims_total', { template: 'pooled', result: 'miss' })) >= 2)
        assert.equal(await server.metric('berth_sessions', { template: 'pooled', state: 'ready' }), 0)
        await server.admin.stop(warm.id)
        const [next] = await until_warm(server, 'pooled', 1)
        assert.notEqual(next.id, warm.id)
    })

    // what is handed out works, or something else is.
    await t.test('A-04 pools: one that died in the pool is replaced without a word', async () => {
        const [warm] = await until_warm(server, 'pooled', 1)
        const container = await container_of(warm.id)
        const claim = ann.post('/api/v1/sessions', { template: 'pooled' })
        await docker('rm', '-f', container)
        const { status, json } = await claim
        assert.equal(status, 202)
        const ready = await ann.reach(json.id, 'ready')
        assert.equal(ready.end, null)
        assert.notEqual(await container_of(json.id), container)
        await ann.stop(json.id)
    })
}

async function room(t, server, ann, bob) {
    await t.test('pools: a person who finds every place taken gets that of a desktop nobody has claimed', async () => {
        await until_warm(server, 'pooled', 1)
        await until_warm(server, 'running', 1, 'running')
        // Four places in all.
        const people = [ann, bob, ann, bob]
        const made = []
        for (const [i, person] of people.entries()) {
            made.push(await person.start_ready('cold', { slot: `place${i}` }))
            const warm = (await all_sessions(server)).filter(is_warm)
            assert.equal(warm.length, i < 2 ? 2 : 3 - i, `after ${i + 1} people`)
        }
        for (const [i, { id }] of made.entries()) await people[i].stop(id)
        await until_warm(server, 'pooled', 1)
        await until_warm(server, 'running', 1, 'running')
    })

    await t.test('pools: a host that is drained has none, and gets them again', async () => {
        assert.equal((await server.admin.post('/api/v1/hosts/local/drain')).status, 200)
        await until('the host is drained', async () => (await server.admin.get('/api/v1/hosts/local')).json.state === 'drained')
        assert.deepEqual(await server.containers(), [])
        assert.equal((await server.admin.post('/api/v1/hosts/local/resume')).status, 200)
        await until_warm(server, 'pooled', 1)
    })
}

async function restarts(t, server, ann) {
    await t.test('A-07 pools: they survive a restart, and are handed out after it', async () => {
        const [warm] = await until_warm(server, 'pooled', 1)
        await server.stop()
        await server.start()
        server.admin = await server.sign_in()
        const [same] = await until_warm(server, 'pooled', 1)
        assert.equal(same.id, warm.id)
        const { json } = await ann.post('/api/v1/sessions', { template: 'pooled' })
        assert.equal(json.id, warm.id)
        await ann.reach(warm.id, 'ready')
        await ann.stop(warm.id)
    })

    const settles = () =>
        until(
            'containers = live rows',
            async () => {
                const rows = server.rows("SELECT id FROM sessions WHERE state <> 'ended'").flat()
                const there = await server.containers()
                const [{ sessions, creating }] = (await server.admin.get('/api/v1/hosts')).json.items
                return rows.length === there.length && sessions.used === rows.length && creating.used === 0
            },
            30_000,
            200,
        )

    for (const point of points.making)
        await t.test(`F-01 pools: SIGKILL at ${point}, then all is in order`, async () => {
            const [warm] = await until_warm(server, 'pooled', 1)
            await server.stop()
            // The one that is there is paused again as soon as the server looks: it may not live to be asked.
            const starting = server.start({ BERTH_FAILPOINT: point })
            if (point.endsWith('_pause')) {
                await starting.catch(() => {})
            } else {
                await starting
                server.admin = await server.sign_in()
                await server.admin.delete(`/api/v1/sessions/${warm.id}`).catch(() => {})
            }
            await until('the server is dead', () => Boolean(server.exit), 30_000)
            await server.start()
            server.admin = await server.sign_in()
            await until_warm(server, 'pooled', 1)
            await settles()
        })

    for (const point of points.claiming)
        await t.test(`F-01 pools: SIGKILL at ${point}, then the same request gets the same desktop`, async () => {
            const [warm] = await until_warm(server, 'pooled', 1)
            await server.stop()
            await server.start({ BERTH_FAILPOINT: point })
            const request = () => ann.post('/api/v1/sessions', { template: 'pooled' }, { headers: { 'Idempotency-Key': point } })
            await request().catch(() => {})
            await until('the server is dead', () => Boolean(server.exit), 30_000)
            await server.start()
            server.admin = await server.sign_in()
            const { json } = await request()
            assert.equal(json.id, warm.id)
            await ann.reach(warm.id, 'ready')
            assert.equal((await ann.get('/api/v1/sessions')).json.items.length, 1)
            await until_warm(server, 'pooled', 1)
            await settles()
            await ann.stop(warm.id)
        })

    await t.test('pools: a template without `warm` any more leaves nothing', async () => {
        await until_warm(server, 'pooled', 1)
        await server.stop()
        server.config = { ...server.config, templates: [rfb('pooled'), rfb('cold')] }
        await server.start()
        await until('nothing is left', async () => (await server.containers()).length === 0)
    })
}

export default async function pools(t) {
    const sizes = { resolutions: ['800x600', '640x480'] }
    const config = {
        quota: { max_sessions_per_user: 3 },
        hosts: [{ name: 'local', endpoint: process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock', capacity_sessions: 4 }],
        templates: [
            rfb('pooled', { ...sizes, warm: { min: 1, max: 1 } }),
            rfb('running', { warm: { min: 1, max: 1, kind: 'running' } }),
            rfb('cold'),
        ],
    }
    await with_server(t, 'pools', config, async (server) => {
        const ann = await server.person('ann'), bob = await server.person('bob')
        await claims(t, server, ann, bob)
        await room(t, server, ann, bob)
        await restarts(t, server, ann)
    })
}
