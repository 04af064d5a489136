// SPDX-License-Identifier: Apache-2.0
// From the browser to the desktop: tickets, origins, pixels, input, rights, and how tunnels end.

import assert from 'node:assert/strict'
import { containers_of, docker, witness } from '../lib/engine.mjs'
import { raw } from '../lib/http.mjs'
import { Viewer } from '../lib/rfb.mjs'
import { with_server } from '../lib/server.mjs'
import { pause, until } from '../lib/wait.mjs'

const viewers_of = async (person, id) => (await person.session(id)).viewers

async function refused_with(server, options) {
    try {
        const viewer = await Viewer.open(server, options)
        viewer.leave()
        return 101
    } catch (error) {
        return error.status
    }
}

async function pixels(t, server, owner, id) {
    await t.test('gateway: RFB 3.8 with None only, then the four quadrants of the test picture', async () => {
        const viewer = await Viewer.connect(server, { ticket: await owner.ticket(id) })
        assert.equal(viewer.socket.protocol, 'binary')
        assert.deepEqual(viewer.security_types, [1])
        assert.deepEqual([viewer.width, viewer.height], [800, 600])
        const picture = await viewer.picture()
        const corners = [
            [5, 5],
            [795, 5],
            [5, 595],
            [795, 595],
        ].map(([x, y]) => viewer.colour(picture, x, y))
        assert.deepEqual(corners, [
            [192, 48, 48],
            [48, 160, 48],
            [48, 80, 192],
            [208, 192, 48],
        ])
        const before = viewer.colour(picture, 400, 300)
        viewer.pointer(7, 9, 1)
        await until('the cell in the middle changes', async () => {
            const next = await viewer.picture()
            return String(viewer.colour(next, 400, 300)) !== String(before)
        })
        viewer.leave()
    })

    await t.test('gateway: keys, pointer and clipboard reach the desktop, clipboard comes back', async () => {
        const viewer = await Viewer.connect(server, { ticket: await owner.ticket(id) })
        viewer.key(65)
        viewer.key(65, false)
        viewer.pointer(11, 22, 1)
        viewer.cut('canary cut')
        const head = await viewer.take(8)
        assert.equal(head[0], 3)
        assert.equal((await viewer.take(head.readUInt32BE(4))).toString('latin1'), 'canary cut')
        const seen = await until('the witness saw it', async () => {
            const all = await witness(id)
            return all.some((one) => one.event === 'cut') && all
        })
        assert.ok(seen.some((one) => one.event === 'key' && one.key === 65 && one.down))
        assert.ok(seen.some((one) => one.event === 'pointer' && one.x === 11 && one.y === 22 && one.buttons === 1))
        viewer.leave()
    })
}

