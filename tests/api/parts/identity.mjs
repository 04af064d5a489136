// SPDX-License-Identifier: Apache-2.0
// Signing in, cookies, tokens, accounts, and the defence against other sites' pages.

import assert from 'node:assert/strict'
import { operations } from '../lib/contract.mjs'
import { Browser } from '../lib/http.mjs'
import { admin_password, with_server } from '../lib/server.mjs'

const foreign_origins = [
    'https://evil.example',
    'null',
    'http://127.0.0.1',
    'http://127.0.0.1:1',
    'https://127.0.0.1:PORT',
    'http://127.0.0.1:PORT.evil.example',
    'http://evil.example:PORT',
    'http://user@127.0.0.1:PORT',
    'http://127.0.0.1:PORT/',
    'HTTP://127.0.0.1:PORT',
    'http://localhost.evil.example:PORT',
]

async function signing_in(t, server) {
    await t.test('login: right password gives 204 and a cookie that scripts cannot read', async () => {
        const answer = await new Browser(server).post('/api/v1/login', {
            username: 'admin',
            password: admin_password,
        })
        assert.equal(answer.status, 204)
        const [cookie, ...attributes] = answer.headers['set-cookie'][0].split('; ')
        assert.match(cookie, /^berth=[A-Za-z0-9_-]{43}$/)
        assert.deepEqual(attributes.sort(), ['HttpOnly', 'Path=/', 'SameSite=Lax'])
        assert.equal(answer.headers['cache-control'], 'no-store')
    })

    await t.test('login: behind a trusted TLS proxy the cookie is __Host- and Secure', async () => {
        const headers = { 'X-Forwarded-Proto': 'https', Origin: `https://127.0.0.1:${server.port}` }
        const browser = new Browser(server)
        const answer = await browser.post(
            '/api/v1/login',
            { username: 'admin', password: admin_password },
            { headers },
        )
        assert.equal(answer.status, 204)
        const [cookie, ...attributes] = answer.headers['set-cookie'][0].split('; ')
        assert.match(cookie, /^__Host-berth=/)
        assert.deepEqual(attributes.sort(), ['HttpOnly', 'Path=/', 'SameSite=Lax', 'Secure'])
        browser.credential.cookie = cookie
        assert.equal((await browser.get('/api/v1/me', { headers })).status, 200)
        assert.equal((await browser.get('/api/v1/me')).status, 401, 'the TLS cookie without TLS')
    })

    await t.test(
        'login: a host name that is not ours is 421, one of ours without TLS 403, before the password is looked at',
        async () => {
            const at = (name, password) =>
                new Browser(server).post(
                    '/api/v1/login',
                    { username: 'admin', password },
                    { headers: { Host: `${name}:${server.port}`, Origin: `http://${name}:${server.port}` } },
                )
            for (const password of [admin_password, 'wrong-password']) {
                assert.equal((await at('elsewhere.example', password)).status, 421)
                const answer = await at('desk.example', password)
                assert.equal(answer.status, 403)
                assert.equal(answer.headers['set-cookie'], undefined)
            }
        },
    )

    await t.test('login: wrong password, unknown name and odd names give the same 401', async () => {
        const bodies = []
        for (const username of ['admin', 'nobody', "' OR 1=1 --", '', 'ädmin', 'a\u0000b', '../admin']) {
            const answer = await new Browser(server).post(
                '/api/v1/login',
                { username, password: 'wrong-password-1' },
                { headers: { 'X-Forwarded-For': '198.51.100.1' } },
            )
            assert.equal(answer.status, 401, username)
            assert.equal(answer.json.code, 'unauthenticated')
            assert.equal(answer.json.detail, 'Name or password is wrong.')
            assert.equal(answer.headers['set-cookie'], undefined)
            bodies.push(answer.json.detail)
        }
        assert.equal(new Set(bodies).size, 1, bodies.join(' | '))
    })

    await t.test('login: the name is not a matter of case', async () => {
        const answer = await new Browser(server).post('/api/v1/login', {
            username: 'ADMIN',
            password: admin_password,
        })
        assert.equal(answer.status, 204)
    })

    await t.test('login: guessing is slowed down with 429 and Retry-After, from that address only', async () => {
        await server.person('guessed')
        const guess = (address, password) =>
            new Browser(server).post(
                '/api/v1/login',
                { username: 'guessed', password },
                { headers: { 'X-Forwarded-For': address } },
            )
        const statuses = []
        for (let i = 0; i < 12; ++i) statuses.push((await guess('198.51.100.2', `wrong-password-${i}`)).status)
        assert.equal(statuses[0], 401)
        const last = await guess('198.51.100.2', 'canary-guessed-password')
        assert.equal(last.status, 429, `after ${statuses}: even the right password waits`)
        assert.equal(last.json.code, 'rate_limited')
        assert.ok(Number(last.headers['retry-after']) >= 1)
        assert.equal(
            (await guess('127.0.0.1', 'canary-guessed-password')).status,
            204,
            'the person at their usual place',
        )
    })

    await t.test('logout: the cookie is worthless afterwards and is taken away', async () => {
        const browser = await server.sign_in()
        const answer = await browser.post('/api/v1/logout')
        assert.equal(answer.status, 204)
        assert.match(answer.headers['set-cookie'][0], /^berth=; .*Max-Age=0/)
        assert.equal((await browser.get('/api/v1/me')).status, 401)
    })

    await t.test('cookies: garbage, a token as cookie, a cookie as token, two cookies are all 401', async () => {
        const { cookie } = (await server.sign_in()).credential
        const value = cookie.split('=')[1]
        for (const credential of [
            { cookie: 'berth=x' },
            { cookie: `berth=${'A'.repeat(43)}` },
            { cookie: `berth=${value.slice(1)}` },
            { cookie: `${cookie}; ${cookie}` },
            { token: value },
            { token: '' },
            { token: `brt_${value}` },
        ]) {
            const answer = await new Browser(server, credential).get('/api/v1/me')
            assert.equal(answer.status, 401, JSON.stringify(Object.keys(credential)))
            assert.match(answer.headers['www-authenticate'], /^Bearer/)
        }
    })
}

