// SPDX-License-Identifier: Apache-2.0
// The checker itself: a good picture passes, and each rule fires on a picture that was spoiled for it alone.

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { command, command_code } from '../lib/process.mjs'
import { attempts, container_of, deployment, good_picture, journal_of, labels_of, life, t0, told } from '../lib/picture.mjs'
import { always } from '../lib/tests.mjs'
import { deployment_of, look } from '../checker/gather.mjs'
import { broken, rules } from '../checker/rules.mjs'
import { Fleet } from '../shim/fleet.mjs'
import { Recorder } from '../checker/recorder.mjs'
import { until } from '../../api/lib/wait.mjs'

const root = fileURLToPath(new URL('../../../', import.meta.url))

// Rule → what breaks it: each changes a good picture.
const mutations = [
    [
        'I-1',
        'a container of no session',
        (p) =>
            p.hosts[0].containers.push({ ...container_of('s9', 1002), State: 'created' }) &&
            (p.reported[0].used = 1),
        ['I-13'],
    ],
    [
        'I-1',
        'a container of an ended session',
        (p) => p.hosts[1].containers.push({ ...container_of('s3', 1002), State: 'exited' }),
        ['I-13'],
    ],
    ['I-1', 'a container of an older generation', (p) => (p.sessions[0].generation = 2)],
    [
        'I-1',
        'a container on a host that is not its session’s',
        (p) => p.hosts[1].containers.push({ ...container_of('s1', 1002), Id: 'c-twin', State: 'paused' }),
        ['I-13'],
    ],
    ['I-2', 'a ready session without container', (p) => p.hosts[0].containers.pop(), ['I-13']],
    ['I-2', 'a ready session whose container does not run', (p) => (p.hosts[0].containers[0].State = 'exited')],
    ['I-2', 'a ready session whose container is another one', (p) => (p.sessions[0].container = 'c-other')],
    [
        'I-3',
        'two live sessions of one owner',
        (p) => p.events.push(...journal_of('s4', 31).map((move) => ({ ...move, subject: 'u-s1' }))),
    ],
    [
        'I-3',
        'two containers of one owner at once',
        (p) => {
            const other = told('b', 's5', 'start', t0 + 5)
            other.labels['io.berth.owner'] = 'local/u-s1/rfb'
            p.log.push(other)
        },
    ],
    ['I-3', 'a former attempt made after the next one', (p) => p.log.push(...attempts(t0 + 4, t0 + 3))],
    ['I-4', 'a container was started twice', (p) => p.log.push(told('a', 's1', 'start', t0 + 9)), ['I-3']],
    ['I-5', 'a move that does not exist', (p) => p.events.splice(1, 2)],
    ['I-5', 'life after the end', (p) => p.events.push({ ...journal_of('s3', 41, ['ready'])[0], at: t0 + 99 })],
    ['I-5', 'a row that is not where its journal ends', (p) => (p.sessions[0].state = 'creating')],
    [
        'I-6',
        'a start long past its limit',
        (p) => {
            Object.assign(p.sessions[0], { state: 'starting', start_deadline: t0 + 10_000 })
            p.events.splice(3, 1)
        },
    ],
    [
        'I-6',
        'a stop that does not end',
        (p) => {
            p.sessions[0].state = 'stopping'
            p.events.push({ ...journal_of('s1', 51, ['stopping'])[0], at: t0 + 5 })
        },
    ],
    [
        'I-6',
        'an accepted request without a row',
        (p) => p.requests.push({ method: 'POST', path: '/api/v1/sessions', status: 202, json: { id: 'lost' } }),
    ],
    [
        'I-8',
        'a port twice on one host',
        (p) => {
            p.hosts[0].containers.push({ ...container_of('foreign', 1001), Labels: {} })
        },
    ],
    ['I-13', 'a place that nobody has', (p) => (p.reported[0].used = 2)],
    ['I-13', 'more than there is room for', (p) => (p.reported[1].capacity = 0.5)],
    [
        'I-19',
        'the network of an ended session',
        (p) =>
            p.hosts[1].networks.push({
                Id: 'n',
                Name: 'own-s3',
                Labels: labels_of('s3', 1, { 'io.berth.network': 'own' }),
            }),
    ],
    [
        'I-19',
        'two shared networks',
        (p) =>
            p.hosts[0].networks.push(
                ...['n1', 'n2'].map((Name) => ({
                    Id: Name,
                    Name,
                    Labels: { 'io.berth.deployment': deployment, 'io.berth.network': 'shared' },
                })),
            ),
    ],
    [
        'I-22',
        'a bystander is gone',
        (p) => p.bystanders.push({ host: 'a', id: 'c-foreign', state: 'running', started: 'x', started_now: 'x' }),
    ],
    [
        'I-22',
        'a bystander was restarted',
        (p) => p.bystanders.push({ host: 'a', id: 'c-s1', state: 'running', started: 'x', started_now: 'y' }),
    ],
    ['I-24', 'ended as dead without a death', (p) => p.log.pop()],
    ['I-24', 'ended as dead before the death', (p) => (p.log.at(-1).at = t0 + 5000)],
    [
        'I-24',
        'ended as dead on a host that lost its power before',
        (p) => {
            p.log.pop()
            p.blackouts.push({ host: 'b', at: t0 - 1 })
        },
    ],
    [
        'I-25',
        'a session went on meanwhile',
        (p) => {
            p.earlier = structuredClone(p)
            p.earlier.sessions[0].state = 'starting'
        },
    ],
    [
        'I-25',
        'a container was replaced meanwhile',
        (p) => {
            p.earlier = structuredClone(p)
            p.earlier.hosts[0].containers[0].Id = 'c-before'
        },
    ],
]

