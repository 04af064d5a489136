// SPDX-License-Identifier: Apache-2.0
// Five hundred people press Start within ten seconds. What is measured goes to build/cluster/rush.json.

import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { pause, until } from '../../api/lib/wait.mjs'
import { rows_of } from '../checker/gather.mjs'
import { Lab } from '../lab/lab.mjs'
import { Crowd } from '../lib/crowd.mjs'
import { Report, meter, percentiles, round, setting, states_of } from '../lib/load.mjs'
import { always } from '../lib/tests.mjs'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const people_count = 50
const watch_ms = 1000

const sizes = () => ({
    real: setting('BERTH_CLUSTER_REAL_HOSTS', 2, 0, 10),
    shims: setting('BERTH_CLUSTER_SHIMS', 28),
    requests: setting('BERTH_CLUSTER_REQUESTS', 500),
    seconds: setting('BERTH_CLUSTER_RUSH_SECONDS', 10),
})

// Evenly over the time, each at its moment whether or not the ones before were answered.
async function press(crowd, { requests, seconds }) {
    const began = Date.now()
    const asked = Array.from({ length: requests }, async (_, i) => {
        await pause((i * seconds * 1000) / requests)
        const at = Date.now()
        const answer = await crowd.clients[i % people_count].request('POST', '/api/v1/sessions', {
            template: 'rfb',
            slot: `rush${i}`,
        })
        return { at, ...answer }
    })
    const answers = await Promise.all(asked)
    return { answers, began }
}

// The most creations that each host was ever allowed at once: it is adapted to what is measured, so what holds
// afterwards says little. Returns a function that ends the watching: { host → number }.
function watch_limits(crowd) {
    const most = {}
    let is_over = false
    const look = async () => {
        while (!is_over) {
            for (const { name, creating } of (await crowd.admin.get('/api/v1/hosts')).json.items)
                most[name] = Math.max(most[name] ?? 0, creating.capacity)
            await pause(watch_ms / 4)
        }
    }
    const looking = look()
    return async () => {
        is_over = true
        await looking
        return most
    }
}

// What people see while they wait: [{ id, at, position, estimate_s }].
function watch(crowd) {
    const seen = []
    let is_over = false
    const look = async (client) => {
        while (!is_over) {
            const { status, json } = await client.request('GET', '/api/v1/sessions')
            const at = Date.now()
            if (status === 200)
                for (const { id, queue, state } of json.items)
                    if (state === 'queued') seen.push({ id, at, ...queue })
            await pause(watch_ms)
        }
    }
    const looking = crowd.clients.map(look)
    return async () => {
        is_over = true
        await Promise.all(looking)
        return seen
    }
}

// Estimates against what came: how long it really took until the session left the queue, and until it was ready.
function errors_of(seen, rows) {
    const by_id = new Map(rows.map((row) => [row.id, row]))
    const with_estimate = seen.filter(({ estimate_s }) => typeof estimate_s === 'number')
    const placeless = seen.filter(({ position }) => !(position >= 1))
    const against = (key) => {
        const errors = with_estimate.map(({ id, at, estimate_s }) => estimate_s - (by_id.get(id)[key] - at) / 1000)
        return {
            median: round(percentiles(errors).p50, 1),
            absolute: percentiles(errors.map((error) => round(Math.abs(error), 1))),
        }
    }
    return {
        looks: seen.length,
        without_place: placeless.length,
        placeless_before_placed_s: percentiles(
            placeless.map(({ id, at }) => round((by_id.get(id).placed_at - at) / 1000, 1)),
        ),
        without_estimate: seen.length - with_estimate.length,
        until_placed_s: with_estimate.length ? against('placed_at') : null,
        until_ready_s: with_estimate.length ? against('ready_at') : null,
    }
}

// The most creations that were under way at once on each host, by what its engine told.
function creating_at_once(log) {
    const most = {}
    const now = {}
    for (const { host, action, container } of [...log].sort((a, b) => a.at - b.at)) {
        now[host] ??= new Set()
        if (action === 'create') now[host].add(container)
        if (action === 'start') now[host].delete(container)
        most[host] = Math.max(most[host] ?? 0, now[host].size)
    }
    return most
}

