// SPDX-License-Identifier: Apache-2.0
// Hundreds of hosts and thousands of sessions, some hosts flapping, some slow. What is measured goes to
// build/cluster/fleet.json; what must hold is asserted.

import assert from 'node:assert/strict'
import { pause, until } from '../../api/lib/wait.mjs'
import { rows_of } from '../checker/gather.mjs'
import { Crowd } from '../lib/crowd.mjs'
import { Report, in_parallel, meter, percentiles, round, setting, states_of } from '../lib/load.mjs'
import { always } from '../lib/tests.mjs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const people_count = 25
const at_once = 50
const slow_ms = 1500
const flap_ms = 5000

const sizes = () => ({
    hosts: setting('BERTH_CLUSTER_HOSTS', 200),
    sessions: setting('BERTH_CLUSTER_SESSIONS', 5000),
    flapping: setting('BERTH_CLUSTER_FLAPPING', 20, 0),
    slow_percent: setting('BERTH_CLUSTER_SLOW_PERCENT', 10, 0, 100),
    seconds: setting('BERTH_CLUSTER_SECONDS', 60),
})

async function fill(t, crowd, report, { sessions }) {
    await t.test(
        `fleet: ${sessions} sessions are asked for and become ready`,
        async () => {
            const began = Date.now()
            const read = meter(crowd.server.usage)
            const wishes = Array.from({ length: sessions }, (_, i) => ({
                who: crowd.clients[i % people_count],
                slot: `n${i}`,
            }))
            const answers = await in_parallel(wishes, at_once, ({ who, slot }) => who.start('rfb', slot))
            const refused = answers.filter(({ status }) => status !== 202)
            assert.equal(refused.length, 0, JSON.stringify(refused[0]?.json))
            report.note('asked_s', round((Date.now() - began) / 1000))
            report.note('request_ms', percentiles(answers.map(({ took_ms }) => took_ms)))
            await until(
                `${sessions} are ready`,
                async () => {
                    const { ready = 0, ended = 0, ...rest } = await states_of(crowd.server.database)
                    if (ended > 0) throw await crowd.failed()
                    if (ready < sessions) throw new Error(`${ready} ready, ${JSON.stringify(rest)}`)
                    return true
                },
                900_000,
                1000,
            )
            report.note('fill', { ...read(), sessions_per_s: round(sessions / ((Date.now() - began) / 1000)) })
            const starts = await rows_of(crowd.server.database, 'SELECT ready_at - created_at AS ms FROM sessions')
            report.note('start_ms', percentiles(starts.map(({ ms }) => ms)))
        },
        1_000_000,
    )
    await t.test('fleet: every host carries its share', async () => {
        const used = (await crowd.server.hosts()).map((host) => host.used)
        report.note('sessions_per_host', percentiles(used))
        const share = sessions / used.length
        assert.ok(
            Math.max(...used) <= share + 2 && Math.min(...used) >= share - 2,
            `from ${Math.min(...used)} to ${Math.max(...used)}`,
        )
    })
    await t.test('fleet: the picture is right', () => crowd.checker.at_rest(120_000), 300_000)
}

async function idle(t, crowd, report) {
    await t.test('fleet: at rest', async () => {
        const read = meter(crowd.server.usage)
        await pause(30_000)
        report.note('idle', read())
    })
}

// Some hosts come and go in turns of a few seconds, others answer late; returns a function that heals them all.
function disturb(crowd, { flapping, slow_percent }) {
    const slow = crowd.fleet.hosts.slice(
        flapping,
        flapping + Math.floor((crowd.fleet.hosts.length * slow_percent) / 100),
    )
    const flaps = crowd.fleet.hosts.slice(0, flapping)
    let is_over = false
    const turn = async (host, i) => {
        for (let n = i; !is_over; ++n) {
            await host.set({ mode: ['refuse', 'ok', 'hang', 'ok'][n % 4] })
            await pause(flap_ms)
        }
        await host.set({ mode: 'ok' })
    }
    const turns = flaps.map(turn)
    const slowed = slow.map((host) => host.set({ delay_ms: slow_ms }))
    return async () => {
        is_over = true
        await Promise.all([...turns, ...slowed])
        await Promise.all(slow.map((host) => host.set({ delay_ms: 0 })))
    }
}