const exemptions = [
    [
        'an older generation may still run where nobody could be asked, until it is found',
        (p) => {
            p.log.push({ ...told('b', 's1', 'start', t0 + 9, 2), container: 'c-s1-2' })
        },
    ],
    ['a former attempt that its engine starts late', (p) => p.log.push(...attempts(t0 + 1, t0 + 3))],
    [
        'an owner is released five seconds after the stop began',
        (p) => {
            p.log.splice(3, 1)
            p.sessions.splice(2, 1)
            const next = told('a', 's6', 'start', t0 + 5010)
            next.labels['io.berth.owner'] = 'local/u-s3/rfb'
            p.log.push(next)
        },
    ],
    [
        'what a replaced engine ran ended with it',
        (p) => {
            p.sessions[2].end_reason = 'host_lost'
            p.events.slice(-2).forEach((move) => (move.cause = 'host_lost'))
            p.log.pop()
            p.blackouts.push({ host: 'b', at: t0 + 3 })
            p.sessions[1].container = 'c-s2'
        },
    ],
    [
        'a container that was restarted by hand',
        (p) => {
            p.log.push(told('a', 's1', 'die', t0 + 8), told('a', 's1', 'start', t0 + 9))
            p.exempt.restarted.push('s1')
        },
    ],
    [
        'a host that cannot be asked proves nothing',
        (p) => {
            p.hosts[0].is_reachable = false
            p.hosts[0].containers.pop()
        },
    ],
]

async function on_pictures(t) {
    await t.test('checker: a good picture breaks no rule', () =>
        Promise.resolve(assert.deepEqual(broken(good_picture()), [])),
    )
    for (const [rule, what, spoil, also = []] of mutations)
        await t.test(`${rule} checker: fires on ${what}`, async () => {
            const picture = good_picture()
            spoil(picture)
            const found = broken(picture)
            assert.deepEqual(found.map(({ id }) => id).sort(), [rule, ...also].sort(), JSON.stringify(found))
            assert.ok(found.find(({ id }) => id === rule).rows.length > 0)
        })
    for (const [what, change] of exemptions)
        await t.test(`checker: accepts: ${what}`, async () => {
            const picture = good_picture()
            change(picture)
            assert.deepEqual(broken(picture), [])
        })
    await t.test('checker: every rule has a picture that breaks it', async () => {
        const tried = new Set(mutations.map(([rule]) => rule))
        assert.deepEqual(
            rules.map(({ id }) => id).filter((id) => !tried.has(id)),
            [],
        )
    })
}

