// SPDX-License-Identifier: Apache-2.0
// The command line against a running server, over its admin socket and over a token; exit codes.

import assert from 'node:assert/strict'
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { containers_of } from '../lib/engine.mjs'
import { Browser, send } from '../lib/http.mjs'
import { with_server } from '../lib/server.mjs'
import { until } from '../lib/wait.mjs'

const json_of = ({ out }) => JSON.parse(out)

async function good(server, ...words) {
    const result = await server.run(...words)
    assert.equal(result.code, 0, `${words.join(' ')}: ${result.text}`)
    return result
}

async function refused(server, code, ...words) {
    const result = await server.run(...words)
    assert.equal(result.code, code, `${words.join(' ')}: ${JSON.stringify(result)}`)
    assert.equal(result.out, '', 'nothing on standard output')
    assert.ok(result.err.length > 0)
    return result
}

async function desktops(t, server, person) {
    await t.test('cli: session list, show, extend, stop work on everybody’s sessions', async () => {
        const { id, deadline } = await person.start_ready('rfb')
        assert.ok((await good(server, 'session', 'list')).out.includes(id))
        assert.deepEqual((await good(server, 'session', 'list', '-o', 'name')).out.trim().split('\n'), [id])
        const [listed] = json_of(await good(server, 'session', 'list', '--json'))
        assert.deepEqual([listed.id, listed.host, listed.mine], [id, 'local', false])
        assert.equal(json_of(await good(server, 'session', 'show', id, '--json')).state, 'ready')
        const extended = json_of(await good(server, 'session', 'extend', id, '--json'))
        assert.equal(new Date(extended.deadline) - new Date(deadline), 600_000)
        assert.deepEqual(json_of(await good(server, 'session', 'logs', id, '--json')).lines !== undefined, true)
        await refused(server, 2, 'session', 'stop', id)
        assert.equal((await person.session(id)).state, 'ready', 'without --yes nothing happens')
        await good(server, 'session', 'stop', id, '--yes')
        const { end } = await until('the end', async () => {
            const session = await person.session(id)
            return session.state === 'ended' && session
        })
        assert.equal(end.reason, 'admin_request')
        assert.deepEqual(await containers_of(id), [])
        assert.ok((await good(server, 'session', 'list', '--state', 'ended', '-o', 'name')).out.includes(id))
        await refused(server, 5, 'session', 'extend', id)
    })

    await t.test('cli: what is not there is 3, wrong usage is 2', async () => {
        for (const words of [
            ['session', 'show', 'a'.repeat(26)],
            ['session', 'extend', 'x'],
            ['session', 'stop', 'x', '--yes'],
            ['session', 'start', 'nothing'],
            ['host', 'test', 'nowhere'],
            ['user', 'disable', 'nobody', '--yes'],
        ])
            await refused(server, 3, ...words)
        for (const words of [
            ['session'],
            ['session', 'fly'],
            ['session', 'show'],
            ['session', 'list', '--state', 'all-of-them'],
            ['nothing'],
            ['session', 'list', '-o', 'xml'],
            ['session', 'show', '../users'],
            ['host', 'drain', 'local'],
        ])
            await refused(server, 2, ...words)
    })

    await t.test('cli: the admin socket is for its owner only, and forgets no input rule', async () => {
        assert.equal(statSync(server.socket).mode & 0o777, 0o600)
        const answer = await send(
            {
                socketPath: server.socket,
                method: 'POST',
                path: '/api/v1/users',
                headers: { Host: 'x', 'Content-Type': 'application/json' },
            },
            '{"username":"../x","password":"long-enough-password"}',
        )
        assert.equal(answer.status, 400)
    })

    await t.test(
        'cli: session start by the admin socket starts a desktop that can be listed and stopped',
        async () => {
            const started = json_of(await good(server, 'session', 'start', 'rfb', '--slot', 'cli', '--json'))
            assert.ok((await good(server, 'session', 'list', '-o', 'name')).out.includes(started.id))
            await good(server, 'session', 'stop', started.id, '--yes')
            await until('the end', async () => (await server.admin.session(started.id)).state === 'ended')
        },
    )
}