async function tickets(t, server, owner, id) {
    await t.test('T-70 gateway: only our own Origin opens a tunnel, and a refused one costs no ticket', async () => {
        const ticket = await owner.ticket(id)
        for (const origin of [
            'https://evil.example',
            'null',
            'http://127.0.0.1',
            `https://127.0.0.1:${server.port}`,
            `http://127.0.0.1:${server.port}.evil.example`,
            `http://evil.example:${server.port}`,
            `http://127.0.0.1:${server.port + 1}`,
            `http://user@127.0.0.1:${server.port}`,
            `http://127.0.0.1.:${server.port}`,
        ])
            assert.equal(await refused_with(server, { ticket, origin }), 403, origin)
        assert.equal(await refused_with(server, { ticket, origin: '' }), 403, 'no Origin')
        assert.equal(await refused_with(server, { ticket }), 101)
    })

    await t.test('gateway: without sub-protocols, ticket or upgrade nothing opens', async () => {
        const ticket = await owner.ticket(id)
        for (const protocols of [
            [],
            ['binary'],
            [`berth.ticket.${ticket}`],
            ['binary', 'berth.ticket.'],
            ['binary', `berth.ticket.${ticket}`, 'berth.ticket.another'],
            ['binary', `berth.ticket.${'x'.repeat(200)}`],
        ])
            assert.equal(await refused_with(server, { protocols }), 401, String(protocols))
        const plain = await owner.get('/gateway/rfb', { headers: { Origin: server.origin } })
        assert.equal(plain.status, 400)
        assert.match(plain.headers['content-type'], /^application\/problem\+json/)
        assert.equal(plain.json.code, 'invalid_input')
        assert.equal(plain.json.request_id, plain.headers['x-request-id'])
        const strange = await owner.get('/gateway/rfb', { headers: { Origin: 'https://evil.example' } })
        assert.deepEqual([strange.status, strange.json.code], [403, 'forbidden'])
        assert.equal(await refused_with(server, { ticket }), 101, 'the ticket was not spent')
    })

    await t.test(
        'gateway: a ticket opens once; the second one, an invented one and a foreign one get 1013',
        async () => {
            const ticket = await owner.ticket(id)
            const first = await Viewer.connect(server, { ticket })
            for (const again of [ticket, 'A'.repeat(43)]) {
                const viewer = await Viewer.open(server, { ticket: again })
                assert.deepEqual(await viewer.closed(), { code: 1013, reason: 'ticket' })
            }
            assert.equal(first.close, null)
            first.leave()
        },
    )

    await t.test('gateway: of thirty tries at the same instant one ticket opens one tunnel', async () => {
        const ticket = await owner.ticket(id)
        const tries = await Promise.all(Array.from({ length: 30 }, () => Viewer.open(server, { ticket })))
        const outcomes = await Promise.all(
            tries.map((viewer) =>
                Promise.race([
                    viewer.closed().then(() => 'closed'),
                    viewer.shake_hands().then(
                        () => 'open',
                        () => 'closed',
                    ),
                ]),
            ),
        )
        assert.equal(outcomes.filter((one) => one === 'open').length, 1)
        for (const viewer of tries) viewer.leave()
    })

    await t.test('gateway: a ticket does not outlive the sign-in that asked for it', async () => {
        const second = await server.sign_in(owner.username, owner.password)
        const ticket = await second.ticket(id)
        await second.post('/api/v1/logout')
        assert.equal((await (await Viewer.open(server, { ticket })).closed()).code, 1013)
    })
}

async function rights(t, server, owner, id) {
    await t.test(
        'A-13 gateway: a view-only tunnel shows everything and drops keys, pointer, clipboard and resize',
        async () => {
            const looking = await Viewer.connect(server, {
                ticket: await server.admin.ticket(id, { rights: 'view' }),
            })
            const picture = await looking.picture()
            assert.deepEqual(looking.colour(picture, 5, 5), [192, 48, 48])
            const before = (await witness(id)).length
            looking.key(0x51)
            looking.pointer(333, 222, 7)
            looking.cut('must not arrive')
            looking.send(Buffer.from([251, 0, 2, 128, 1, 224, 1, 0, ...new Array(16).fill(0)])) // SetDesktopSize
            await looking.picture() // answered after all of the above was read
            const acting = await Viewer.connect(server, { ticket: await owner.ticket(id) })
            acting.key(0x7a)
            const seen = await until('the owner’s key arrives', async () => {
                const all = (await witness(id)).slice(before)
                return all.some((one) => one.key === 0x7a) && all
            })
            assert.deepEqual(
                seen.filter((one) => one.event !== 'client' && one.key !== 0x7a),
                [],
            )
            assert.equal(looking.close, null, 'dropping is silent')
            for (const viewer of [looking, acting]) viewer.leave()
        },
    )

    await t.test('gateway: viewers are counted by their rights and leave the count', async () => {
        await until('nobody is left', async () => (await viewers_of(owner, id)).control === 0)
        const [one, two] = [
            await Viewer.connect(server, { ticket: await owner.ticket(id) }),
            await Viewer.connect(server, { ticket: await owner.ticket(id, { rights: 'view' }) }),
        ]
        await until('one and one', async () => {
            const { control, view } = await viewers_of(owner, id)
            return control === 1 && view === 1
        })
        one.leave()
        two.socket.close(1000)
        await until('none', async () => {
            const { control, view } = await viewers_of(owner, id)
            return control === 0 && view === 0
        })
    })

    await t.test('gateway: a foreign session gives no ticket, whatever is asked for', async () => {
        const stranger = await server.person('stranger')
        for (const body of [{}, { rights: 'view' }, { rights: 'control' }, { endpoint: 'desktop' }])
            assert.equal((await stranger.post(`/api/v1/sessions/${id}/ticket`, body)).status, 404)
        assert.equal((await owner.post(`/api/v1/sessions/${id}/ticket`, { endpoint: 'nothing' })).status, 404)
        assert.equal((await owner.post(`/api/v1/sessions/${id}/ticket`, { rights: 'all' })).status, 400)
    })
}

