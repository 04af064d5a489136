// SPDX-License-Identifier: Apache-2.0
// F-95: storms of random faults over three real hosts and the program, while people go on; after each storm everything
// heals, comes to rest, and the checker looks. BERTH_CLUSTER_SECONDS of storm; BERTH_CLUSTER_SEED repeats the faults.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { until } from '../../api/lib/wait.mjs'
import { rows_of } from '../checker/gather.mjs'
import { templates as usual_templates } from '../lib/berth.mjs'
import { with_cluster } from '../lib/cluster.mjs'
import { Report, in_parallel, round as rounded, setting } from '../lib/load.mjs'
import { Diary, Storm, plan } from '../lib/nemesis.mjs'
import { Person } from '../lib/people.mjs'
import { command } from '../lib/process.mjs'
import { Watch } from '../lib/watch.mjs'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const people_count = 6
const storm_s = 120
const back_limit_ms = 60_000 // takes part again within 30 s; then its probation
// A host whose starts failed is taken last for five minutes, but it takes part.
const back = ['up', 'degraded']
const rest_limit_ms = 180_000

// A lease that ends while the storm goes on.
const brief = {
    ...usual_templates.find(({ name }) => name === 'rfb'),
    name: 'brief',
    lease: { initial: '20s', extension: '10s', max_extensions: 1, grace: '2s', start_limit: '60s' },
}

// What went wrong, with what was done before it.
async function told(c, body) {
    try {
        await body()
    } catch (error) {
        const copy = join(root, 'build', 'cluster', 'nemesis.db')
        const saved = await command(['sqlite3', '-readonly', c.server.database, `.backup '${copy}'`]).then(
            () => copy,
            (failure) => failure.message,
        )
        for (const host of c.lab.hosts)
            await command(['cp', host.log('dockerd'), join(root, 'build', 'cluster', `nemesis-${host.name}.log`)])
        const story = `seed ${c.seed}; database: ${saved}; the last of ${c.diary.file}:\n${c.diary.last()}`
        throw new Error(`${error.message}\n${story}`, { cause: error })
    }
}

const rows = (c, query) => rows_of(c.server.database, query)

async function prepare(c) {
    // One host whose desktops outlive their engine.
    await c.host('h3').restart_engine({ live_restore: true, userland_proxy: false })
    await c.all_up()
    c.watch = new Watch(c, c.diary)
    c.newcomer = await c.server.person('newcomer')
    c.people = []
    for (let i = 0; i < people_count; ++i) {
        const browser = await c.server.person(`person${i}`)
        c.people.push(new Person(browser, c.watch, c.seed + i))
    }
    await a_new_desktop(c)
}

// Somebody is served: a new desktop comes and is used. Its id also names the bystanders that come now, on each host
// where none runs any more.
async function a_new_desktop(c) {
    const { id } = await c.ready(c.newcomer, 'first')
    await c.answers(c.newcomer, id)
    await c.newcomer.stop(id)
    for (const { name } of c.lab.hosts)
        if (!c.checker.bystanders.some((one) => one.host === name && one.state === 'running'))
            await c.checker.add_bystanders(name, c.server.deployment(), id)
}

async function rage(c, number, seconds) {
    c.watch.complaints = []
    const storm = new Storm(c, c.watch, c.diary, c.forgotten)
    storm.counts = c.faults
    c.diary.note(`--- storm ${number}, ${seconds} s, seed ${c.seed}`)
    for (const person of c.people) person.wake()
    const timer = setTimeout(() => storm.calm(), seconds * 1000)
    try {
        await storm.rage(plan(Math.imul(c.seed, 1_000_003) + number, c.lab.hosts, seconds))
    } finally {
        clearTimeout(timer)
        await Promise.all(c.people.map((person) => person.rest()))
    }
    assert.deepEqual(c.watch.complaints, [])
}

// Nothing under way, and nothing that would end by itself while the checker looks twice.
const nothing_under_way = (c) =>
    until(
        'nothing is under way',
        async () => {
            const query = `SELECT id, state, template, host FROM sessions
                WHERE state NOT IN ('ended', 'ready') OR (state = 'ready' AND template = 'brief')`
            const left = await rows(c, query)
            if (left.length) throw new Error(JSON.stringify(left))
            return true
        },
        rest_limit_ms,
        1000,
    )

