// SPDX-License-Identifier: Apache-2.0
// Engines that freeze, die, restart, are replaced, answer slowly, wrongly or not at all. F-20 to F-32.

import assert from 'node:assert/strict'
import { pause, until } from '../../api/lib/wait.mjs'
import { checked } from '../lib/cluster.mjs'

const image = 'berth/test-rfb:latest'
const settled = ({ state }) => ['ready', 'ended'].includes(state)

// Requests of the others while something is wrong with one host: none fails, none hangs.
async function others_go_on(c, prefix, count = 3) {
    for (let i = 0; i < count; ++i) {
        const began = Date.now()
        assert.equal((await c.person.get('/api/v1/me')).status, 200)
        assert.ok(Date.now() - began < 5000, 'a request that needs no host waited for one')
        const { id, host } = await c.ready(c.person, `${prefix}-${i}`)
        assert.equal(host, 'h2')
        await c.person.stop(id)
    }
}

async function frozen(t, c) {
    await checked(
        t,
        c,
        'F-20 a frozen engine is noticed within 10 s, others go on, and nothing is doubled after it thaws',
        async () => {
            const h1 = c.host('h1')
            const kept = await c.some_on(c.person, 'h1', 2, 'frozen-')
            h1.freeze_engine()
            const under_way = await c.start_many(c.person, 4, 'under-way-')
            await c.is_away('h1', 15_000)
            await others_go_on(c, 'others')
            for (const { id } of kept) assert.equal((await c.session(id)).state, 'ready')
            h1.thaw_engine()
            await c.is_back('h1')
            for (const { id } of under_way) await c.until_session(id, 'is ready or ended', settled, 100_000)
            await c.all_answer(c.person, kept)
            await c.end_all()
        },
    )
}

async function killed(t, c) {
    const h1 = c.host('h1')
    await checked(
        t,
        c,
        'F-21 with live-restore desktops outlive their engine: nothing ends, nothing is started anew',
        async () => {
            await h1.restart_engine({ live_restore: true, userland_proxy: false })
            await c.is_back('h1')
            const kept = await c.some_on(c.person, 'h1', 2, 'survives-')
            await h1.kill_engine()
            await c.is_away('h1')
            for (const { id } of kept) assert.equal((await c.session(id)).state, 'ready')
            await h1.start_engine()
            await c.is_back('h1')
            for (const { id } of kept) assert.equal((await c.session(id)).state, 'ready')
            await c.all_answer(c.person, kept)
            await c.end_all()
        },
    )
    await checked(
        t,
        c,
        'F-22 without it they die with its restart: the sessions end, and the owner starts again',
        async () => {
            await h1.restart_engine({ live_restore: false, userland_proxy: true })
            await c.is_back('h1')
            const [lost] = await c.some_on(c.person, 'h1', 1, 'dies-')
            await h1.kill_engine()
            await c.is_away('h1')
            assert.equal((await c.session(lost.id)).state, 'ready', 'nobody can be asked, so nothing is known')
            await h1.start_engine()
            await c.is_back('h1')
            const { end } = await c.ended(lost.id, 20_000)
            assert.ok(['container_died', 'host_restarted'].includes(end.reason), end.reason)
            await c.ready(c.person, lost.owner.slot)
            await c.end_all()
        },
    )
    await checked(
        t,
        c,
        'F-23 an engine that restarts under load: what was under way goes on or ends honestly',
        async () => {
            const asked = await c.start_many(c.person, 8, 'load-')
            await h1.stop_engine()
            await h1.start_engine()
            await c.is_back('h1')
            const done = await Promise.all(
                asked.map(({ id }) => c.until_session(id, 'is ready or ended', settled, 100_000)),
            )
            for (const { end, state } of done) if (state === 'ended') assert.ok(end.reason && end.message)
            await c.end_all()
        },
    )
    await checked(
        t,
        c,
        'F-24 a shim or containerd dies: what it kept ends or recovers, the others do not notice',
        async () => {
            const kept = await c.some_on(c.person, 'h1', 2, 'shim-')
            const [victim] = h1.pids('containerd-shim')
            assert.ok(victim)
            process.kill(victim, 'SIGKILL')
            const settled_now = async () => Promise.all(kept.map(({ id }) => c.session(id)))
            await until(
                'one ended or both are well',
                async () => (await settled_now()).filter(settled).length === 2,
            )
            await pause(3000)
            assert.ok(
                (await settled_now()).some(({ state }) => state === 'ready'),
                'one shim holds one desktop',
            )
            h1.signal('containerd', 'SIGKILL')
            await h1.ended('containerd')
            await h1.start_containerd()
            await c.is_back('h1', 60_000)
            const left = (await settled_now()).filter(({ state }) => state === 'ready')
            await c.all_answer(c.person, left)
            await c.end_all()
        },
    )
}