// A database with the program's own tables, engines that are shims, and the command.
async function on_a_database(t) {
    const folder = mkdtempSync(join(tmpdir(), 'berth-checker-'))
    const database = join(folder, 'berth.db')
    const fleet = await Fleet.start(1, { by_ssh: false })
    const [host] = fleet.hosts
    await host.set({ pace: 0 })
    const sql = (text) => command(['sqlite3', database], { input: text })
    const insert = (id, container, state) =>
        sql(`INSERT INTO sessions (id, version, generation, realm, subject, slot, requested_by, template, name, spec,
            policy, idempotency_key, state, created_at, state_since, stages, host, placement_note, container,
            extensions_used, last_input_at, end_message, end_detail, stop_attempts, holds_slot)
            VALUES ('${id}', 1, 1, 'local', 'u', 'rfb', 'u', 'rfb', '', '{}', '{}', '', '${state}', 1, 1, '[]',
            '${host.name}', '', '${container}', 0, 1, '', '', 0, 0);
            INSERT INTO events (at, type, session, realm, subject, slot, from_state, to_state, actor, cause)
            SELECT 1, 't', '${id}', 'local', 'u', 'rfb', '', value, '', ''
            FROM json_each('["queued","creating","starting","ready","stopping","ended"]')
            WHERE key <= ${life.indexOf(state)};`)
    const ask = () =>
        command_code([
            'node',
            join(root, 'tests/cluster/checker/main.mjs'),
            database,
            `${host.name}=${host.socket}`,
        ])
    try {
        const migrations = join(root, 'src/store/migrations')
        for (const name of readdirSync(migrations).sort()) await sql(readFileSync(join(migrations, name), 'utf8'))
        await sql(`INSERT INTO meta VALUES ('deployment_id', '${deployment}')`)
        await t.test('checker: reads the program’s database and an engine; all is well', async () => {
            assert.equal(await deployment_of(database), deployment)
            const body = { Image: 'berth/test-rfb:latest', Labels: labels_of('s1'), HostConfig: {} }
            const { json } = await host.engine.request('POST', '/containers/create?name=one', { body })
            await host.engine.request('POST', `/containers/${json.Id}/start`)
            await insert('s1', json.Id, 'ready')
            const { code, out } = await ask()
            assert.equal(code, 0, out)
            assert.match(out, new RegExp(`\\n${rules.length} passed, 0 failed\\n$`))
        })
        await t.test('checker: prints the rows of an orphan and of a ghost', async () => {
            const body = { Image: 'berth/test-rfb:latest', Labels: labels_of('nobody'), HostConfig: {} }
            await host.engine.request('POST', '/containers/create?name=orphan', { body })
            await insert('ghost', 'c-ghost', 'ready')
            const { code, out } = await ask()
            assert.equal(code, 1)
            assert.match(out, /FAILED {3}I-1 .*\n.*"session":"nobody"/)
            assert.match(out, /FAILED {3}I-2 .*\n.*"id":"ghost"/)
            // Both belong to one owner, which the journal says too.
            assert.match(out, new RegExp(`\\n${rules.length - 3} passed, 3 failed\\n$`))
        })
        await t.test('checker: the recorder has every event once, also after its stream broke', async () => {
            const recorder = new Recorder([host])
            await host.cut()
            const body = { Image: 'berth/test-rfb:latest', Labels: labels_of('s2'), HostConfig: {} }
            await until(
                'a second create',
                async () =>
                    (await host.engine.request('POST', '/containers/create?name=two', { body })).status === 201,
            )
            await host.engine.request('POST', '/containers/two/start')
            await until('the start was told', () =>
                recorder.log.some(({ action, labels }) => action === 'start' && labels.name === 'two'),
            )
            await host.cut()
            await host.engine
                .request('POST', '/containers/two/kill')
                .catch(() => host.engine.request('POST', '/containers/two/kill'))
            await until('the death was told', () =>
                recorder.log.some(({ action, labels }) => action === 'die' && labels.name === 'two'),
            )
            recorder.stop()
            const mine = recorder.log.filter(({ labels }) => labels.name === 'two').map(({ action }) => action)
            assert.deepEqual(mine, ['create', 'start', 'die', 'kill'])
            const seen = await look({ database, hosts: [host] })
            assert.equal(seen.hosts[0].containers.length, 3)
        })
    } finally {
        rmSync(folder, { recursive: true, force: true })
        await always(t, 'checker: its engine leaves nothing', () => fleet.stop())
    }
}

export default async function checker(t) {
    await on_pictures(t)
    await on_a_database(t)
}
