// SPDX-License-Identifier: Apache-2.0
// Web endpoints: a container's own HTTP on a host name of its own, opened by a ticket, never on our origin.

import assert from 'node:assert/strict'
import WebSocket from 'ws'
import { send } from '../lib/http.mjs'
import { rfb, short_lease, usual_templates, with_server } from '../lib/server.mjs'
import { pause, until } from '../lib/wait.mjs'

// A browser tab at one session's host name.
class Tab {
    constructor(server, id) {
        this.server = server
        this.host = `${id}.apps.localhost:${server.port}`
    }

    request(method, path, { headers = {}, body } = {}) {
        const all = {
            Host: this.host,
            ...(this.cookie && { Cookie: this.cookie }),
            ...(body !== undefined && { 'Content-Length': Buffer.byteLength(body) }),
            ...headers,
        }
        return send({ ...this.server.address, method, path, headers: all, agent: false }, body)
    }

    // What our page does: an automatic form post, whose Origin the browser makes null.
    async enter(ticket) {
        const answer = await this.request('POST', '/.berth/enter', {
            body: `ticket=${ticket}`,
            headers: { 'Content-Type': 'application/x-www-form-urlencoded', Origin: 'null' },
        })
        if (answer.status === 303) {
            this.cookie = answer.headers['set-cookie'][0].split(';')[0]
            this.server.secrets.add(this.cookie.split('=')[1])
        }
        return answer
    }

    socket(path = '/echo', origin = `http://${this.host}`) {
        return new Promise((done, fail) => {
            const socket = new WebSocket(`ws://127.0.0.1:${this.server.port}${path}`, {
                origin,
                headers: { Host: this.host, Cookie: this.cookie },
                handshakeTimeout: 20_000,
            })
            socket.on('open', () => done(socket))
            socket.on('error', fail)
            socket.on('unexpected-response', (_, response) =>
                fail(
                    Object.assign(new Error(`refused with ${response.statusCode}`), { status: response.statusCode }),
                ),
            )
        })
    }
}

async function opening(t, server, person, id) {
    await t.test('web: a ticket opens the application once; its cookie is for this host name only', async () => {
        const ticket = await person.ticket(id)
        const tab = new Tab(server, id)
        assert.equal((await tab.request('GET', '/')).status, 403, 'without a cookie')
        const entered = await tab.enter(ticket)
        assert.deepEqual([entered.status, entered.headers.location], [303, '/'])
        const [cookie, ...attributes] = entered.headers['set-cookie'][0].split('; ')
        assert.match(cookie, /^berth_app=/)
        assert.deepEqual(attributes.sort(), ['HttpOnly', 'Path=/', 'SameSite=Lax'])
        const page = await tab.request('GET', '/')
        assert.equal(page.status, 200)
        assert.match(page.text, /Berth test application/)
        assert.notEqual((await new Tab(server, id).enter(ticket)).status, 303, 'the ticket is spent')
    })

    await t.test(
        'web: a desktop’s ticket, an invented one, another session’s host name and a GET open nothing',
        async () => {
            const { id: rfb } = await person.start_ready('rfb')
            const { id: other } = await person.start_ready('web', { slot: 'other' })
            assert.notEqual((await new Tab(server, rfb).enter(await person.ticket(rfb))).status, 303)
            assert.notEqual((await new Tab(server, id).enter('A'.repeat(43))).status, 303)
            assert.notEqual((await new Tab(server, other).enter(await person.ticket(id))).status, 303)
            const get = await new Tab(server, id).request('GET', `/.berth/enter?ticket=${await person.ticket(id)}`)
            assert.equal(get.status, 403)
            const [one, two] = [new Tab(server, id), new Tab(server, other)]
            await one.enter(await person.ticket(id))
            two.cookie = one.cookie
            assert.equal((await two.request('GET', '/')).status, 403, 'one session’s cookie at another’s name')
            await person.stop(rfb)
            await person.stop(other)
        },
    )
}

