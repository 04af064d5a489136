// SPDX-License-Identifier: Apache-2.0
// What bad input gets: a clear 4xx problem, nothing changed, nothing leaked, a metric.

import assert from 'node:assert/strict'
import { complaints, operations } from '../lib/contract.mjs'
import { Browser, raw } from '../lib/http.mjs'
import { with_server } from '../lib/server.mjs'

const canary = 'canary-2f6b1c'

async function bodies(t, server, person) {
    const good = {
        '/api/v1/sessions': { template: 'rfb' },
        '/api/v1/tokens': { name: 'x' },
        '/api/v1/users': { username: 'x', password: `${canary}-password` },
        '/api/v1/users/{name}': { disabled: true },
        '/api/v1/me/password': { current_password: 'x', new_password: `${canary}-password` },
        '/api/v1/login': { username: 'admin', password: `${canary}-password` },
        '/api/v1/sessions/{id}/extend': {},
        '/api/v1/sessions/{id}/ticket': {},
        '/api/v1/hosts': { name: 'x', endpoint: 'unix:///nowhere.sock' },
        '/api/v1/hosts/{name}': { weight: 1 },
        '/api/v1/hosts/{name}/maintenance': {},
        '/api/v1/hosts/{name}/drain': {},
        '/api/v1/hosts/{name}/host-key': { fingerprint: `SHA256:${'A'.repeat(43)}` },
        '/api/v1/hosts/{name}/pull': { template: 'rfb' },
        '/api/v1/docker-contexts/import': { names: ['x'] },
        '/api/v1/hosts-file': { text: 'workspace_hosts: [{hostname: x}]' },
    }
    // Names of columns and of other views: none may be smuggled in.
    const protected_names = [
        'id',
        'role_id',
        'is_admin',
        'owner',
        'realm',
        'subject',
        'state',
        'host',
        'container',
        'image',
        'env',
        'spec',
        'policy',
        'lease',
        'deadline',
        'lease_end',
        'generation',
        'version',
        'password_hash',
        'hash',
        'user',
        'created_at',
        'expires_at',
        'extensions_used',
        'idempotency_key',
        '__proto__',
        'constructor',
        '',
        'Template',
        'template ',
        'команда',
    ]

    for (const { method, path } of operations.filter(({ operation }) => operation.requestBody)) {
        const target = path.replace('{id}', person.live).replace('{name}', path.includes('/hosts/') ? 'local' : 'nobody')
        await t.test(`T-24 bad input: ${method} ${path} refuses every unknown field by its name`, async () => {
            for (const name of protected_names) {
                const body = JSON.stringify({ ...good[path] }).replace(
                    /\}$/,
                    `${Object.keys(good[path]).length ? ',' : ''}${JSON.stringify(name)}:"${canary}"}`,
                )
                const answer = await server.admin.request(method, target, {
                    body,
                    headers: { 'Content-Type': 'application/json' },
                })
                assert.equal(answer.status, 400, `${name}: ${answer.text}`)
                assert.equal(answer.json.code, 'invalid_input')
                assert.ok(
                    answer.json.errors?.some(({ pointer }) => pointer === `/${name}`),
                    `${name}: ${answer.text}`,
                )
                assert.ok(!answer.text.includes(canary))
            }
        })

        await t.test(`bad input: ${method} ${path} refuses what is no JSON object`, async () => {
            for (const body of [
                '',
                '{',
                '[]',
                'null',
                '"x"',
                '1',
                'true',
                '{"a":1',
                '{"a":}',
                "{'a':1}",
                '{"a":1}{"b":2}',
                '{"a":1,}',
                '\u0000',
                '\ufeff{}',
                'NaN',
                '{"a":NaN}',
                '['.repeat(10000),
                `{"a":${'{"a":'.repeat(40)}1${'}'.repeat(40)}}`,
                '{"\ud800":1}',
                Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
            ]) {
                const answer = await server.admin.request(method, target, {
                    body,
                    headers: { 'Content-Type': 'application/json' },
                })
                const may_be_empty = body === '' && /\/(extend|ticket|maintenance|drain)$/.test(path)
                if (!may_be_empty)
                    assert.equal(answer.status, 400, `${String(body).slice(0, 40)}: ${answer.status} ${answer.text}`)
            }
            if (/(maintenance|drain)$/.test(path)) await server.admin.post('/api/v1/hosts/local/resume')
        })
    }

    await t.test('bad input: wrong types are 400 at their field, all fields at once', async () => {
        for (const value of [1, 1.5, true, [], {}, ['x'], -1e300]) {
            const answer = await person.post('/api/v1/sessions', {
                template: value,
                slot: value,
                name: value,
                resolution: value,
            })
            assert.equal(answer.status, 400)
            assert.deepEqual(answer.json.errors.map(({ pointer }) => pointer).sort(), [
                '/name',
                '/resolution',
                '/slot',
                '/template',
            ])
        }
        for (const body of [{}, { template: null }, { slot: 'x' }])
            assert.equal((await person.post('/api/v1/sessions', body)).json.errors[0].pointer, '/template')
    })

    await t.test('bad input: odd names, slots, resolutions and templates never start anything', async () => {
        const odd = [
            "'; DROP TABLE sessions; --",
            '"',
            'a\nb',
            'a\u0000b',
            '../../etc/passwd',
            '..',
            '%2e%2e',
            '$(touch /tmp/x)',
            '`id`',
            '<img src=x onerror=alert(1)>',
            '日本語',
            '\u202e',
            'x'.repeat(64),
            'UPPER',
            ' x',
            'x ',
            '-x',
            '_x',
            '{{7*7}}',
            '%s%n',
            '💥',
        ]
        const before = server.rows('SELECT count(*) FROM sessions')[0][0]
        for (const text of odd) {
            assert.equal((await person.post('/api/v1/sessions', { template: text })).status, 404, `template ${text}`)
            assert.equal(
                (await person.post('/api/v1/sessions', { template: 'rfb', slot: text })).status,
                400,
                `slot ${text}`,
            )
        }
        for (const text of [
            '800',
            '800x',
            'x600',
            '800x600x24',
            '800X600',
            '0x0',
            '-800x600',
            '800x600;id',
            '1024x768',
            '99999x99999',
            '８００x600',
        ])
            assert.equal(
                (await person.post('/api/v1/sessions', { template: 'rfb', slot: 'res', resolution: text })).status,
                400,
                text,
            )
        for (const text of ['a\nb', 'a\u0000b', '\u007f', '\u001b[31m', 'x'.repeat(81), 'ä'.repeat(41)])
            assert.equal(
                (await person.post('/api/v1/sessions', { template: 'rfb', slot: 'name', name: text })).status,
                400,
                JSON.stringify(text),
            )
        assert.equal(server.rows('SELECT count(*) FROM sessions')[0][0], before)
    })

    await t.test('bad input: a name with quotes, markup and unicode is kept as it is, for display', async () => {
        const name = `"><script>'&amp; 日本 💥`
        const { id } = await person.start('rfb', { slot: 'named', name })
        assert.equal((await person.session(id)).name, name)
        await person.stop(id)
    })
}