async function rebooted(t, c) {
    const h1 = c.host('h1')
    await checked(
        t,
        c,
        'F-25 a reboot: the sessions end with a reason, and ports are learnt anew before any use',
        async () => {
            const lost = await c.some_on(c.person, 'h1', 2, 'reboot-')
            c.checker.recorder.note_blackout('h1')
            await h1.power_cut()
            await c.is_away('h1')
            for (const { id } of lost) assert.equal((await c.session(id)).state, 'ready')
            await h1.boot()
            await c.is_back('h1')
            for (const { id } of lost) assert.ok((await c.ended(id)).end.message)
            const again = await c.some_on(c.person, 'h1', 2, 'reboot-again-')
            await c.all_answer(c.person, again)
            await c.end_all()
        },
    )
    await checked(
        t,
        c,
        'F-26 an empty engine at the same address: its sessions end as host_lost, not silently',
        async () => {
            const lost = await c.some_on(c.person, 'h1', 2, 'replaced-')
            c.checker.recorder.note_blackout('h1')
            await h1.replace_engine()
            for (const { id } of lost) assert.equal((await c.ended(id, 60_000)).end.reason, 'host_lost')
            await c.is_back('h1')
            await c.ready(c.person, lost[0].owner.slot)
            await c.end_all()
        },
    )
    await checked(
        t,
        c,
        'F-26 the same with another host key: not one byte of the API reaches it until somebody agrees',
        async () => {
            const [kept] = await c.some_on(c.person, 'h1', 1, 'key-')
            await h1.relay.requests()
            await h1.change_host_key()
            const { last_error } = await c.is_away('h1')
            assert.match(String(last_error), /key/i)
            await h1.relay.requests()
            await pause(10_000)
            assert.deepEqual(await h1.relay.requests(), [])
            assert.equal((await c.session(kept.id)).state, 'ready')
            c.lab.write_known_hosts()
            await c.is_back('h1', 60_000)
            await c.end_all()
        },
    )
    await checked(
        t,
        c,
        'F-27 a host returns after its session was replaced: the old desktop is gone soon, the new one stays',
        async () => {
            const [old] = await c.some_on(c.person, 'h1', 1, 'returns-')
            await h1.cut()
            await c.is_away('h1')
            assert.equal((await c.person.delete(`/api/v1/sessions/${old.id}`)).status, 202)
            const fresh = await until(
                'the owner may start again',
                async () => {
                    const answer = await c.person.post('/api/v1/sessions', {
                        template: 'rfb',
                        slot: old.owner.slot,
                    })
                    return answer.status === 202 && answer.json.id !== old.id && answer.json
                },
                30_000,
                500,
            )
            await c.person.reach(fresh.id, 'ready')
            assert.equal((await c.session(fresh.id)).host, 'h2')
            await h1.heal()
            await c.is_back('h1')
            await c.ended(old.id, 20_000)
            assert.equal((await c.session(fresh.id)).state, 'ready')
            await c.answers(c.person, fresh.id)
            await c.end_all()
        },
    )
}