async function passing(t, server, person, id) {
    const tab = new Tab(server, id)
    await tab.enter(await person.ticket(id))

    await t.test(
        'web: neither our cookies nor a token reach the container, and nothing of a proxy is believed',
        async () => {
            const answer = await tab.request('GET', '/headers?x=1%2F2', {
                headers: {
                    Cookie: `${tab.cookie}; ${person.credential.cookie}; theirs=1`,
                    Authorization: 'Bearer brt_canary',
                    'X-Forwarded-For': '203.0.113.9',
                    'X-Request-Id': 'kept-or-not',
                    Connection: 'keep-alive, X-Hop',
                    'X-Hop': 'hop',
                },
            })
            assert.equal(answer.status, 200)
            const seen = JSON.parse(answer.text)
            assert.deepEqual([seen.path, seen.query], ['/headers', 'x=1%2F2'])
            const text = JSON.stringify(seen.headers)
            for (const secret of [tab.cookie.split('=')[1], person.credential.cookie.split('=')[1], 'brt_canary'])
                assert.ok(!text.includes(secret), text)
            assert.ok(text.includes('theirs=1'))
            assert.ok(!seen.headers.some(([name]) => name.toLowerCase() === 'x-hop'))
        },
    )

    await t.test('web: bodies pass both ways, in full', async () => {
        const body = 'x'.repeat(50_000)
        assert.equal(
            JSON.parse(
                (
                    await tab.request('POST', '/upload', {
                        body,
                        headers: { Origin: `http://${tab.host}`, 'Content-Type': 'text/plain' },
                    })
                ).text,
            ).bytes,
            50_000,
        )
        assert.equal((await tab.request('GET', '/big?bytes=3000000')).text.length, 3_000_000)
    })

    await t.test('web: other origins cannot act with the cookie', async () => {
        for (const origin of [
            'https://evil.example',
            server.origin,
            `http://${'a'.repeat(26)}.apps.localhost:${server.port}`,
            'null',
        ])
            assert.equal(
                (await tab.request('POST', '/upload', { body: 'x', headers: { Origin: origin } })).status,
                403,
                origin,
            )
        await assert.rejects(tab.socket('/echo', 'https://evil.example'), { status: 403 })
    })

    await t.test('web: our API does not answer there, the container’s pages do not answer here', async () => {
        const there = await tab.request('GET', '/api/v1/me', {
            headers: { Cookie: `${tab.cookie}; ${person.credential.cookie}` },
        })
        assert.equal(there.status, 404)
        assert.equal(there.text, 'nothing here\n', 'the container’s own answer')
        const here = await send({
            ...server.address,
            method: 'GET',
            path: '/headers',
            headers: { Host: server.host, Cookie: tab.cookie },
            agent: false,
        })
        assert.ok(!here.text.includes('"headers"'))
    })

    await t.test('web: a WebSocket is passed through, and counts as a viewer until it ends', async () => {
        const socket = await tab.socket()
        const heard = []
        socket.on('message', (data) => heard.push(data.toString()))
        for (const text of ['first', 'ä'.repeat(1000), 'x'.repeat(100_000)]) socket.send(text)
        await until('the echo', () => heard.length === 3)
        assert.deepEqual(heard, ['first', 'ä'.repeat(1000), 'x'.repeat(100_000)])
        await until('a viewer', async () => (await person.session(id)).viewers.control >= 1)
        socket.close()
    })
}

// Whoever opens an application acts in it: to look only, as staff may into a picture, there is no way.
async function watching(t, server, person, id) {
    await t.test('web: nobody gets in to look only, and staff not at all', async () => {
        const operator = await server.person('olga', 'operator')
        for (const [who, rights] of [
            [operator, 'view'],
            [operator, 'control'],
            [server.admin, 'view'],
            [server.admin, 'control'],
            [person, 'view'],
        ]) {
            const { status, json } = await who.post(`/api/v1/sessions/${id}/ticket`, { rights })
            assert.deepEqual([status, json.code], [403, 'forbidden'], `${who.username} ${rights}`)
            if (rights === 'view') assert.match(json.detail, /cannot be watched/)
        }
    })
}

async function idling(t, server, person) {
    await t.test('web: a WebSocket in use keeps the session, its pings do not', async () => {
        const { id } = await person.start_ready('web-idle')
        const tab = new Tab(server, id)
        await tab.enter(await person.ticket(id))
        const socket = await tab.socket()
        socket.on('error', () => {})
        const begin = Date.now()
        while (Date.now() - begin < 9000) {
            socket.send('key')
            await pause(500)
        }
        assert.equal((await person.session(id)).state, 'ready')
        const pings = setInterval(() => socket.ping(), 500)
        const { end } = await person.reach(id, 'ended').finally(() => clearInterval(pings))
        assert.equal(end.reason, 'idle')
    })
}

async function closing(t, server, person) {
    await t.test('web: stopping the session cuts WebSockets and makes the cookie worthless', async () => {
        const { id } = await person.start_ready('web', { slot: 'stopped' })
        const tab = new Tab(server, id)
        await tab.enter(await person.ticket(id))
        const socket = await tab.socket()
        let is_closed = false
        socket.on('close', () => (is_closed = true))
        socket.on('error', () => {})
        await person.stop(id)
        await until('the WebSocket is cut', () => is_closed)
        assert.equal((await tab.request('GET', '/')).status, 403)
    })

    await t.test('web: signing out does the same', async () => {
        const { id } = await person.start_ready('web', { slot: 'signed-out' })
        const second = await server.sign_in(person.username, person.password)
        const tab = new Tab(server, id)
        await tab.enter(await second.ticket(id))
        assert.equal((await tab.request('GET', '/health')).status, 200)
        await second.post('/api/v1/logout')
        assert.equal((await tab.request('GET', '/health')).status, 403)
        await person.stop(id)
    })
}

export default async function web(t) {
    const idle = rfb('web-idle', {
        image: 'berth/test-web:latest',
        endpoints: { app: 'web:8080' },
        lease: { ...short_lease, idle: '4s' },
    })
    const config = { quota: { max_sessions_per_user: 0 }, templates: [...usual_templates, idle] }
    await with_server(t, 'web', config, async (server) => {
        const person = await server.person('ann')
        const { id } = await person.start_ready('web')
        await opening(t, server, person, id)
        await passing(t, server, person, id)
        await watching(t, server, person, id)
        await idling(t, server, person)
        await closing(t, server, person)
        await person.stop(id)
    })
}