async function hosts_and_users(t, server) {
    await t.test('cli: host list, show, test, drain, maintenance, resume', async () => {
        const [host] = json_of(await good(server, 'host', 'list', '--json'))
        assert.deepEqual([host.name, host.state], ['local', 'up'])
        assert.equal(json_of(await good(server, 'host', 'show', 'local', '--json')).name, 'local')
        assert.match((await good(server, 'host', 'show', 'local')).out, /Engine +\d/)
        assert.equal(json_of(await good(server, 'host', 'test', 'local', '--json')).host.state, 'up')
        assert.match((await good(server, 'host', 'test', 'local')).out, /^ok .* \d+ ms: /m)
        assert.match(json_of(await good(server, 'host', 'drain', 'local', '--yes', '--json')).state, /drain/)
        const { drain } = json_of(await good(server, 'host', 'drain', 'local', '--message', 'Save', '--until', '2h', '--yes', '--json'))
        assert.equal(drain.message, 'Save')
        assert.ok(new Date(drain.until) > Date.now() + 7_100_000, drain.until)
        const told = ['--message', 'A new disk', '--until', '2h', '--yes', '--json']
        const { maintenance } = json_of(await good(server, 'host', 'maintenance', 'local', ...told))
        assert.equal(maintenance.message, 'A new disk')
        const hours = (new Date(maintenance.until) - Date.now()) / 3_600_000
        assert.ok(hours > 1.9 && hours <= 2, maintenance.until)
        assert.equal(json_of(await good(server, 'host', 'resume', 'local', '--json')).state, 'up')
    })

    await t.test('cli: host add, edit, remove; a step that fails makes test 1', async () => {
        const endpoint = 'tcp://127.0.0.1:1'
        const words = ['--weight', '4', '--capacity', '7', '--memory', '8g', '--cpus', '2.5', '--label', 'gpu=yes', '--json']
        const added = json_of(await good(server, 'host', 'add', 'dead', endpoint, ...words))
        assert.deepEqual(
            [added.weight, added.sessions.capacity, added.memory.capacity_bytes, added.cpus.capacity, added.labels],
            [4, 7, 8 * 2 ** 30, 2.5, { gpu: 'yes' }],
        )
        const tested = await server.run('host', 'test', 'dead')
        assert.equal(tested.code, 1, tested.text)
        assert.match(tested.out, /^failed .*\n +→ /m)
        const edited = json_of(await good(server, 'host', 'edit', 'dead', '--weight', '2', '--label', '', '--json'))
        assert.deepEqual([edited.weight, edited.labels, edited.sessions.capacity], [2, {}, 7])
        await refused(server, 2, 'host', 'edit', 'dead')
        await refused(server, 2, 'host', 'edit', 'dead', '--memory', 'lots')
        await refused(server, 2, 'host', 'add', 'other', 'ssh://-oProxyCommand=x')
        await refused(server, 2, 'host', 'add', 'other', 'ssh://169.254.169.254')
        await refused(server, 5, 'host', 'add', 'dead', endpoint)
        await refused(server, 5, 'host', 'edit', 'local', '--weight', '2')
        await refused(server, 5, 'host', 'accept-key', 'dead', '--accept-new')
        await refused(server, 2, 'host', 'remove', 'dead')
        await good(server, 'host', 'remove', 'dead', '--yes')
        await refused(server, 3, 'host', 'show', 'dead')
    })

    await t.test('cli: user add by standard input, list, role, disable, enable, passwd', async () => {
        const input = 'canary-cli-password\n'
        server.secrets.add('canary-cli-password')
        const made = await server.run_with({ input }, 'user', 'add', 'cli', '--password-stdin', '--json')
        assert.equal(made.code, 0, made.text)
        assert.ok(!made.text.includes('canary-cli-password'))
        await Browser.sign_in(server, 'cli', 'canary-cli-password')
        assert.ok(json_of(await good(server, 'user', 'list', '--json')).some(({ username }) => username === 'cli'))
        assert.equal((await server.run_with({ input }, 'user', 'add', 'CLI', '--password-stdin')).code, 5)
        assert.equal(
            (await server.run_with({ input: 'short\n' }, 'user', 'add', 'other', '--password-stdin')).code,
            2,
        )
        assert.equal(json_of(await good(server, 'user', 'role', 'cli', 'operator', '--json')).role, 'operator')
        await good(server, 'user', 'disable', 'cli', '--yes')
        const login = await new Browser(server).post('/api/v1/login', {
            username: 'cli',
            password: 'canary-cli-password',
        })
        assert.equal(login.status, 401)
        await good(server, 'user', 'enable', 'cli')
        assert.equal(
            (
                await server.run_with(
                    { input: 'canary-cli-second-password\n' },
                    'user',
                    'passwd',
                    'cli',
                    '--password-stdin',
                )
            ).code,
            0,
        )
        server.secrets.add('canary-cli-second-password')
        await Browser.sign_in(server, 'cli', 'canary-cli-second-password')
        await refused(server, 5, 'user', 'disable', 'admin', '--yes')
    })

    await t.test('cli: token add, list, remove over the admin socket, for an account that is named', async () => {
        assert.equal((await server.run('token', 'add', 'ci')).code, 2, 'whose?')
        assert.equal((await server.run('token', 'add', 'ci', '--user', 'nobody')).code, 3)
        const made = await good(server, 'token', 'add', 'ci', '--user', 'ann', '--scope', 'sessions:read')
        const token = made.out.trim()
        server.secrets.add(token)
        assert.equal((await new Browser(server, { token }).get('/api/v1/me')).json.username, 'ann')
        const [listed] = json_of(await good(server, 'token', 'list', '--user', 'ann', '--json'))
        assert.deepEqual([listed.name, listed.scopes, listed.token], ['ci', ['sessions:read'], undefined])
        await good(server, 'token', 'remove', listed.id, '--user', 'ann', '--yes')
        assert.equal((await new Browser(server, { token }).get('/api/v1/me')).status, 401)
    })

    await t.test('cli: nobody names another account by cookie or token', async () => {
        const { token } = (await server.admin.post('/api/v1/tokens', { name: 'named', scopes: ['admin'] })).json
        for (const who of [server.admin, new Browser(server, { token })])
            assert.equal((await who.post('/api/v1/tokens?user=ann', { name: 'stolen' })).status, 403)
    })

    await t.test('cli: over --url with a token from a file; its scope holds, its file must be private', async () => {
        const { token } = (await server.admin.post('/api/v1/tokens', { name: 'cli', scopes: ['sessions:read'] })).json
        const file = join(server.folder, 'token')
        writeFileSync(file, `${token}\n`, { mode: 0o600 })
        const remote = ['--url', server.origin, '--token-file', file]
        assert.equal((await server.run('session', 'list', '--json', ...remote)).code, 0)
        assert.equal((await server.run('host', 'list', ...remote)).code, 4)
        assert.equal((await server.run('session', 'start', 'rfb', ...remote)).code, 4)
        assert.equal(
            (
                await server.run_with(
                    { environment: { BERTH_TOKEN: token } },
                    'session',
                    'list',
                    '--url',
                    server.origin,
                )
            ).code,
            0,
        )
        assert.equal((await server.run('session', 'list', '--url', server.origin)).code, 4, 'without a token')
        writeFileSync(join(server.folder, 'open'), token, { mode: 0o644 })
        assert.equal(
            (await server.run('session', 'list', '--url', server.origin, '--token-file', join(server.folder, 'open')))
                .code,
            2,
        )
    })
}