async function disturbed(t, crowd, report, size) {
    await t.test(
        `fleet: ${size.flapping} hosts flap and ${size.slow_percent} % are slow: nothing ends, people are served`,
        async () => {
            const before = await states_of(crowd.server.database)
            const heal = disturb(crowd, size)
            const read = meter(crowd.server.usage)
            const end = Date.now() + size.seconds * 1000
            const [plain, starts] = [[], []]
            let refused = 0
            for (let i = 0; Date.now() < end; ++i) {
                const who = crowd.clients[i % people_count]
                plain.push((await who.request('GET', '/api/v1/me')).took_ms)
                const answer = await who.start('rfb', `disturbed${i}`)
                if (answer.status !== 202) ++refused
                else starts.push(answer.json.id)
                await pause(200)
            }
            await heal()
            report.note('disturbed', { ...read(), me_ms: percentiles(plain), starts: starts.length, refused })
            report.note('healed_ms', await crowd.hosts_up())
            await until(
                'what was asked for meanwhile is ready',
                async () => {
                    const { ready = 0, ...rest } = await states_of(crowd.server.database)
                    if (ready + (rest.ended ?? 0) < before.ready + starts.length)
                        throw new Error(JSON.stringify(rest))
                    return true
                },
                180_000,
                1000,
            )
            const ended = await rows_of(
                crowd.server.database,
                "SELECT id, created_at, end_reason, end_detail FROM sessions WHERE state = 'ended'",
            )
            const lost = ended.filter(({ id }) => !starts.includes(id))
            assert.deepEqual(lost, [], 'sessions that were ready before ended')
            report.note('failed_starts', { count: ended.length, first: ended[0]?.end_detail ?? null })
        },
        size.seconds * 1000 + 400_000,
    )
    await t.test('fleet: the picture is right after the disturbance', () => crowd.checker.at_rest(120_000), 300_000)
}

async function restarted(t, crowd, report) {
    await t.test(
        'fleet: killed and started again, every session is adopted and none is doubled',
        async () => {
            const before = await states_of(crowd.server.database)
            await crowd.server.kill()
            const began = Date.now()
            await crowd.server.start()
            report.note('restart_answers_ms', Date.now() - began)
            report.note('restart_hosts_up_ms', await crowd.hosts_up())
            assert.equal((await states_of(crowd.server.database)).ready, before.ready)
            await crowd.checker.at_rest(120_000)
            report.note('after_restart', meter(crowd.server.usage)())
        },
        400_000,
    )
}

async function emptied(t, crowd, report) {
    await t.test(
        'fleet: everything is stopped and nothing is left',
        async () => {
            const live = await rows_of(
                crowd.server.database,
                "SELECT id, subject FROM sessions WHERE state <> 'ended'",
            )
            const by_subject = new Map(crowd.clients.map((client) => [client.browser.id, client]))
            const began = Date.now()
            const answers = await in_parallel(live, at_once, ({ id, subject }) =>
                by_subject.get(subject).request('DELETE', `/api/v1/sessions/${id}`),
            )
            assert.ok(answers.every(({ status }) => status === 202 || status === 200))
            await until(
                'all have ended',
                async () => {
                    const { ended, ...rest } = await states_of(crowd.server.database)
                    if (Object.keys(rest).length) throw new Error(JSON.stringify(rest))
                    return ended >= live.length
                },
                900_000,
                1000,
            )
            report.note('emptied_s', round((Date.now() - began) / 1000))
            await crowd.checker.at_rest()
            assert.equal((await crowd.fleet.usage()).containers, 0)
        },
        1_000_000,
    )
}

export default async function fleet(t) {
    const size = sizes()
    const report = new Report('fleet', root)
    report.note('sizes', size)
    const crowd = await Crowd.start({ shims: size.hosts })
    try {
        await t.test(
            `fleet: ${size.hosts} hosts come up`,
            async () => {
                await crowd.start_server()
                report.note('hosts_up_ms', await crowd.hosts_up())
                report.note('empty', meter(crowd.server.usage)())
                crowd.clients = await crowd.people(people_count)
            },
            240_000,
        )
        await fill(t, crowd, report, size)
        await idle(t, crowd, report)
        await disturbed(t, crowd, report, size)
        await restarted(t, crowd, report)
        await emptied(t, crowd, report)
        await always(t, 'fleet: SIGTERM ends the server with 0 and without complaint', () => crowd.server.stop())
    } finally {
        report.write()
        await always(t, 'fleet: leaves nothing behind', () => crowd.stop('fleet'))
    }
}
