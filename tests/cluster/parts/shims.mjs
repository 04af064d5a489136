// SPDX-License-Identifier: Apache-2.0
// The shims themselves: the Engine API as curl sees it through ssh, desktops through a tunnel, faults, and numbers.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import { pause, until } from '../../api/lib/wait.mjs'
import { command_code } from '../lib/process.mjs'
import { always } from '../lib/tests.mjs'
import { vnc_answer } from '../shim/desktop.mjs'
import { remove_ms, start_ms } from '../shim/delays.mjs'
import { Fleet } from '../shim/fleet.mjs'

const secret = 'S3cret!x'
const config = {
    Image: 'berth/test-rfb:latest',
    Env: [],
    Labels: { 'io.berth.deployment': 'd1', 'io.berth.session': 's1' },
    HostConfig: { NetworkMode: 'bridge', PortBindings: { '5900/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] } },
}

// A tar archive with one file, as the server sends it.
function tar_of(name, content) {
    const head = Buffer.alloc(512)
    head.write(name)
    head.write('0000400\0', 100)
    head.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124)
    head[156] = '0'.charCodeAt(0)
    const body = Buffer.alloc(512)
    body.write(content)
    return Buffer.concat([head, body, Buffer.alloc(1024)])
}

async function make(host, name, more = {}) {
    const made = await host.engine.request('POST', `/containers/create?name=${name}`, {
        body: { ...config, ...more },
    })
    assert.equal(made.status, 201, made.text)
    const { Id } = made.json
    const path = `/containers/${Id}/archive?path=/`
    const put = await host.engine.request('PUT', path, {
        body: tar_of('run/berth/rfb_secret', secret),
        type: 'application/x-tar',
    })
    assert.equal(put.status, 200)
    return Id
}

const act = async (host, method, path) => (await host.engine.request(method, path)).status

// Signs in at a desktop's port; the desktop's name comes back, or 'refused'.
function look(port, password) {
    return new Promise((done, fail) => {
        const socket = net.connect(port, '127.0.0.1')
        let bytes = Buffer.alloc(0)
        let step = 0
        socket.setTimeout(10_000, () => socket.destroy(new Error('no answer from the desktop')))
        socket.on('error', fail)
        socket.on('data', (chunk) => {
            bytes = Buffer.concat([bytes, chunk])
            const steps = [
                [12, () => socket.write('RFB 003.008\n')],
                [2, () => socket.write(Buffer.from([2]))],
                [16, (challenge) => socket.write(vnc_answer(password, challenge))],
                [4, (result) => (result.readUInt32BE() === 0 ? socket.write(Buffer.from([1])) : finish('refused'))],
                [24, () => {}],
            ]
            while (step < steps.length && bytes.length >= steps[step][0]) {
                const [size, on] = steps[step++]
                const taken = bytes.subarray(0, size)
                bytes = bytes.subarray(size)
                on(taken)
            }
            if (step === steps.length && bytes.length > 0) finish(bytes.toString())
        })
        const finish = (word) => {
            socket.destroy()
            done(word)
        }
    })
}

// A local end of a tunnel: { path or port, close() }.
async function tunnel(fleet, host, forward, is_open) {
    const words = [
        '-F',
        join(fleet.client, 'config'),
        '-N',
        '-L',
        forward,
        '-p',
        String(host.sshd.port),
        'root@127.0.0.1',
    ]
    const child = spawn('ssh', words, { stdio: 'ignore' })
    await until('the tunnel is open', is_open, 10_000)
    return () => child.kill()
}

async function api(t, fleet) {
    const [host, other] = fleet.hosts
    await t.test('shims: curl reaches an engine by ssh; each one has an id of its own', async () => {
        const local = join(fleet.folder, 'forward.sock')
        const close = await tunnel(fleet, host, `${local}:${host.socket}`, () => existsSync(local))
        const { out } = await command_code(['curl', '-s', '--unix-socket', local, 'http://docker/v1.41/info'])
        assert.equal(JSON.parse(out).ID, await host.engine.id())
        assert.notEqual(await host.engine.id(), await other.engine.id())
        const { text } = await command_code(['docker', '-H', `unix://${local}`, 'ps', '-a'])
        assert.match(text, /CONTAINER ID/)
        close()
    })
    await t.test(
        'shims: a container is created, started, read, listed, stopped and removed with the right statuses',
        async () => {
            const id = await make(host, 'life')
            assert.equal(
                (await host.engine.request('POST', '/containers/create?name=life', { body: config })).status,
                409,
            )
            const no_image = { body: { ...config, Image: 'absent' } }
            assert.equal((await host.engine.request('POST', '/containers/create?name=other', no_image)).status, 404)
            assert.equal(await act(host, 'POST', `/containers/${id}/start`), 204)
            assert.equal(await act(host, 'POST', `/containers/${id}/start`), 304)
            assert.equal((await host.engine.inspect('life')).State.Status, 'running')
            assert.equal((await host.engine.containers('io.berth.deployment=d1')).length, 1)
            assert.equal((await host.engine.containers('io.berth.deployment=d2')).length, 0)
            assert.equal(await act(host, 'DELETE', `/containers/${id}`), 409)
            assert.equal(await act(host, 'POST', `/containers/${id}/stop`), 204)
            assert.equal((await host.engine.inspect(id)).State.ExitCode, 143)
            const both = await Promise.all([1, 2].map(() => act(host, 'DELETE', `/containers/${id}?force=1`)))
            assert.deepEqual(both.sort(), [204, 409])
            assert.equal(await act(host, 'GET', `/containers/${id}/json`), 404)
        },
    )
    await t.test('shims: networks: name and range are taken once, what is in use stays', async () => {
        const body = { Name: 'n1', Labels: { a: 'b' }, IPAM: { Config: [{ Subnet: '10.231.0.0/22' }] } }
        assert.equal((await host.engine.request('POST', '/networks/create', { body })).status, 201)
        assert.equal((await host.engine.request('POST', '/networks/create', { body })).status, 409)
        assert.equal(
            (await host.engine.request('POST', '/networks/create', { body: { ...body, Name: 'n2' } })).status,
            403,
        )
        const id = await make(host, 'inside', { HostConfig: { ...config.HostConfig, NetworkMode: 'n1' } })
        await act(host, 'POST', `/containers/${id}/start`)
        assert.equal(await act(host, 'DELETE', '/networks/n1'), 403)
        await act(host, 'DELETE', `/containers/${id}?force=1`)
        assert.equal(await act(host, 'DELETE', '/networks/n1'), 204)
    })
    await t.test('shims: events tell of a life, with labels, also of what is past', async () => {
        const seen = []
        const began = Math.floor(Date.now() / 1000)
        const live = host.engine.watch(({ Action, Actor }) => Actor.Attributes.name === 'told' && seen.push(Action))
        await pause(50)
        const id = await make(host, 'told')
        await act(host, 'POST', `/containers/${id}/start`)
        await host.end('told', 137, true)
        await act(host, 'DELETE', `/containers/${id}`)
        const whole = ['create', 'start', 'oom', 'die', 'destroy']
        await until('all events', () => seen.length >= whole.length)
        assert.deepEqual(seen, whole)
        const past = []
        const again = host.engine.watch(({ Action, Actor }) => Actor.ID === id && past.push(Action), began)
        await until('the past', () => past.length >= whole.length)
        for (const stream of [live, again]) stream.close()
    })
}

async function desktops(t, fleet) {
    const [host] = fleet.hosts
    await t.test('shims: a desktop lets in by its secret, through the tunnel too, and tells its name', async () => {
        const id = await make(host, 'desk')
        await act(host, 'POST', `/containers/${id}/start`)
        const port = Number((await host.engine.inspect(id)).NetworkSettings.Ports['5900/tcp'][0].HostPort)
        assert.equal(await look(port, secret), 'desk')
        assert.equal(await look(port, 'wrong'), 'refused')
        const local = 20000 + (process.pid % 10000)
        const listens = async () => (await command_code(['ss', '-tlnH', 'sport', '=', `:${local}`])).out !== ''
        const close = await tunnel(fleet, host, `127.0.0.1:${local}:127.0.0.1:${port}`, listens)
        assert.equal(await look(local, secret), 'desk')
        close()
        await act(host, 'POST', `/containers/${id}/stop`)
        await assert.rejects(look(port, secret), /ECONNREFUSED/)
        await act(host, 'DELETE', `/containers/${id}`)
    })
}

async function faults(t, fleet) {
    const [host, other] = fleet.hosts
    await t.test('shims: an engine refuses or hangs, the others do not, and it comes back', async () => {
        await host.set({ mode: 'refuse' })
        await assert.rejects(host.engine.ping(), /ECONNREFUSED|ENOENT|hang up|reset/)
        assert.equal(await other.engine.ping(), 200)
        await host.set({ mode: 'hang' })
        await assert.rejects(host.engine.ping(), /no answer/)
        await host.set({ mode: 'ok' })
        assert.equal(await host.engine.ping(), 200)
    })
    await t.test('shims: answers are late, lost, refused, dropped', async () => {
        await host.set({ delay_ms: 300 })
        const began = Date.now()
        await host.engine.ping()
        assert.ok(Date.now() - began >= 300)
        await host.set({ delay_ms: 0 })
        await host.rule({ match: 'POST /containers/create', action: 'lose' })
        await assert.rejects(make(host, 'unheard'))
        assert.equal((await host.engine.inspect('unheard')).State.Status, 'created')
        await act(host, 'DELETE', '/containers/unheard')
        await host.rule({ match: 'POST /containers/create', action: 'status', code: 500, text: 'no' })
        await assert.rejects(make(host, 'never'), /500/)
        await host.rule({ match: 'POST /containers/create', action: 'drop' })
        await assert.rejects(make(host, 'never'))
        assert.equal(await act(host, 'GET', '/containers/never/json'), 404)
        assert.deepEqual(await host.counts(), { 'POST /containers/create': 3 })
    })
    await t.test('shims: an image is forgotten; a replaced engine has another id and nothing', async () => {
        await host.set({ images: {} })
        assert.equal(await act(host, 'GET', '/images/berth/test-rfb:latest/json'), 404)
        const id = await other.engine.id()
        await make(other, 'lost')
        await other.replace()
        assert.notEqual(await other.engine.id(), id)
        assert.deepEqual(await other.engine.containers(), [])
    })
}

async function numbers(t, fleet) {
    await t.test('shims: delays are the measured ones', async () => {
        assert.deepEqual([1, 4, 8].map(start_ms), [235, 624, 1143])
        assert.deepEqual([1, 4, 8].map(remove_ms), [213, 282, 389])
        const host = fleet.hosts[2]
        const ids = await Promise.all([0, 1, 2, 3].map((i) => make(host, `at-once-${i}`)))
        const began = Date.now()
        await Promise.all(ids.map((id) => act(host, 'POST', `/containers/${id}/start`)))
        const took = Date.now() - began
        assert.ok(took >= start_ms(4), `four starts at once took ${took} ms`)
        await host.engine.remove_all('io.berth.deployment=d1')
    })
    await t.test(
        'shims: a thousand desktops on fifty engines, each answering',
        async () => {
            const engines = fleet.hosts.slice(2)
            await Promise.all(engines.map((host) => host.set({ pace: 0 })))
            const made = await Promise.all(
                engines.flatMap((host) =>
                    Array.from({ length: 20 }, async (_, i) => {
                        const name = `${host.name}-${i}`
                        await act(host, 'POST', `/containers/${await make(host, name)}/start`)
                        return { host, name }
                    }),
                ),
            )
            for (const { host, name } of made.filter((_, i) => i % 50 === 7)) {
                const port = (await host.engine.inspect(name)).NetworkSettings.Ports['5900/tcp'][0].HostPort
                assert.equal(await look(Number(port), secret), name)
            }
            const { containers, rss } = await fleet.usage()
            assert.equal(containers, made.length)
            console.log(`         ${containers} desktops in ${Math.round(rss / 2 ** 20)} MiB`)
        },
        120_000,
    )
}

export default async function shims(t) {
    const fleet = await Fleet.start(52)
    try {
        await api(t, fleet)
        await desktops(t, fleet)
        await faults(t, fleet)
        await numbers(t, fleet)
    } finally {
        await always(t, 'shims: stop and leave nothing', () => fleet.stop())
    }
}