async function addresses(t, server, person) {
    await t.test('bad input: unknown and malformed session ids are the same 404', async () => {
        const details = new Set()
        for (const id of [
            'a'.repeat(26),
            'a'.repeat(25),
            'a'.repeat(27),
            'A'.repeat(26),
            '0'.repeat(26),
            "'",
            '%27',
            '%00',
            '%0a',
            '%252e%252e',
            'x%20y',
            '%F0%9F%92%A5',
            '..%5c..',
        ])
            for (const [method, tail] of [
                ['GET', ''],
                ['DELETE', ''],
                ['POST', '/extend'],
                ['POST', '/ticket'],
            ]) {
                const answer = await person.request(method, `/api/v1/sessions/${id}${tail}`)
                assert.ok(
                    answer.status === 404 || (answer.status === 400 && /%(00|0a|5c)/.test(id)),
                    `${method} ${id}${tail}: ${answer.status}`,
                )
                if (answer.status === 404) details.add(answer.json.detail)
            }
        assert.equal(details.size, 1, [...details].join(' | '))
    })

    await t.test('bad input: targets that are not canonical are refused before any rule looks at them', async () => {
        for (const target of [
            '/api/v1/../v1/users',
            '/api/v1/sessions/../users',
            '/api//v1/users',
            '/api/v1/%2e%2e/v1/users',
            '/api/v1/users%2f',
            '/api/v1/sessions/%2e%2e%2fusers',
            '/api/v1/./users',
            '/api\\v1\\users',
            '/api/v1/users%',
            '/api/v1/users%zz',
            '/api/v1/users%00',
            '/%61pi/v1/../users',
        ]) {
            const { status } = await raw(
                server,
                `GET ${target} HTTP/1.1\r\nHost: ${server.host}\r\nCookie: ${server.admin.credential.cookie}\r\nConnection: close\r\n\r\n`,
            )
            assert.equal(status, 400, target)
        }
    })

    await t.test('bad input: an unknown path of the API is a 404 problem for every method', async () => {
        for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH'])
            for (const path of [
                '/api/v1/nothing',
                '/api/v2/sessions',
                '/api/',
                '/api/v1/sessions/a/b/c',
                '/api/v1/me/',
            ]) {
                const answer = await server.admin.request(method, path)
                assert.deepEqual([answer.status, answer.json?.code], [404, 'not_found'], `${method} ${path}`)
            }
    })

    await t.test('bad input: another method on a known path is 405 with Allow', async () => {
        for (const path of new Set(operations.map((one) => one.path))) {
            const answer = await server.admin.request('PURGE', path.replace(/\{\w+\}/, 'a'))
            assert.equal(answer.status, 405, path)
            const methods = operations.filter((one) => one.path === path).map((one) => one.method)
            for (const method of methods)
                assert.ok(answer.headers.allow.split(', ').includes(method), `${path}: ${answer.headers.allow}`)
        }
    })

    await t.test('bad input: queries out of bounds are 400', async () => {
        for (const query of [
            'limit=0',
            'limit=501',
            'limit=-1',
            'limit=x',
            'limit=',
            'limit=1e2',
            'limit=99999999999999999999',
            'state=any',
            'state=',
            'owner=you',
            'after=yesterday',
            'after=',
            'after=2026-13-01T00:00:00.000Z',
            'state=live&state',
            `after=${"'".repeat(3)}`,
        ])
            if (query !== 'state=live&state')
                assert.equal((await person.get(`/api/v1/sessions?${query}`)).status, 400, query)
        for (const query of ['tail=0', 'tail=5001', 'tail=x'])
            assert.equal((await server.admin.get(`/api/v1/sessions/${person.live}/logs?${query}`)).status, 400, query)
        assert.equal((await person.get('/api/v1/events?scope=some')).status, 400)
    })
}

