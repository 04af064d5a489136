// SPDX-License-Identifier: Apache-2.0
// Images are fetched by a real engine, from a registry on this machine: by a start that needs one, and by hand.

import assert from 'node:assert/strict'
import { docker_code } from '../lib/engine.mjs'
import { Registry } from '../lib/registry.mjs'
import { rfb, with_server } from '../lib/server.mjs'
import { until } from '../lib/wait.mjs'

const source = 'berth/test-rfb:latest'

const image_of = async (browser, template) =>
    (await browser.get('/api/v1/hosts/local')).json.images.find((one) => one.template === template)

async function by_a_start(t, server, registry, ann, bob) {
    await t.test('pulls: a start fetches its image, once for all, and says how far it is', async () => {
        registry.hold()
        assert.equal((await image_of(server.admin, 'fetched')).present, false)
        const started = await ann.post('/api/v1/sessions', { template: 'fetched' })
        assert.equal(started.status, 202, started.text)
        assert.deepEqual([started.json.state, started.json.queue?.reason], ['queued', 'pulling'])
        assert.deepEqual(
            started.json.stages.filter(({ state }) => state === 'active').map(({ name }) => name),
            ['queued', 'preparing'],
        )
        const other = await bob.post('/api/v1/sessions', { template: 'fetched' })
        assert.equal(other.json.queue?.reason, 'pulling')
        const half = await until('half of it is there', async () => {
            const { queue } = await ann.session(started.json.id)
            return queue?.pull?.percent > 30 && queue.pull
        })
        assert.ok(half.percent < 100 && half.total > 1 << 20, JSON.stringify(half))
        const shown = await image_of(server.admin, 'fetched')
        assert.equal(shown.present, false)
        assert.ok(shown.pulling?.bytes > 0, JSON.stringify(shown))
        registry.release()
        for (const [person, { json }] of [[ann, started], [bob, other]]) {
            const ready = await person.reach(json.id, 'ready')
            // What the image says of itself was not known when they asked.
            assert.deepEqual(ready.endpoints.map(({ name, protocol }) => [name, protocol]), [['screen', 'rfb']])
        }
        assert.equal(registry.fetches, 1)
        assert.deepEqual(await image_of(server.admin, 'fetched'), { template: 'fetched', image: registry.image, present: true, pulling: null })
        for (const [person, { json }] of [[ann, started], [bob, other]]) await person.stop(json.id)
    })

    await t.test('pulls: an image that cannot be had ends the start with its reason, and blames no host', async () => {
        const started = await ann.post('/api/v1/sessions', { template: 'unknown' })
        assert.equal(started.status, 202, started.text)
        const { end } = await ann.reach(started.json.id, 'ended')
        assert.deepEqual([end.reason, end.code, end.stage], ['failed', 'image_missing', 'queued'])
        assert.equal(end.message, 'The image of this desktop could not be fetched.')
        assert.equal(end.detail, undefined, 'the registry’s words are for staff')
        assert.match((await server.admin.session(started.json.id)).end.detail, /unknown/)
        const { state, images } = (await server.admin.get('/api/v1/hosts/local')).json
        assert.equal(state, 'up')
        assert.match(images.find(({ template }) => template === 'unknown').pull_error, /unknown/)
        const asked = registry.requests.length
        const again = await ann.post('/api/v1/sessions', { template: 'unknown' })
        await ann.reach(again.json.id, 'ended')
        assert.equal(registry.requests.length, asked, 'it is not asked again at once')
    })

    await t.test('pulls: a template that does not say so fetches nothing', async () => {
        const { status, json } = await ann.post('/api/v1/sessions', { template: 'kept' })
        assert.deepEqual([status, json.code], [503, 'image_missing'])
    })
}

async function by_hand(t, server, registry) {
    await t.test('pulls: an administrator fetches an image, and asking twice is one fetch', async () => {
        const known = registry.fetches
        assert.equal((await registry.forget()).code, 0)
        await until('the server sees that it is gone', async () => !(await image_of(server.admin, 'fetched')).present, 40_000)
        const stream = await server.admin.events({ query: '?scope=all' })
        registry.hold()
        const first = await server.admin.post('/api/v1/hosts/local/pull', { template: 'fetched' })
        assert.equal(first.status, 202, first.text)
        assert.ok(first.json.images.find(({ template }) => template === 'fetched').pulling)
        assert.equal((await server.admin.post('/api/v1/hosts/local/pull', { template: 'fetched' })).status, 202)
        const { code, text } = await server.run('host', 'pull', 'local', 'fetched')
        assert.equal(code, 0, text)
        const is_far = ({ template, pulling }) => template === 'fetched' && pulling?.percent > 30
        await stream.next('its progress', ({ type, data }) => type === 'host' && data.images.some(is_far))
        registry.release()
        const is_there = ({ template, present }) => template === 'fetched' && present
        await stream.next('its end', ({ type, data }) => type === 'host' && data.images.some(is_there))
        stream.close()
        assert.equal(registry.fetches - known, 1)
        const kept = server.rows("SELECT type, cause FROM events WHERE type LIKE 'host.pull%'")
        assert.ok(kept.some(([type, cause]) => type === 'host.pulled' && cause.includes(registry.image)), JSON.stringify(kept))
        assert.ok(kept.some(([type]) => type === 'host.pull_failed'), JSON.stringify(kept))
    })

    await t.test('pulls: one that runs does not hold up the end of the server', async () => {
        assert.equal((await registry.forget()).code, 0)
        await until('the server sees that it is gone', async () => !(await image_of(server.admin, 'fetched')).present, 40_000)
        registry.hold()
        assert.equal((await server.admin.post('/api/v1/hosts/local/pull', { template: 'fetched' })).status, 202)
        await until('it has begun', async () => (await image_of(server.admin, 'fetched')).pulling?.percent > 30)
        const began = Date.now()
        await server.stop()
        assert.ok(Date.now() - began < 20_000)
        registry.release()
        await server.start()
        server.admin = await server.sign_in()
        assert.equal((await image_of(server.admin, 'fetched')).pulling, null)
    })
}

export default async function pulls(t) {
    const registry = await Registry.start(source, { 'io.berth.endpoint.desktop': undefined, 'io.berth.endpoint.screen': 'rfb:5900' })
    const fetched = (name, more) => rfb(name, { image: registry.image, ...more })
    const config = {
        templates: [
            fetched('fetched', { pull: 'missing' }),
            rfb('unknown', { image: registry.image.replace(/:1$/, ':2'), pull: 'missing' }),
            rfb('kept', { image: registry.image.replace(/:1$/, ':3') }),
        ],
    }
    try {
        await with_server(t, 'pulls', config, async (server) => {
            const ann = await server.person('ann'), bob = await server.person('bob')
            await by_a_start(t, server, registry, ann, bob)
            await by_hand(t, server, registry)
        })
    } finally {
        await registry.stop()
        await docker_code('image', 'prune', '-f', '--filter', 'label=io.berth.endpoint.screen')
    }
}
