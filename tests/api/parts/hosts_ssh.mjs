// SPDX-License-Identifier: Apache-2.0
// A host behind a real sshd: our key with the options that `berth host key` prints, its key confirmed by a person, a
// desktop through the tunnel, a key that changes (H-40).

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { Skipped } from '../lib/runner.mjs'
import { rfb, with_server } from '../lib/server.mjs'
import { Sshd, has_sshd } from '../lib/sshd.mjs'
import { Viewer } from '../lib/rfb.mjs'
import { until } from '../lib/wait.mjs'

const engine_socket = (process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock').replace('unix://', '')
const path = (name, rest = '') => `/api/v1/hosts/${name}${rest}`

async function reaches(admin, name, what, wanted, limit_ms = 40_000) {
    return until(
        `host ${name} is ${what}`,
        async () => {
            const { json } = await admin.get(path(name))
            return wanted(json) && json
        },
        limit_ms,
    )
}

async function keys(t, server, admin, sshd) {
    const body = { name: 'remote', endpoint: sshd.url(engine_socket) }
    await t.test('H-40 hosts: a machine whose key nobody has confirmed is not added, and its key is shown', async () => {
        const { status, json } = await admin.post('/api/v1/hosts', body)
        assert.deepEqual([status, json.code], [409, 'host_key_unknown'])
        assert.deepEqual(json.host_key, { type: 'ssh-ed25519', fingerprint: sshd.fingerprint })
        assert.equal((await admin.get(path('remote'))).status, 404)
        assert.doesNotMatch(sshd.log, /Accepted|Failed|Invalid/, 'nobody tried to sign in')
    })
    await t.test('H-40 hosts: another fingerprint than the one it shows is a conflict', async () => {
        const { status } = await admin.post('/api/v1/hosts', { ...body, accept_host_key: `SHA256:${'A'.repeat(43)}` })
        assert.equal(status, 409)
        assert.equal((await admin.get(path('remote'))).status, 404)
    })
    await t.test('H-40 cli: host add without a terminal shows the key and adds nothing', async () => {
        const asked = await server.run('host', 'add', 'remote', body.endpoint, '--yes')
        assert.equal(asked.code, 5, asked.text)
        assert.ok(asked.err.includes(sshd.fingerprint), asked.err)
        const wrong = await server.run('host', 'add', 'remote', body.endpoint, '--fingerprint', `SHA256:${'A'.repeat(43)}`)
        assert.equal(wrong.code, 5, wrong.text)
        assert.equal((await admin.get(path('remote'))).status, 404)
    })
    await t.test('hosts: with its fingerprint it is added, and up by SSH', async () => {
        const words = ['--label', 'way=ssh', '--fingerprint', sshd.fingerprint, '--json']
        const added = await server.run('host', 'add', 'remote', body.endpoint, ...words)
        assert.equal(added.code, 0, added.text)
        const up = await reaches(admin, 'remote', 'up', ({ state }) => state === 'up')
        assert.equal(up.way, 'streamlocal')
        assert.deepEqual([up.host_key.status, up.host_key.fingerprint], ['ok', sshd.fingerprint])
        assert.ok(up.connections.used >= 1 && up.connections.capacity === 20)
        assert.ok(up.round_trip_ms !== null)
    })
}

async function use(t, server, admin, person) {
    await t.test('hosts: every step of the way is ok', async () => {
        const { json } = await admin.post(path('remote', '/test'))
        assert.deepEqual(
            json.steps.filter(({ state }) => state === 'failed'),
            [],
        )
    })
    await t.test('hosts: a desktop there is opened through the connection', async () => {
        const { id } = await person.start_ready('far')
        assert.equal((await admin.session(id)).host, 'remote')
        assert.equal((await person.session(id)).condition, 'ok')
        const viewer = await Viewer.connect(server, { ticket: await person.ticket(id) })
        assert.ok(viewer.width > 0)
        viewer.socket.close()
        await person.stop(id)
    })
    await t.test('hosts: a machine behind ssh tells its load, by a command without input', async () => {
        const { load } = await until('two looks', async () => {
            const { json } = await server.admin.get('/api/v1/hosts/remote')
            return json.load && json.load.cpu !== null && json
        })
        assert.ok(load.memory.total_bytes > 0 && load.disk.total_bytes > load.disk.used_bytes, JSON.stringify(load))
    })

    await t.test('cli: doctor goes the same way', async () => {
        const hosts = `hosts=[{"name":"remote","endpoint":"${server.sshd.url(engine_socket)}"}]`
        const { out } = await server.run_with({ limit_ms: 120_000 }, 'doctor', '--json', '--set', hosts)
        const checks = JSON.parse(out).checks.filter(({ name }) => name.endsWith(' remote'))
        assert.ok(checks.some(({ name, level }) => name === 'engine remote' && level === 'ok'), out)
        assert.deepEqual(
            checks.filter(({ level }) => level === 'fail'),
            [],
        )
    })
}

async function changed_key(t, server, admin, sshd) {
    await t.test('H-40 hosts: another key than before takes it out, with both fingerprints', async () => {
        const before = sshd.fingerprint
        await sshd.change_host_key()
        const down = await reaches(admin, 'remote', 'down', ({ state, host_key }) => state === 'down' && host_key?.status === 'changed')
        assert.deepEqual([down.host_key.fingerprint, down.host_key.known_fingerprint], [sshd.fingerprint, before])
        const tested = await server.run('host', 'test', 'remote')
        assert.equal(tested.code, 1, tested.text)
        assert.match(tested.out, /→ /)
    })
    await t.test('H-40 hosts: only its own fingerprint brings it back', async () => {
        const wrong = await admin.post(path('remote', '/host-key'), { fingerprint: `SHA256:${'A'.repeat(43)}` })
        assert.equal(wrong.status, 409)
        assert.equal((await server.run('host', 'accept-key', 'remote', '--accept-new')).code, 5)
        const right = await server.run('host', 'accept-key', 'remote', '--fingerprint', sshd.fingerprint)
        assert.equal(right.code, 0, right.text)
        const again = await admin.post(path('remote', '/host-key'), { fingerprint: sshd.fingerprint })
        assert.equal(again.status, 200, 'a second time changes nothing')
        const up = await reaches(admin, 'remote', 'up', ({ state }) => state === 'up' || state === 'probation')
        assert.equal(up.host_key.status, 'ok')
    })
    await t.test('hosts: it is removed, and can be added again without a question', async () => {
        assert.equal((await admin.delete(path('remote'))).status, 204)
        const again = await admin.post('/api/v1/hosts', { name: 'remote', endpoint: sshd.url(engine_socket) })
        assert.equal(again.status, 201, again.text)
        assert.equal((await admin.delete(path('remote'))).status, 204)
    })
}

export default async function hosts_ssh(t) {
    if (!has_sshd()) {
        await t.test('hosts: behind ssh', () => Promise.reject(new Skipped('/usr/sbin/sshd is not there (openssh-server)')))
        return
    }
    const config = {
        hosts: [{ name: 'local', endpoint: 'unix:///nowhere/docker.sock' }],
        templates: [rfb('far', { host_labels: { way: 'ssh' } })],
    }
    await with_server(t, 'hosts_ssh', config, async (server) => {
        const key = await server.run('host', 'key', '--json')
        assert.equal(key.code, 0, key.text)
        const sshd = await Sshd.start(join(server.folder, 'sshd'), JSON.parse(key.out).authorized_keys)
        server.sshd = sshd
        try {
            const admin = await server.sign_in()
            const person = await server.person('ann')
            await keys(t, server, admin, sshd)
            await use(t, server, admin, person)
            await changed_key(t, server, admin, sshd)
        } finally {
            await sshd.stop()
        }
    })
}