async function http(t, server) {
    const host = `Host: ${server.host}\r\n`
    const json = 'Content-Type: application/json\r\n'
    const cookie = `Cookie: ${server.admin.credential.cookie}\r\nOrigin: ${server.origin}\r\n`
    const cases = [
        ['no request at all', 'nonsense\r\n\r\n', [400]],
        ['no Host', 'GET /healthz HTTP/1.1\r\n\r\n', [400]],
        ['two Hosts', `GET /healthz HTTP/1.1\r\n${host}${host}\r\n`, [400]],
        ['a bad Host', 'GET /healthz HTTP/1.1\r\nHost: a b\r\n\r\n', [400]],
        ['HTTP/3.0', `GET /healthz HTTP/3.0\r\n${host}\r\n`, [400, 505]],
        ['a space in a field name', `GET /healthz HTTP/1.1\r\n${host}X : y\r\n\r\n`, [400]],
        ['a folded field', `GET /healthz HTTP/1.1\r\n${host}X: y\r\n z\r\n\r\n`, [400]],
        [
            'two lengths',
            `POST /api/v1/login HTTP/1.1\r\n${host}${json}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`,
            [400],
        ],
        [
            'length and chunks',
            `POST /api/v1/login HTTP/1.1\r\n${host}${json}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
            [400],
        ],
        ['a negative length', `POST /api/v1/login HTTP/1.1\r\n${host}${json}Content-Length: -1\r\n\r\n`, [400]],
        ['a length with a sign', `POST /api/v1/login HTTP/1.1\r\n${host}${json}Content-Length: +2\r\n\r\n{}`, [400]],
        [
            'an unknown coding',
            `POST /api/v1/login HTTP/1.1\r\n${host}${json}Transfer-Encoding: gzip\r\n\r\n`,
            [400, 501],
        ],
        [
            'bad chunks',
            `POST /api/v1/login HTTP/1.1\r\n${host}${json}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`,
            [400],
        ],
        [
            'too large a body by its word',
            `POST /api/v1/sessions HTTP/1.1\r\n${host}${json}${cookie}Content-Length: 99999999999\r\n\r\n`,
            [413],
        ],
        ['too long a target', `GET /${'a'.repeat(5000)} HTTP/1.1\r\n${host}\r\n`, [414, 431]],
        ['too long a head', `GET /healthz HTTP/1.1\r\n${host}X: ${'a'.repeat(20000)}\r\n\r\n`, [431]],
        [
            'too many fields',
            `GET /healthz HTTP/1.1\r\n${host}${Array.from({ length: 100 }, (_, i) => `X${i}: y\r\n`).join('')}\r\n`,
            [431],
        ],
        [
            'an unknown expectation',
            `POST /api/v1/login HTTP/1.1\r\n${host}${json}Expect: magic\r\nContent-Length: 2\r\n\r\n{}`,
            [417],
        ],
        ['bare line feeds', `GET /healthz HTTP/1.1\n${host.replace('\r', '')}\n`, [400]],
        ['a zero byte', `GET /healthz\u0000 HTTP/1.1\r\n${host}\r\n`, [400]],
        ['CONNECT', `CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n`, [400, 405]],
        ['a TLS greeting', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000', [400, 0]],
    ]
    for (const [what, bytes, statuses] of cases)
        await t.test(`bad input: ${what} is ${statuses.filter(Boolean).join(' or ')}`, async () => {
            const answer = await raw(server, bytes)
            assert.ok(statuses.includes(answer.status), `${answer.status} ${answer.text.slice(0, 200)}`)
            if (answer.json) assert.deepEqual(complaints(answer.json, 'components', 'schemas', 'Problem'), [])
        })

    await t.test('bad input: a body beyond the limit is 413, announced or in chunks', async () => {
        const body = JSON.stringify({ template: 'x'.repeat(70_000) })
        assert.equal(
            (
                await server.admin.request('POST', '/api/v1/sessions', {
                    body,
                    headers: { 'Content-Type': 'application/json' },
                })
            ).status,
            413,
        )
        const chunked = await server.admin.request('POST', '/api/v1/sessions', {
            body,
            headers: { 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' },
        })
        assert.equal(chunked.status, 413)
    })

    await t.test('bad input: a smuggled second request is not answered as one of ours', async () => {
        const answer = await raw(
            server,
            `POST /api/v1/login HTTP/1.1\r\n${host}${json}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /version HTTP/1.1\r\n${host}\r\n`,
        )
        assert.ok(!answer.text.includes('berth","version'))
        assert.equal(answer.status, 400)
    })
}

export default async function bad_input(t) {
    await with_server(t, 'bad input', { quota: { max_sessions_per_user: 0 } }, async (server) => {
        const person = await server.person('ann')
        server.secrets.add(canary)
        person.live = (await person.start_ready('rfb', { slot: 'live' })).id
        const users = JSON.stringify(
            (await server.admin.get('/api/v1/users')).json.items.map(({ username, role }) => [username, role]),
        )
        const refused = () => server.metric('berth_http_requests_total', { code: '400' })
        const before = await refused()
        await bodies(t, server, person)
        await addresses(t, server, person)
        await http(t, server)
        await t.test('bad input: was counted', async () =>
            assert.ok((await refused()) - before > 300, String((await refused()) - before)),
        )
        await t.test('bad input: changed nothing', async () => {
            assert.equal(
                JSON.stringify(
                    (await server.admin.get('/api/v1/users')).json.items.map(({ username, role }) => [
                        username,
                        role,
                    ]),
                ),
                users,
            )
            assert.equal((await person.session(person.live)).state, 'ready')
            assert.equal((await server.containers()).length, 1)
            assert.equal((await person.session(person.live)).lease.extensions_used <= 3, true)
        })
        await t.test('bad input: labels of metrics come from closed lists', async () => {
            const { token } = server.metrics_token
            const { text } = await new Browser(server, { token }).get('/metrics')
            assert.ok(!text.includes('nothing') && !text.includes('PURGE') && !text.includes('evil'))
        })
        await person.stop(person.live)
    })
}