async function bounds(t, server, owner) {
    await t.test('gateway: the 33rd viewer of a session gets 4429, and finds a place when one leaves', async () => {
        const { id } = await owner.start_ready('rfb', { slot: 'crowded' })
        const viewers = []
        for (let i = 0; i < 32; ++i) viewers.push(await Viewer.connect(server, { ticket: await owner.ticket(id) }))
        await until('all are counted', async () => (await viewers_of(owner, id)).control === 32)
        const refused = await Viewer.open(server, { ticket: await owner.ticket(id) })
        assert.deepEqual(await refused.closed(), { code: 4429, reason: 'too many connections' })
        viewers.pop().leave()
        await until('one has left', async () => (await viewers_of(owner, id)).control === 31)
        viewers.push(await Viewer.connect(server, { ticket: await owner.ticket(id) }))
        for (const viewer of viewers) viewer.leave()
        await owner.stop(id)
    })
}

// After everything above that was refused.
async function counted(t, server) {
    await t.test('gateway: who was not let in is counted by reason, and so are broken protocols', async () => {
        const { text } = await server.admin.get('/metrics')
        const value = (name) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1])
        for (const reason of ['origin', 'request', 'ticket', 'full'])
            assert.ok(value(`berth_gateway_refused_total{reason="${reason}"}`) > 0, reason)
        assert.equal(value('berth_gateway_refused_total{reason="stopping"}'), 0)
        assert.equal(text.match(/^berth_gateway_refused_total\{/gm).length, 6)
        assert.ok(value('berth_gateway_protocol_violations_total') > 0)
    })
}

async function ends(t, server, owner) {
    const open = async (id, who = owner) => Viewer.connect(server, { ticket: await who.ticket(id) })

    await t.test('gateway: the tunnel stays open while the session is extended', async () => {
        const { id, deadline } = await owner.start_ready('rfb', { slot: 'extended' })
        const viewer = await open(id)
        assert.equal((await owner.post(`/api/v1/sessions/${id}/extend`, {})).status, 200)
        assert.equal(new Date((await owner.session(id)).deadline) - new Date(deadline), 600_000)
        await viewer.picture(0, 0, 16, 16)
        assert.equal(viewer.close, null)
        assert.equal((await owner.delete(`/api/v1/sessions/${id}`)).status, 202)
        assert.deepEqual(await viewer.closed(), { code: 4410, reason: 'you' })
        await owner.reach(id, 'ended')
        assert.deepEqual(await containers_of(id), [])
    })

    await t.test('gateway: an administrator’s stop says so', async () => {
        const { id } = await owner.start_ready('rfb', { slot: 'taken' })
        const viewer = await open(id)
        await server.admin.delete(`/api/v1/sessions/${id}`)
        assert.deepEqual(await viewer.closed(), { code: 4410, reason: 'admin' })
        await owner.reach(id, 'ended')
    })

    await t.test('gateway: a removed container closes with 4410, nothing hangs', async () => {
        const { id } = await owner.start_ready('rfb', { slot: 'removed' })
        const viewer = await open(id)
        await docker('rm', '-f', (await containers_of(id))[0])
        const { code } = await viewer.closed()
        assert.ok([4410, 4502].includes(code), String(code))
        await until('the end', async () => (await owner.session(id)).state === 'ended')
    })

    await t.test('gateway: signing out cuts the tunnels of that sign-in with 4401, others stay', async () => {
        const { id } = await owner.start_ready('rfb', { slot: 'signed-out' })
        const second = await server.sign_in(owner.username, owner.password)
        const [leaving, staying] = [await open(id, second), await open(id)]
        await second.post('/api/v1/logout')
        assert.equal((await leaving.closed()).code, 4401)
        await staying.picture(0, 0, 16, 16)
        staying.leave()
        await owner.stop(id)
    })

    await t.test('gateway: disabling an account cuts its tunnels with 4401', async () => {
        const person = await server.person('cut')
        const { id } = await person.start_ready('rfb')
        const viewer = await open(id, person)
        await server.admin.patch('/api/v1/users/cut', { disabled: true })
        assert.equal((await viewer.closed()).code, 4401)
        await server.admin.stop(id)
    })
}