async function other_sites(t, server) {
    const admin = await server.sign_in()
    const before = async () =>
        JSON.stringify([
            (await admin.get('/api/v1/users')).json.items.map(({ last_login_at, ...rest }) => rest),
            (await admin.get('/api/v1/hosts')).json.items.map(({ state }) => state),
            (await admin.get('/api/v1/sessions?owner=all')).json.items,
            (await admin.get('/api/v1/tokens')).json,
        ])
    const bodies = {
        '/api/v1/users': { username: 'forged', password: 'forged-password' },
        '/api/v1/sessions': { template: 'rfb' },
        '/api/v1/tokens': { name: 'forged' },
        '/api/v1/me/password': { current_password: admin_password, new_password: 'forged-password' },
        '/api/v1/users/{name}': { disabled: true },
        '/api/v1/login': { username: 'admin', password: admin_password },
    }
    const values = { '{id}': 'a'.repeat(26), '{name}': 'admin' }
    const mutating = operations.filter(({ method }) => method !== 'GET')
    const target = (path) => path.replace(/\{\w+\}/, (word) => (path.includes('hosts') ? 'local' : values[word]))

    for (const { method, path } of mutating) {
        await t.test(
            `T-71 A-11: ${method} ${path} by cookie is refused from other sites, nothing happens`,
            async () => {
                const untouched = await before()
                const options = { json: bodies[path] ?? (method === 'DELETE' ? undefined : {}) }
                for (const origin of foreign_origins.map((text) => text.replace('PORT', server.port)))
                    assert.equal(
                        (await admin.request(method, target(path), { ...options, headers: { Origin: origin } }))
                            .status,
                        403,
                        origin,
                    )
                if (path !== '/api/v1/login')
                    assert.equal(
                        (await admin.request(method, target(path), { ...options, headers: { Origin: undefined } }))
                            .status,
                        403,
                        'no Origin',
                    )
                for (const site of ['cross-site', 'same-site', 'nonsense'])
                    assert.equal(
                        (
                            await admin.request(method, target(path), {
                                ...options,
                                headers: { 'Sec-Fetch-Site': site },
                            })
                        ).status,
                        403,
                        site,
                    )
                assert.equal(await before(), untouched)
            },
        )
    }

    await t.test('T-71: what a form can send is 415', async () => {
        for (const type of [
            'application/x-www-form-urlencoded',
            'text/plain',
            'multipart/form-data; boundary=x',
            'application/json-patch+json',
            'application/json, text/plain',
            undefined,
            '',
        ])
            for (const path of ['/api/v1/sessions', '/api/v1/login', '/api/v1/tokens', '/api/v1/users'])
                assert.equal(
                    (
                        await admin.request('POST', path, {
                            body: '{"template":"rfb"}',
                            headers: { 'Content-Type': type },
                        })
                    ).status,
                    415,
                    `${path} ${type}`,
                )
    })

    await t.test('T-71: a GET changes nothing, whatever it is asked for', async () => {
        const untouched = await before()
        for (const path of [
            '/api/v1/logout',
            '/api/v1/hosts/local/drain',
            '/api/v1/login',
            `/api/v1/sessions/${'a'.repeat(26)}/extend`,
        ])
            assert.equal((await admin.get(path)).status, 405, path)
        assert.equal(await before(), untouched)
    })

    await t.test('T-71: no answer allows another origin to read it', async () => {
        const answer = await admin.get('/api/v1/me', { headers: { Origin: 'https://evil.example' } })
        for (const name of Object.keys(answer.headers)) assert.ok(!name.startsWith('access-control-'), name)
        const preflight = await admin.request('OPTIONS', '/api/v1/sessions', {
            headers: { Origin: 'https://evil.example', 'Access-Control-Request-Method': 'POST' },
        })
        for (const name of Object.keys(preflight.headers)) assert.ok(!name.startsWith('access-control-'), name)
    })
}