async function examined(server, ...words) {
    const { code, out, err } = await server.run_with({ limit_ms: 120_000 }, 'doctor', '--json', ...words)
    return { code, err, report: JSON.parse(out) }
}

// What was found by a container of which image.
const isolation_of = ({ checks }) =>
    checks
        .filter(({ name }) => name.startsWith('isolation'))
        .map(({ name, level, detail }) => [name, level, detail.split(', tried from ')[1]])

async function doctor(t, server) {
    await t.test('cli: doctor finds nothing wrong here, as text and as JSON', async () => {
        const { code, report, err } = await examined(server)
        assert.deepEqual(
            report.checks.filter(({ level }) => level === 'fail'),
            [],
            err,
        )
        assert.equal(code, 0)
        assert.equal(report.ok, true)
        assert.ok(report.checks.length >= 8)
        for (const { name, level, remedy } of report.checks)
            assert.ok(name && (level === 'ok' || level === 'skipped' || remedy), `${name}: ${level} without a remedy`)
        assert.equal(new Set(report.checks.map(({ name }) => name)).size, report.checks.length, 'each check once')
    })

    const proved = (image) => [
        ['isolation_host local', 'ok', image],
        ['isolation_metadata local', 'ok', image],
    ]
    await t.test('cli: doctor proves the isolation, with the test image and with any that has a shell', async () => {
        assert.deepEqual(isolation_of((await examined(server)).report), proved('berth/test-rfb:latest'))
        // What a template names comes before what is only there.
        const { report } = await examined(server, '--set', 'templates=[{"name":"desktop","image":"berth/desktop:latest"}]')
        assert.deepEqual(isolation_of(report), proved('berth/desktop:latest'))
    })

    await t.test('cli: doctor examines hosts that were added while it ran, also after it', async () => {
        await good(server, 'host', 'add', 'dead', 'tcp://127.0.0.1:1', '--json')
        const failed_of = ({ checks }) => checks.filter(({ level }) => level === 'fail').map(({ name }) => name)
        const { code, report } = await examined(server)
        assert.equal(code, 1)
        assert.ok(failed_of(report).length > 0 && failed_of(report).every((name) => name.endsWith(' dead')), report)
        await server.stop()
        const after = await examined(server)
        assert.deepEqual(failed_of(after.report), failed_of(report))
        await server.start()
        await good(server, 'host', 'remove', 'dead', '--yes')
        assert.equal((await examined(server)).code, 0)
    })

    await t.test('cli: doctor fails with 1 and a remedy when the engine is not there', async () => {
        const { code, out } = await server.run_with(
            { limit_ms: 120_000 },
            'doctor',
            '--json',
            '--set',
            'hosts=[{"name":"local","endpoint":"unix:///nonexistent/docker.sock"}]',
        )
        assert.equal(code, 1, out)
        const failed = JSON.parse(out).checks.filter(({ level }) => level === 'fail')
        assert.ok(failed.length >= 1 && failed.every(({ remedy }) => remedy), out)
    })

    await t.test('cli: config check names every problem with file, line and column, and exits with 78', async () => {
        const file = join(server.folder, 'broken.yaml')
        writeFileSync(
            file,
            [
                'server:',
                '  listen: ["127.0.0.1:99999"]',
                '  drian: 5s',
                'quota:',
                '  max_sessions_per_user: many',
                'templates:',
                '  - name: Bad Name',
                '    image: x',
                '    lease: {initial: soon}',
                '',
            ].join('\n'),
        )
        const { code, out, err } = await server.run('config', 'check', '--config', file)
        assert.equal(code, 78, err)
        assert.equal(out, '')
        for (const line of [2, 3, 5, 7, 9])
            assert.match(err, new RegExp(`broken\\.yaml:${line}:\\d+: `), `line ${line}\n${err}`)
        assert.match(err, /drain/, 'a suggestion')
        assert.equal((await server.run('serve', '--config', file)).code, 78)
    })

    await t.test('cli: without a server its commands are 69', async () => {
        for (const words of [
            ['session', 'list'],
            ['host', 'list'],
        ])
            assert.equal((await server.run('--state-dir', join(server.folder, 'elsewhere'), ...words)).code, 69)
        assert.equal((await server.run('session', 'list', '--url', 'http://127.0.0.1:1')).code, 69)
    })

    await t.test('cli: version agrees with the server', async () => {
        const { version } = (await new Browser(server).get('/version')).json
        assert.equal(json_of(await good(server, 'version', '--json')).version, version)
    })
}

export default async function cli(t) {
    await with_server(t, 'cli', { quota: { max_sessions_per_user: 0 } }, async (server) => {
        const person = await server.person('ann')
        await desktops(t, server, person)
        await hosts_and_users(t, server)
        await doctor(t, server)
    })
}