async function slow_or_wrong(t, c) {
    const { relay } = c.host('h1')
    await checked(
        t,
        c,
        'F-28 an engine that takes 30 s for everything, or drips: deadlines hold, others go on',
        async () => {
            for (const rule of [
                { action: 'delay', ms: 30_000 },
                { action: 'drip', bytes_per_second: 1 },
            ]) {
                await relay.rule({ match: '/', times: -1, ...rule })
                await relay.cut()
                await c.is_away('h1', 30_000)
                await others_go_on(c, `slow-${rule.action}`)
                await relay.clear()
                await relay.cut()
                await c.is_back('h1', 60_000)
            }
        },
    )
    const spoiled = [
        ['500', { action: 'status', code: 500, text: 'scripted failure' }],
        ['409', { action: 'status', code: 409, text: 'scripted conflict' }],
        ['400', { action: 'status', code: 400, text: 'scripted refusal' }],
        ['nonsense', { action: 'garbage' }],
        ['half an answer', { action: 'truncate', bytes: 120 }],
        ['17 MB', { action: 'huge', size: 17 << 20 }],
        ['silence', { action: 'drop' }],
        ['a lost answer', { action: 'lose' }],
    ]
    for (const [what, rule] of spoiled)
        await checked(
            t,
            c,
            `F-29 A-05 ${what} to one creation: a typed end or another try, and no host leaves the rotation for it`,
            async () => {
                for (const { relay } of c.lab.hosts) await relay.rule({ match: '/containers/create', ...rule })
                const { id } = await c.person.start('rfb', { slot: 'spoiled' })
                const session = await c.until_session(id, 'is ready or ended', settled, 100_000)
                if (session.state === 'ended')
                    assert.ok(session.end.code && session.end.detail, JSON.stringify(session.end))
                for (const { name } of c.lab.hosts) assert.equal((await c.server.host_named(name)).state, 'up')
                for (const { relay } of c.lab.hosts) await relay.clear()
                await c.end_all()
            },
        )
    await checked(
        t,
        c,
        'F-29 a start that is answered with a failure on one host is tried on the other',
        async () => {
            await relay.rule({
                match: '/start',
                action: 'status',
                code: 500,
                text: 'scripted start failure',
                times: -1,
            })
            const asked = await c.start_many(c.person, 4, 'elsewhere-')
            const done = await Promise.all(
                asked.map(({ id }) => c.until_session(id, 'is ready or ended', settled, 100_000)),
            )
            assert.ok(
                done.every(({ state, host }) => state === 'ready' && host === 'h2'),
                JSON.stringify(done.map(({ end }) => end)),
            )
            const tried = done.flatMap(({ attempts }) => attempts)
            assert.ok(
                tried.length > 0 &&
                    tried.every(({ host, code, stage, at }) => host === 'h1' && code && stage && at),
            )
            await relay.clear()
            await c.is_back('h1', 60_000)
            await c.end_all()
        },
    )
}

async function without_image_or_room(t, c) {
    const h1 = c.host('h1')
    await checked(
        t,
        c,
        'F-30 A-32 the image is missing on one host: out for that template only, and back with it',
        async () => {
            await h1.docker('rmi', '-f', image)
            await until('it is seen', async () =>
                (await c.server.host_named('h1')).images.some(
                    ({ template, present }) => template === 'rfb' && !present,
                ),
            )
            for (let i = 0; i < 3; ++i) assert.equal((await c.ready(c.person, `no-image-${i}`)).host, 'h2')
            assert.equal((await c.server.host_named('h1')).state, 'up')
            await h1.load_images()
            await until('it is seen', async () =>
                (await c.server.host_named('h1')).images.some(
                    ({ template, present }) => template === 'rfb' && present,
                ),
            )
            await c.some_on(c.person, 'h1', 1, 'image-back-')
            await c.end_all()
        },
    )
    await checked(t, c, 'F-32 a full disk on one host: starts go to the other, and it recovers', async () => {
        await h1.fill_disk()
        const asked = await c.start_many(c.person, 4, 'full-')
        const done = await Promise.all(
            asked.map(({ id }) => c.until_session(id, 'is ready or ended', settled, 100_000)),
        )
        for (const { state, host, end } of done)
            if (state === 'ended') assert.match(end.detail, /space/)
            else assert.equal(host, 'h2')
        await h1.free_disk()
        await c.is_back('h1', 60_000)
        await c.some_on(c.person, 'h1', 1, 'room-again-')
        await c.end_all()
    })
}

export async function faults_of_engines(t, c) {
    await frozen(t, c)
    await killed(t, c)
    await rebooted(t, c)
    await slow_or_wrong(t, c)
    await without_image_or_room(t, c)
}