async function quiet(c, number, report) {
    c.diary.note(`--- rest ${number}`)
    const began = Date.now()
    const since = () => rounded((Date.now() - began) / 1000, 1)
    await Promise.all(c.lab.hosts.map(({ name }) => c.server.host_is(name, back, back_limit_ms)))
    const back_s = since()
    await nothing_under_way(c)
    const calm_s = since()
    await c.checker.at_rest(120_000)
    const rest_s = since()
    const ready = await rows(c, "SELECT id, subject FROM sessions WHERE state = 'ready'")
    const browsers = new Map(c.people.map(({ browser }) => [browser.id, browser]))
    await in_parallel(ready, 3, ({ id, subject }) => c.answers(browsers.get(subject), id))
    await a_new_desktop(c)
    const defects = await rows(c, "SELECT id, host, end_stage, end_detail FROM sessions WHERE end_code = 'internal'")
    assert.deepEqual(defects, [], 'starts that failed by a defect of ours')
    assert.deepEqual(c.watch.complaints, [])
    const { rss_kib, descriptors } = c.server.usage()
    const rss_mib = Math.round(rss_kib / 1024)
    const measured = { back_s, calm_s, rest_s, answered: ready.length, rss_mib, descriptors }
    c.rounds.push(measured)
    report.note(`round ${number}`, measured)
    // Of what clients heard the checker needs what was accepted.
    const { heard } = c.server
    heard.splice(0, heard.length, ...heard.filter(({ method, status }) => method === 'POST' && status === 202))
}

async function sum_up(c, report) {
    const count_by = async (query) => Object.fromEntries((await rows(c, query)).map(({ key, count }) => [key, count]))
    const [{ ready }] = await rows(c, 'SELECT count(*) AS ready FROM sessions WHERE ready_at IS NOT NULL')
    const sum = (key) => c.people.reduce((total, { counts }) => total + counts[key], 0)
    report.note('faults', c.faults)
    report.note('forgotten_by_engines', c.forgotten.length)
    for (const key of Object.keys(c.people[0].counts)) report.note(key, sum(key))
    report.note('ready', ready)
    const by = (column) =>
        `SELECT coalesce(${column}, 'none') AS key, count(*) AS count FROM sessions WHERE state = 'ended' GROUP BY 1`
    report.note('ended', await count_by(by('end_reason')))
    report.note('ended_by_code', await count_by(by('end_code')))
    report.note('refusals', c.watch.refusals)
    report.note('slowest_ms', c.watch.slowest_ms)
    report.note('restarts_ms', c.watch.restarts)
    report.note('rounds', c.rounds)
}

async function storms(t, c, report, seconds) {
    const count = Math.ceil(seconds / storm_s)
    for (let number = 1; number <= count; ++number) {
        const this_s = Math.min(storm_s, seconds - (number - 1) * storm_s)
        const failed_before = t.failed
        await t.test(
            `F-95 nemesis: storm ${number} of ${count}, seed ${c.seed}: the program answers and lives`,
            () => told(c, () => rage(c, number, this_s)),
            (this_s + 240) * 1000,
        )
        await t.test(
            `F-95 I-25 nemesis: rest ${number} of ${count}: every host is back, all invariants hold, desktops answer`,
            () => told(c, () => quiet(c, number, report)),
            900_000,
        )
        // What broke stays in the journal and would break every later round too.
        if (t.failed > failed_before) break
    }
}

export default async function nemesis(t) {
    const seconds = setting('BERTH_CLUSTER_SECONDS', 600)
    const seed = setting('BERTH_CLUSTER_SEED', 1 + Math.floor(Math.random() * 1e9), 1, 2 ** 31)
    const report = new Report('nemesis', root)
    report.note('seed', seed)
    report.note('seconds', seconds)
    const options = {
        options: { relay: true },
        ways: ['h2'],
        config: { quota: { max_sessions_per_user: 3 }, templates: [...usual_templates, brief] },
    }
    await with_cluster(t, `nemesis, seed ${seed}`, 3, options, async (c) => {
        Object.assign(c, { seed, faults: {}, forgotten: [], rounds: [], diary: new Diary(root) })
        await prepare(c)
        try {
            await storms(t, c, report, seconds)
        } finally {
            await c.watch.stop()
            await sum_up(c, report)
            report.write()
        }
    })
}