async function tokens(t, server) {
    const person = await server.person('tokens')
    await t.test('tokens: shown once, listed without value, used by bearer, revoked for good', async () => {
        const made = await person.post('/api/v1/tokens', { name: 'ci', scopes: ['sessions'], expires_in_s: 3600 })
        assert.equal(made.status, 201)
        const life = new Date(made.json.expires_at) - new Date(made.json.created_at)
        assert.equal(life, 3_600_000)
        const list = await person.get('/api/v1/tokens')
        assert.deepEqual(
            list.json.items.map(({ id }) => id),
            [made.json.id],
        )
        assert.ok(!list.text.includes(made.json.token))
        const robot = new Browser(server, { token: made.json.token })
        assert.equal((await robot.get('/api/v1/me')).json.username, 'tokens')
        assert.equal((await robot.get('/api/v1/tokens')).status, 403, 'a token makes no tokens')
        assert.equal((await person.delete(`/api/v1/tokens/${made.json.id}`)).status, 204)
        assert.equal((await robot.get('/api/v1/me')).status, 401)
        assert.equal((await person.delete(`/api/v1/tokens/${made.json.id}`)).status, 404)
    })

    await t.test('tokens: bearer needs no Origin, since no browser sends it by itself', async () => {
        const { token } = (await person.post('/api/v1/tokens', { name: 'bot', scopes: ['sessions'] })).json
        const answer = await new Browser(server, { token }).post(
            '/api/v1/sessions',
            { template: 'nothing' },
            { headers: { Origin: undefined } },
        )
        assert.equal(answer.status, 404)
    })

    await t.test('tokens: somebody else cannot revoke mine', async () => {
        const { id } = (await person.post('/api/v1/tokens', { name: 'mine' })).json
        assert.equal((await (await server.person('thief')).delete(`/api/v1/tokens/${id}`)).status, 404)
        assert.ok((await person.get('/api/v1/tokens')).json.items.some((token) => token.id === id))
    })

    await t.test('tokens: bad names, scopes and lives are 400 at their field', async () => {
        for (const [body, pointer] of [
            [{ name: 'A b' }, '/name'],
            [{ name: 'x', scopes: [] }, '/scopes'],
            [{ name: 'x', scopes: ['root'] }, '/scopes'],
            [{ name: 'x', scopes: 'sessions' }, '/scopes'],
            [{ name: 'x', expires_in_s: 0 }, '/expires_in_s'],
            [{ name: 'x', expires_in_s: -1 }, '/expires_in_s'],
            [{ name: 'x', expires_in_s: 1.5 }, '/expires_in_s'],
            [{ name: 'x', expires_in_s: 9e15 }, '/expires_in_s'],
            [{ scopes: ['sessions'] }, '/name'],
        ]) {
            const answer = await person.post('/api/v1/tokens', body)
            assert.equal(answer.status, 400, JSON.stringify(body))
            assert.ok(
                answer.json.errors.some((error) => error.pointer === pointer),
                answer.text,
            )
        }
    })

    await t.test('tokens: an admin scope does not lift a user', async () => {
        const { token } = (await person.post('/api/v1/tokens', { name: 'lift', scopes: ['admin'] })).json
        const robot = new Browser(server, { token })
        assert.equal((await robot.get('/api/v1/users')).status, 403)
        assert.equal((await robot.get('/metrics')).status, 403)
    })
}