async function nonsense(t, server, owner, id) {
    const head = (ticket, more = '') =>
        `GET /gateway/rfb HTTP/1.1\r\nHost: ${server.host}\r\nOrigin: ${server.origin}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}\r\nSec-WebSocket-Protocol: binary, berth.ticket.${ticket}\r\n${more}\r\n`

    await t.test('gateway: malformed handshakes are 4xx and cost no ticket', async () => {
        const ticket = await owner.ticket(id)
        const good = head(ticket)
        for (const [bytes, status] of [
            [good.replace('Version: 13', 'Version: 8'), 400],
            [good.replace(/Key: .*\r/, 'Key: short\r'), 400],
            [good.replace('Upgrade: websocket', 'Upgrade: h2c'), 400],
            [good.replace('HTTP/1.1', 'HTTP/1.0'), 400], // RFC 9110 7.8: no upgrade from 1.0
            [good.replace('GET', 'POST'), 405],
        ])
            assert.equal((await raw(server, bytes)).status, status, bytes)
        assert.equal(await refused_with(server, { ticket }), 101)
    })

    await t.test('gateway: bytes that are no WebSocket frames or no RFB end the tunnel, not the server', async () => {
        for (const garbage of [
            Buffer.from('GET / HTTP/1.1\r\n\r\n'),
            Buffer.from([0xff, 0xff, 0xff, 0xff]),
            Buffer.from([0x82, 0x05, 1, 2, 3, 4, 5]),
            Buffer.from([0xf2, 0x85, 0, 0, 0, 0, 1, 2, 3, 4, 5]),
            Buffer.from([0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]),
        ]) {
            const ticket = await owner.ticket(id)
            const viewer = await Viewer.open(server, { ticket })
            await viewer.take(12)
            viewer.socket._socket.write(garbage)
            await viewer.closed()
        }
        for (const [what, act] of [
            ['text', (viewer) => viewer.socket.send('RFB 003.008\n')],
            ['another version', (viewer) => viewer.send(Buffer.from('RFB 003.00x\n'))],
            ['an HTTP request', (viewer) => viewer.send(Buffer.from('GET / HTTP/1.1\r\n\r\n'))],
        ]) {
            const viewer = await Viewer.open(server, { ticket: await owner.ticket(id) })
            await viewer.take(12)
            act(viewer)
            const { code } = await viewer.closed()
            assert.ok([1002, 1003, 1007, 1011].includes(code) || code >= 4000, `${what}: ${code}`)
        }
        const viewer = await Viewer.connect(server, { ticket: await owner.ticket(id) })
        viewer.send(Buffer.from([99, 1, 2, 3])) // no such message
        await viewer.closed()
        assert.equal((await owner.session(id)).state, 'ready')
        const after = await Viewer.connect(server, { ticket: await owner.ticket(id) })
        await after.picture(0, 0, 8, 8)
        after.leave()
    })
}

export default async function gateway(t) {
    await with_server(t, 'gateway', { quota: { max_sessions_per_user: 0 } }, async (server) => {
        const owner = await server.person('ann')
        const { id } = await owner.start_ready('rfb')
        const early = { ticket: await owner.ticket(id), at: Date.now() }
        await pixels(t, server, owner, id)
        await tickets(t, server, owner, id)
        await rights(t, server, owner, id)
        await nonsense(t, server, owner, id)
        await bounds(t, server, owner)
        await counted(t, server)
        await ends(t, server, owner)
        await t.test('gateway: a ticket that nobody used in 30 s is spent', async () => {
            await pause(Math.max(0, early.at + 31_000 - Date.now()))
            assert.deepEqual(await (await Viewer.open(server, { ticket: early.ticket })).closed(), {
                code: 1013,
                reason: 'ticket',
            })
        })
        await t.test('gateway: a web endpoint gives an address of its own host, no tunnel path', async () => {
            const { id: web } = await owner.start_ready('web')
            const { json } = await owner.post(`/api/v1/sessions/${web}/ticket`, {})
            assert.deepEqual([json.protocol, json.websocket_path], ['web', null])
            assert.equal(json.enter_url, `http://${web}.apps.localhost:${server.port}/.berth/enter`)
            assert.equal((await (await Viewer.open(server, { ticket: json.ticket })).closed()).code, 4404)
        })
        await t.test('gateway: SIGTERM tells viewers 1012, and sessions stay', async () => {
            const viewer = await Viewer.connect(server, { ticket: await owner.ticket(id) })
            server.terminate()
            assert.equal((await viewer.closed()).code, 1012)
            assert.equal((await containers_of(id)).length, 1)
        })
    })
}