async function the_rush(t, crowd, report, size) {
    await t.test(
        `rush: ${size.requests} requests in ${size.seconds} s: none fails, all become ready`,
        async () => {
            const read = meter(crowd.server.usage)
            const stop_watching = watch(crowd)
            const stop_watching_limits = watch_limits(crowd)
            const { answers, began } = await press(crowd, size)
            report.note('request_ms', percentiles(answers.map(({ took_ms }) => took_ms)))
            const refused = answers.filter(({ status }) => status !== 202)
            report.note('refused', { count: refused.length, first: refused[0]?.json ?? null })
            assert.equal(refused.length, 0, JSON.stringify(refused[0]?.json))
            await until(
                'all are ready',
                async () => {
                    const { ready = 0, ended = 0, ...rest } = await states_of(crowd.server.database)
                    if (ended > 0) throw await crowd.failed()
                    if (ready < size.requests) throw new Error(`${ready} ready, ${JSON.stringify(rest)}`)
                    return true
                },
                600_000,
                500,
            )
            report.note('all_ready_s', round((Date.now() - began) / 1000))
            report.note('program', read())
            crowd.seen = await stop_watching()
            crowd.allowed = await stop_watching_limits()
            const query = `SELECT id, host, created_at, ready_at, json_extract(stages, '$[0][1]') AS placed_at
                FROM sessions`
            crowd.rows = await rows_of(crowd.server.database, query)
            report.note(
                'start_ms',
                percentiles(crowd.rows.map(({ ready_at, created_at }) => ready_at - created_at)),
            )
            report.note('fleet', await crowd.fleet.usage())
        },
        700_000,
    )
}

async function placement(t, crowd, report, { requests }) {
    await t.test('rush: each host got its share, and never more creations at once than it may have', async () => {
        const hosts = (await crowd.admin.get('/api/v1/hosts')).json.items
        const used = hosts.map(({ sessions }) => sessions.used)
        report.note('sessions_per_host', percentiles(used))
        const most = creating_at_once(crowd.checker.recorder.log)
        report.note('creating_at_once', percentiles(Object.values(most)))
        report.note('allowed_at_once', percentiles(Object.values(crowd.allowed)))
        for (const { name } of hosts)
            assert.ok(
                (most[name] ?? 0) <= crowd.allowed[name],
                `${name}: ${most[name]} at once, allowed were ${crowd.allowed[name]}`,
            )
        assert.equal(
            used.reduce((sum, count) => sum + count, 0),
            requests,
        )
    })
}

async function estimates(t, crowd, report) {
    await t.test('rush: everybody who waited saw a place and an estimate', async () => {
        report.note('estimates', errors_of(crowd.seen, crowd.rows))
        const waited = crowd.rows.filter(({ placed_at, created_at }) => placed_at - created_at > 3 * watch_ms)
        const shown = new Set(
            crowd.seen.flatMap(({ id, position, estimate_s }) => (position >= 1 && estimate_s >= 0 ? [id] : [])),
        )
        const unshown = waited.filter(({ id }) => !shown.has(id))
        report.note('waited', { count: waited.length, saw_nothing: unshown.length })
        assert.deepEqual(unshown, [])
    })
}

export default async function rush(t) {
    const size = sizes()
    const report = new Report('rush', root)
    report.note('sizes', size)
    const lab = size.real > 0 ? await Lab.start(size.real) : null
    let crowd
    try {
        crowd = await Crowd.start({ shims: size.shims, lab })
        await t.test('rush: the hosts come up', async () => {
            await crowd.start_server()
            report.note('hosts_up_ms', await crowd.hosts_up())
            crowd.clients = await crowd.people(people_count)
        })
        await the_rush(t, crowd, report, size)
        await placement(t, crowd, report, size)
        await estimates(t, crowd, report)
        await t.test('rush: the picture is right afterwards', () => crowd.checker.at_rest(120_000), 300_000)
        await always(t, 'rush: SIGTERM ends the server with 0 and without complaint', () => crowd.server.stop())
    } finally {
        report.write()
        await always(t, 'rush: leaves nothing behind', async () => {
            await crowd?.stop('rush')
            await lab?.stop()
        })
    }
}