async function accounts(t, server) {
    const admin = await server.sign_in()
    await t.test('users: made, listed, same name in another case is 409', async () => {
        const made = await admin.post('/api/v1/users', {
            username: 'Ann@example.org',
            password: 'canary-ann-password',
            role: 'operator',
        })
        assert.equal(made.status, 201)
        assert.deepEqual(
            [made.json.username, made.json.role, made.json.disabled],
            ['Ann@example.org', 'operator', false],
        )
        const twice = await admin.post('/api/v1/users', {
            username: 'ANN@example.org',
            password: 'canary-ann-password',
        })
        assert.equal(twice.status, 409)
        assert.equal(twice.json.code, 'already_exists')
        assert.ok(
            (await admin.get('/api/v1/users')).json.items.some(({ username }) => username === 'Ann@example.org'),
        )
    })

    await t.test('users: disabling ends sign-in, cookie and tokens at once', async () => {
        const person = await server.person('gone')
        const { token } = (await person.post('/api/v1/tokens', { name: 'x' })).json
        const robot = new Browser(server, { token })
        assert.equal((await robot.get('/api/v1/me')).status, 200)
        const changed = await admin.patch('/api/v1/users/gone', { disabled: true })
        assert.equal(changed.json.disabled, true)
        assert.equal((await person.get('/api/v1/me')).status, 401)
        assert.equal((await robot.get('/api/v1/me')).status, 401)
        const again = await new Browser(server).post('/api/v1/login', { username: 'gone', password: person.password })
        assert.equal(again.status, 401)
        assert.equal((await admin.patch('/api/v1/users/gone', { disabled: false })).status, 200)
        await server.sign_in('gone', person.password)
    })

    await t.test('users: a new role ends the sign-ins, so that no old right survives', async () => {
        const person = await server.person('raised')
        assert.equal((await admin.patch('/api/v1/users/raised', { role: 'operator' })).json.role, 'operator')
        assert.equal((await person.get('/api/v1/hosts')).status, 401)
        const raised = await server.sign_in('raised', person.password)
        assert.equal((await raised.get('/api/v1/hosts')).status, 200)
    })

    await t.test('users: the last administrator can neither be disabled nor lowered', async () => {
        for (const change of [{ disabled: true }, { role: 'user' }]) {
            const answer = await admin.patch('/api/v1/users/admin', change)
            assert.equal(answer.status, 409)
            assert.equal(answer.json.code, 'conflict')
        }
        assert.equal((await admin.get('/api/v1/users')).status, 200)
    })

    await t.test('users: a change is whole or not at all', async () => {
        const person = await server.person('whole')
        // Whatever the outcome: the other tests need this administrator.
        const put_back = async () => {
            const changed = await new Browser(server).post('/api/v1/login', {
                username: 'admin',
                password: 'canary-other-password',
            })
            if (changed.status !== 204) return
            const [cookie] = changed.headers['set-cookie'][0].split(';')
            const back = await new Browser(server, { cookie }).put('/api/v1/me/password', {
                current_password: 'canary-other-password',
                new_password: admin_password,
            })
            admin.credential.cookie = server.admin.credential.cookie = back.headers['set-cookie'][0].split(';')[0]
        }
        const answer = await admin.patch('/api/v1/users/admin', { password: 'canary-other-password', disabled: true })
        assert.equal(answer.status, 409)
        const login = await new Browser(server).post('/api/v1/login', { username: 'admin', password: admin_password })
        await put_back()
        assert.equal(login.status, 204, 'the refused change has not set the password')
        const short = await admin.patch('/api/v1/users/whole', { role: 'operator', password: 'short' })
        assert.equal(short.status, 400)
        assert.equal((await person.get('/api/v1/me')).json.role, 'user', 'the bad password has not changed the role')
    })

    await t.test('password: changed by its owner with the old one; all sign-ins end, the answer brings a new one', async () => {
        const person = await server.person('careful')
        const other = await server.sign_in('careful', person.password)
        assert.equal(
            (
                await person.put('/api/v1/me/password', {
                    current_password: 'wrong-password',
                    new_password: 'canary-new-password',
                })
            ).status,
            403,
        )
        assert.equal(
            (await person.put('/api/v1/me/password', { current_password: person.password, new_password: 'short' }))
                .status,
            400,
        )
        const changed = await person.put('/api/v1/me/password', {
            current_password: person.password,
            new_password: 'canary-new-password',
        })
        assert.equal(changed.status, 204)
        assert.match(changed.headers['set-cookie'][0], /^berth=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/)
        const [cookie] = changed.headers['set-cookie'][0].split(';')
        server.secrets.add(cookie.split('=')[1])
        assert.notEqual(cookie, person.credential.cookie)
        assert.equal((await new Browser(server, { cookie }).get('/api/v1/me')).status, 200)
        assert.equal((await person.get('/api/v1/me')).status, 401, 'a stolen cookie ends with the old password')
        assert.equal((await other.get('/api/v1/me')).status, 401)
        await server.sign_in('careful', 'canary-new-password')
    })

    await t.test('users: bad names and passwords are 400 at their field', async () => {
        const good = 'canary-good-password'
        for (const [body, pointer] of [
            [{ username: '../x', password: good }, '/username'],
            [{ username: 'a'.repeat(65), password: good }, '/username'],
            [{ username: 'x y', password: good }, '/username'],
            [{ username: '', password: good }, '/username'],
            [{ username: 'ok', password: 'short' }, '/password'],
            [{ username: 'ok', password: 'x'.repeat(257) }, '/password'],
            [{ username: 'ok', password: good, role: 'root' }, '/role'],
            [{ username: 'ok' }, '/password'],
            [{ username: 1, password: good }, '/username'],
            [{ username: 'ok', password: good, id: 'x' }, '/id'],
            [{ username: 'ok', password: good, disabled: true }, '/disabled'],
            [{ username: 'ok', password: good, password_hash: 'x' }, '/password_hash'],
        ]) {
            const answer = await admin.post('/api/v1/users', body)
            assert.equal(answer.status, 400, JSON.stringify(body))
            assert.ok(
                answer.json.errors.some((error) => error.pointer === pointer),
                answer.text,
            )
        }
        assert.ok(!(await admin.get('/api/v1/users')).json.items.some(({ username }) => username === 'ok'))
    })

    await t.test('users: an unknown one is 404, also with odd names', async () => {
        for (const name of ['nobody', 'no%20body', '%27;--', '%C3%A4'])
            assert.equal((await admin.patch(`/api/v1/users/${name}`, { disabled: true })).status, 404, name)
    })
}

export default async function identity(t) {
    await with_server(
        t,
        'identity',
        { server: { trusted_proxies: ['127.0.0.1'], public_url: 'https://desk.example' } },
        async (server) => {
            await signing_in(t, server)
            await tokens(t, server)
            await accounts(t, server)
            await other_sites(t, server)
        },
    )
}
