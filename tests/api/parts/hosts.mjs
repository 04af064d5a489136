// SPDX-License-Identifier: Apache-2.0
// Hosts as data: added, changed, drained and removed while the server runs; one that is dead; input that is refused
// (T-16, T-26); contexts of the docker command; what people must not see (T-82). The file's own host is dead from the
// beginning, so that the one engine of this machine belongs to one host at a time.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import { Browser } from '../lib/http.mjs'
import { Server, rfb, with_server } from '../lib/server.mjs'
import { until } from '../lib/wait.mjs'

const engine_socket = (process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock').replace('unix://', '')

// The engine by a path of its own: another address than that of any other host.
function way_to_engine(server, name) {
    const path = join(server.folder, `${name}.sock`)
    symlinkSync(engine_socket, path)
    return `unix://${path}`
}

async function dead_port() {
    const listener = net.createServer()
    await new Promise((done) => listener.listen(0, '127.0.0.1', done))
    const { port } = listener.address()
    await new Promise((done) => listener.close(done))
    return port
}

const dead_host = { name: 'local', endpoint: 'unix:///nowhere/docker.sock' }

const path = (name, rest = '') => `/api/v1/hosts/${name}${rest}`

async function host(browser, name) {
    const answer = await browser.get(path(name))
    assert.equal(answer.status, 200, answer.text)
    return answer.json
}

const reaches = (browser, name, state, limit_ms = 30_000) =>
    until(
        `host ${name} is ${state}`,
        async () => {
            const found = await host(browser, name)
            return found.state === state && found
        },
        limit_ms,
    )

async function add(browser, body) {
    const answer = await browser.post('/api/v1/hosts', body)
    assert.equal(answer.status, 201, answer.text)
    return answer
}

async function life(t, server, admin, operator, person) {
    await t.test('hosts: one is added, seen, changed and removed', async () => {
        const stream = await admin.events({ query: '?scope=all' })
        const endpoint = way_to_engine(server, 'second')
        const answer = await add(admin, { name: 'second', endpoint, weight: 3, capacity_sessions: 5, memory_bytes: 1 << 30, cpus: 1.5, labels: { rack: 'b' } })
        assert.equal(answer.headers.location, '/api/v1/hosts/second')
        const made = await reaches(admin, 'second', 'up')
        assert.deepEqual(
            [made.origin, made.mode, made.weight, made.sessions.capacity, made.memory.capacity_bytes, made.cpus.capacity, made.labels, made.way, made.data_path],
            ['added', 'active', 3, 5, 1 << 30, 1.5, { rack: 'b' }, 'unix', 'tunnel'],
        )
        assert.equal(made.host_key, null)
        assert.ok(made.engine.version)
        assert.ok(made.images.every(({ image, present, pulling }) => image && present && pulling === null))
        await stream.next('the new host', ({ type, data }) => type === 'host' && data.name === 'second')
        const changed = await admin.patch(path('second'), { weight: 7, labels: {}, public_name: 'Rack B' })
        assert.equal(changed.status, 200)
        assert.deepEqual(
            [changed.json.weight, changed.json.labels, changed.json.public_name, changed.json.sessions.capacity],
            [7, {}, 'Rack B', 5],
            'what was left out stays',
        )
        assert.equal((await operator.get(path('second'))).json.weight, 7)
        assert.equal((await admin.delete(path('second'))).status, 204)
        assert.equal((await admin.get(path('second'))).status, 404)
        await stream.next('its removal', ({ type, data }) => type === 'host_removed' && data.name === 'second')
        stream.close()
    })

    await t.test('hosts: a second one of a name is already_exists, one of the file is the file’s', async () => {
        const taken = await admin.post('/api/v1/hosts', { name: 'local', endpoint: way_to_engine(server, 'taken') })
        assert.deepEqual([taken.status, taken.json.code], [409, 'already_exists'])
        const changed = await admin.patch(path('local'), { weight: 2 })
        assert.deepEqual([changed.status, changed.json.code], [409, 'conflict'])
        const removed = await admin.delete(path('local'))
        assert.deepEqual([removed.status, removed.json.code], [409, 'conflict'])
        assert.equal((await host(admin, 'local')).origin, 'file')
    })

    await t.test('hosts: a dead one is added, is down, and its test says where it fails and what to do', async () => {
        const port = await dead_port()
        await add(admin, { name: 'dead', endpoint: `tcp://127.0.0.1:${port}` })
        const dead = await reaches(admin, 'dead', 'down')
        assert.ok(dead.reason)
        assert.equal(dead.engine, null)
        const answer = await admin.post(path('dead', '/test'))
        assert.equal(answer.status, 200)
        const failed = answer.json.steps.filter(({ state }) => state === 'failed')
        assert.ok(failed.length >= 1 && failed.every(({ text, remedy }) => text && remedy), JSON.stringify(answer.json.steps))
        assert.equal(answer.json.host.state, 'down')
        assert.equal((await admin.delete(path('dead'))).status, 204)
    })

    await t.test('hosts: the test of a good one has every step ok or skipped', async () => {
        await add(admin, { name: 'good', endpoint: way_to_engine(server, 'good') })
        const { status, json } = await admin.post(path('good', '/test'))
        assert.equal(status, 200)
        assert.ok(json.steps.length >= 1)
        assert.deepEqual(
            json.steps.filter(({ state }) => state === 'failed'),
            [],
        )
        assert.equal(json.host.state, 'up')
        const names = json.steps.map(({ name }) => name)
        assert.deepEqual(names.slice(0, 4), ['engine', 'clock', 'disk', 'network'])
        assert.equal((await admin.delete(path('good'))).status, 204)
    })

    await t.test('hosts: a test that is streamed tells each step when it is known', async () => {
        await add(admin, { name: 'live', endpoint: way_to_engine(server, 'live') })
        const stream = await admin.events({ method: 'POST', path: path('live', '/test'), documented: ['/api/v1/hosts/{name}/test', 'post'] })
        const told = []
        for (;;) {
            const event = await stream.next('a step, or the end')
            if (event.type !== 'step') {
                assert.equal(event.type, 'done', JSON.stringify(event.data))
                assert.deepEqual(event.data.steps, told)
                assert.equal(event.data.host.name, 'live')
                break
            }
            told.push(event.data)
        }
        assert.ok(told.length > 4)
        stream.close()
        assert.equal((await admin.request('POST', path('nowhere', '/test'), { headers: { Accept: 'text/event-stream' } })).status, 404)
        assert.equal((await admin.delete(path('live'))).status, 204)
    })

    await t.test('hosts: a machine that tells of itself is shown with its load and its last hour', async () => {
        await add(admin, { name: 'told', endpoint: way_to_engine(server, 'told') })
        const loaded = await until('two looks at the machine', async () => {
            const seen = await host(admin, 'told')
            return seen.load?.cpu !== null && seen.load && seen
        })
        assert.ok(loaded.load.memory.used_bytes > 0 && loaded.load.memory.used_bytes <= loaded.load.memory.total_bytes)
        assert.ok(loaded.load.disk.total_bytes > 0)
        assert.deepEqual([loaded.load_recent[0], loaded.concerns], [null, []])
        const { json } = await admin.get(path('told', '/history'))
        assert.equal(json.items.length, loaded.load_recent.length)
        assert.deepEqual(json.items.at(-1).cpu, loaded.load.cpu)
        assert.equal((await admin.delete(path('told'))).status, 204)
    })

    await t.test('hosts: what happened on one is kept with it, over a restart too', async () => {
        await add(admin, { name: 'told', endpoint: way_to_engine(server, 'events'), weight: 1000, labels: { only: 'mute' } })
        await reaches(admin, 'told', 'up')
        const { id } = await person.start('mute')
        await admin.reach(id, 'ended')
        await admin.post(path('told', '/drain'))
        const events = async (query = '') => (await admin.get(path('told', `/events${query}`))).json.items
        const items = await until('the drain', async () => {
            const found = await events()
            return found[0].type === 'host.mode' && found
        })
        assert.ok(items.every(({ seq }, i) => i === 0 || seq < items[i - 1].seq), 'newest first')
        const by_type = Object.fromEntries(items.map((one) => [one.type, one]))
        const { 'host.added': added, 'host.up': up, 'host.mode': mode, 'session.failed': failed } = by_type
        assert.deepEqual([added.actor, added.session, added.text], ['admin', null, ''])
        assert.deepEqual([up.from, up.to, up.actor], ['unknown', 'up', ''])
        assert.deepEqual([mode.actor, mode.text], ['admin', 'draining'], 'without the name of the host')
        assert.deepEqual([failed.session, failed.from, failed.to], [id, 'probing', 'stopping'])
        assert.match(failed.text, /^waiting: timed_out: /)
        assert.deepEqual(await events('?limit=2'), items.slice(0, 2))
        assert.deepEqual(items.filter(({ type }) => /^session\.(?!failed)/.test(type)), [], 'what went well would hide it')
        assert.ok((await events('?sessions=all')).some(({ type, session }) => type === 'session.container_created' && session === id))
        assert.equal((await admin.get(path('told', '/events?sessions=some'))).status, 400)
        assert.ok(!(await admin.get(path('local', '/events'))).text.includes(id), 'another host’s are its own')
        await server.stop()
        await server.start()
        const again = await server.sign_in()
        const kept = (await again.get(path('told', '/events?limit=200'))).json.items
        assert.deepEqual(kept.filter(({ seq }) => seq <= items[0].seq), items)
        assert.equal((await again.delete(path('told'))).status, 204)
        assert.equal((await again.get(path('told', '/events'))).status, 404)
        for (const limit of ['0', '201', '-1', '1.5', 'x', '', '9999999999']) {
            const { status, json } = await again.get(path('local', `/events?limit=${limit}`))
            assert.deepEqual([status, json.errors?.map(({ pointer }) => pointer)], [400, ['?limit']], limit)
        }
    })

    await t.test('hosts: one with a desktop on it is not removed; drained it takes no more and loses none', async () => {
        await add(admin, { name: 'busy', endpoint: way_to_engine(server, 'busy'), weight: 1000, labels: { only: 'busy' } })
        await reaches(admin, 'busy', 'up')
        const session = await person.start_ready('labelled')
        assert.equal((await admin.session(session.id)).host, 'busy')
        const refused = await admin.delete(path('busy'))
        assert.deepEqual([refused.status, refused.json.code], [409, 'conflict'])
        assert.match(refused.json.detail, /1/)
        const draining = await admin.post(path('busy', '/drain'))
        assert.deepEqual([draining.status, draining.json.state, draining.json.mode], [200, 'draining', 'draining'])
        const { placement } = await admin.session(session.id)
        assert.deepEqual(
            placement.filter(({ verdict }) => verdict === 'chosen').map((one) => one.host),
            ['busy'],
        )
        assert.equal((await person.session(session.id)).placement, undefined, 'not for users')
        await person.stop(session.id)
        await reaches(admin, 'busy', 'drained')
        assert.equal((await admin.delete(path('busy'))).status, 204)
    })
}

async function modes(t, server, admin, person) {
    await t.test('hosts: a maintenance has a message and an end, and resume ends it', async () => {
        const until_time = '2099-01-02T03:04:05.000Z'
        await add(admin, { name: 'kept', endpoint: way_to_engine(server, 'kept'), capacity_sessions: 9 })
        await reaches(admin, 'kept', 'up')
        const { status, json } = await admin.post(path('kept', '/maintenance'), { message: 'A new disk', until: until_time })
        assert.equal(status, 200)
        assert.deepEqual([json.state, json.mode, json.maintenance], ['maintenance', 'maintenance', { message: 'A new disk', until: until_time }])
        const bare = await admin.post(path('kept', '/maintenance'))
        assert.deepEqual(bare.json.maintenance, { message: '', until: null })
        const resumed = await admin.post(path('kept', '/resume'), {})
        assert.deepEqual([resumed.json.state, resumed.json.maintenance], ['up', null])
    })

    await t.test('hosts: a drain tells those who are there, and ends them at the time that it named', async () => {
        await add(admin, { name: 'cleared', endpoint: way_to_engine(server, 'cleared'), weight: 1000, labels: { only: 'busy' } })
        await reaches(admin, 'cleared', 'up')
        const { id } = await person.start_ready('labelled')
        assert.equal((await person.session(id)).notice, null)
        const bare = await admin.post(path('cleared', '/drain'), { message: 'Please save your work' })
        assert.deepEqual([bare.status, bare.json.drain], [200, { message: 'Please save your work', until: null }])
        const told = await person.session(id)
        assert.deepEqual([told.notice, told.host], [{ message: 'Please save your work', ends_at: null }, null], 'the word, not the machine')
        const stream = await person.events()
        assert.equal((await admin.post(path('cleared', '/drain'), { until: '9999-12-31T23:59:59.000Z' })).status, 200)
        const end = new Date(Date.now() + 4000).toISOString()
        await admin.post(path('cleared', '/drain'), { until: end })
        const live = await stream.next('the new end', (event) => event.data.id === id && event.data.notice?.ends_at === end)
        assert.deepEqual([live.data.notice, live.data.ends_at], [{ message: '', ends_at: end }, end])
        stream.close()
        const ended = await until('the announced end', async () => {
            const seen = await person.session(id)
            return seen.state === 'ended' && seen
        })
        assert.ok(new Date(ended.ended_at) >= new Date(end), ended.ended_at)
        assert.deepEqual([ended.end.reason, ended.notice], ['host_maintenance', null])
        await reaches(admin, 'cleared', 'drained')
        assert.equal((await admin.delete(path('cleared'))).status, 204)
    })

    await t.test('hosts: drains and added hosts hold over a restart', async () => {
        await admin.post(path('kept', '/maintenance'), { message: 'later' })
        await admin.post(path('local', '/drain'))
        await server.stop()
        await server.start()
        const again = await server.sign_in()
        const kept = await host(again, 'kept')
        assert.deepEqual([kept.mode, kept.maintenance?.message, kept.sessions.capacity], ['maintenance', 'later', 9])
        assert.equal((await host(again, 'local')).mode, 'draining')
        assert.equal((await again.post(path('local', '/resume'))).status, 200)
        assert.equal((await again.delete(path('kept'))).status, 204)
        server.admin = again
    })
}

// One field of a request is wrong: 400, and the pointer names it.
async function refuses(admin, method, target, json, pointer) {
    const answer = await admin.request(method, target, { json })
    assert.equal(answer.status, 400, `${JSON.stringify(json)}: ${answer.text}`)
    const pointers = (answer.json.errors ?? []).map((error) => error.pointer)
    assert.ok(pointers.includes(pointer), `${JSON.stringify(json)}: ${JSON.stringify(pointers)}`)
}

const hostile_endpoints = [
    'ssh://-oProxyCommand=touch%20x', 'ssh://-oProxyCommand=x@h', 'ssh://u@-h', 'ssh://%h', 'ssh://$(x)', 'ssh://h;x', 'ssh://u:p@h', 'ssh://h:0',
    'ssh://h h', 'ssh://h\nx', 'ssh://169.254.169.254', 'ssh://2852039166', 'ssh://[::ffff:169.254.169.254]', 'ssh://h/%2e%2e', '-h', 'h', '',
    'tcp://169.254.169.254:80', 'tcp://0.0.0.0:1', 'tcp://0xa9fea9fe:80', 'tcp://2852039166:80', 'tcp://127.1:80', 'tcp://[fe80::1]:80', 'tcp://[::]:80',
    'tcp://224.0.0.1:80', 'tcp://h', 'tcp://h:80/x', 'tcp://u@h:80', 'http://h:80', 'https://h', 'fd://3', 'npipe:////./pipe/x', 'file:///etc/passwd',
    'unix://x', 'unix://', 'exec:x', `unix:///${'x'.repeat(108)}`,
]

async function bad_input(t, admin) {
    await t.test('T-16, T-26 hosts: hostile addresses and names are refused, each with its pointer', async () => {
        for (const endpoint of hostile_endpoints) await refuses(admin, 'POST', '/api/v1/hosts', { name: 'x', endpoint }, '/endpoint')
        for (const name of ['', 'A', '-x', '../x', 'x y', 'x/y', '.x', 'x'.repeat(64), 'é'])
            await refuses(admin, 'POST', '/api/v1/hosts', { name, endpoint: 'unix:///x' }, '/name')
    })

    await t.test('hosts: wrong types, bounds and unknown fields are refused, each with its pointer', async () => {
        const good = { name: 'x', endpoint: 'unix:///nowhere.sock' }
        for (const [member, value, pointer = `/${member}`] of [
            ['weight', 0], ['weight', 1001], ['weight', 1.5], ['weight', '1'], ['capacity_sessions', -1], ['memory_bytes', -1], ['cpus', -0.5],
            ['cpus', 'two'], ['creating_limit', 65], ['max_connections', 0], ['labels', []], ['labels', { a: 1 }, '/labels/a'],
            ['labels', { 'io.berth.x': 'y' }, '/labels'], ['labels', { 'A B': 'y' }, '/labels'], ['data_path', 'both'], ['transport', 'putty'],
            ['transport', 'libssh'], ['public_name', 'a\u0007'], ['tls_directory', '/x'], ['accept_host_key', 'MD5:aa'], ['password', 'x'], ['origin', 'file'],
        ])
            await refuses(admin, 'POST', '/api/v1/hosts', { ...good, [member]: value }, pointer)
        await refuses(admin, 'POST', '/api/v1/hosts', { name: 'x' }, '/endpoint')
        for (const [member, value] of [['name', 'y'], ['endpoint', 'unix:///y'], ['weight', 0], ['mode', 'draining'], ['accept_host_key', 'x']])
            await refuses(admin, 'PATCH', path('local'), { [member]: value }, `/${member}`)
        await refuses(admin, 'POST', path('local', '/maintenance'), { until: 'soon' }, '/until')
        await refuses(admin, 'POST', path('local', '/maintenance'), { message: 'a\nb' }, '/message')
        await refuses(admin, 'POST', path('local', '/maintenance'), { message: 'a'.repeat(501) }, '/message')
        await refuses(admin, 'POST', path('local', '/drain'), { message: 'a'.repeat(501) }, '/message')
        await refuses(admin, 'POST', path('local', '/drain'), { until: '2020-01-01T00:00:00Z' }, '/until')
        await refuses(admin, 'POST', path('local', '/drain'), { reason: 'x' }, '/reason')
        await refuses(admin, 'POST', path('local', '/resume'), { message: 'x' }, '/message')
        assert.equal((await host(admin, 'local')).mode, 'active', 'nothing was changed')
        await refuses(admin, 'POST', path('local', '/host-key'), {}, '/fingerprint')
        await refuses(admin, 'POST', path('local', '/host-key'), { fingerprint: 'SHA256:short' }, '/fingerprint')
        await refuses(admin, 'POST', path('local', '/pull'), {}, '/template')
        await refuses(admin, 'POST', '/api/v1/docker-contexts/import', { names: [] }, '/names')
        await refuses(admin, 'POST', '/api/v1/docker-contexts/import', { names: [1] }, '/names')
        assert.deepEqual(
            (await admin.get('/api/v1/hosts')).json.items.map(({ name }) => name),
            ['local'],
            'nothing was added',
        )
    })

    await t.test('hosts: what is not there is 404; a key where there are none is too', async () => {
        const fingerprint = `SHA256:${'A'.repeat(43)}`
        for (const [method, rest, json] of [
            ['GET', ''], ['GET', '/history'], ['DELETE', ''], ['PATCH', '', { weight: 1 }], ['POST', '/test'], ['POST', '/drain'], ['POST', '/resume'], ['POST', '/maintenance'],
            ['POST', '/host-key', { fingerprint }], ['POST', '/pull', { template: 'rfb' }],
        ])
            assert.equal((await admin.request(method, path('nowhere', rest), { json })).status, 404, `${method} ${rest}`)
        assert.equal((await admin.post(path('local', '/host-key'), { fingerprint })).status, 404)
        assert.equal((await admin.post(path('local', '/pull'), { template: 'unknown' })).status, 404)
        assert.equal((await admin.post('/api/v1/docker-contexts/import', { names: ['nowhere'] })).status, 404)
    })
}

async function rights(t, server, operator, person) {
    await t.test('T-82 hosts: people see nothing of hosts; operators look and change nothing', async () => {
        const endpoint = 'unix:///nowhere.sock'
        for (const [method, target, json] of [
            ['POST', '/api/v1/hosts', { name: 'x', endpoint }], ['PATCH', path('local'), { weight: 1 }], ['DELETE', path('local')],
            ['POST', path('local', '/test')], ['POST', path('local', '/maintenance')], ['POST', path('local', '/pull'), { template: 'rfb' }],
            ['POST', path('local', '/host-key'), { fingerprint: `SHA256:${'A'.repeat(43)}` }], ['GET', '/api/v1/docker-contexts'], ['GET', '/api/v1/ssh-key'],
            ['POST', '/api/v1/docker-contexts/import', { names: ['x'] }], ['POST', '/api/v1/hosts-file', { text: 'workspace_hosts: [{hostname: a}]' }],
        ]) {
            for (const browser of [operator, person]) assert.equal((await browser.request(method, target, { json })).status, 403, `${method} ${target}`)
            assert.equal((await new Browser(server).request(method, target, { json })).status, 401, `${method} ${target}`)
        }
        for (const rest of ['', '/history', '/events']) {
            assert.equal((await person.get(path('local', rest))).status, 403)
            assert.equal((await operator.get(path('local', rest))).status, 200)
        }
    })

    await t.test('T-82 hosts: a user’s refusal names no host and no address', async () => {
        const { status, text } = await person.post('/api/v1/sessions', { template: 'nowhere' })
        assert.ok(status >= 400, text)
        assert.ok(!/local|docker\.sock|unix:/.test(text), text)
    })
}

async function hosts_file(t, server, admin) {
    const read = (text) => admin.post('/api/v1/hosts-file', { text })
    const number_of_hosts = async () => (await admin.get('/api/v1/hosts')).json.items.length

    await t.test('hosts: a hosts.yml is read with what speaks against each, and adds nothing', async () => {
        await add(admin, { name: 'there', endpoint: 'ssh://desk@rack-1.invalid' })
        await add(admin, { name: 'rack-2.invalid', endpoint: 'tcp://127.0.0.1:1' })
        const before = await number_of_hosts()
        const { status, json, text } = await read(
            [
                'workspace_hosts:',
                '  - {hostname: rack-1.invalid, user: desk}',
                '  - {hostname: rack-2.invalid, user: desk}',
                '  - {hostname: Rack-3.invalid, pub_hostname: "Rack \\"3\\" – 三"}',
                '  - {hostname: 169.254.169.254}',
                '  - {hostname: "../../etc\\n", user: "\\"; --"}',
                '  - {hostname: rack-3.invalid, port: 22}',
                'connection_pool: {max_connections_per_host: 7}',
                'docker_image: x:1',
            ].join('\n'),
        )
        assert.equal(status, 200, text)
        const [first, second, third, address, name, twin] = json.items
        assert.deepEqual([first.endpoint, first.imported_as, first.problem], ['ssh://desk@rack-1.invalid', 'there', null])
        assert.deepEqual([second.imported_as, /name/.test(second.problem)], [null, true])
        assert.deepEqual([third.name, third.problem, third.imported_as], ['rack-3.invalid', null, null])
        const { name: host_name, endpoint, public_name, max_connections, weight } = third.host
        assert.deepEqual([host_name, endpoint, public_name, max_connections, weight], ['rack-3.invalid', 'ssh://Rack-3.invalid', 'Rack "3" – 三', 7, 1])
        assert.match(address.problem, /^line 5, column /)
        assert.match(name.problem, /^line 6, column /)
        assert.equal(name.name, '../../etc\n')
        assert.match(twin.problem, /^line 7, column .*port/)
        assert.equal(await number_of_hosts(), before)
        for (const one of ['there', 'rack-2.invalid']) assert.equal((await admin.delete(path(one))).status, 204)
    })

    await t.test('hosts: what a hosts.yml offers is what adding takes', async () => {
        const [item] = (await read('workspace_hosts: [{hostname: rack-4.invalid, user: desk}]')).json.items
        const added = await add(admin, item.host)
        assert.equal(added.json.endpoint, item.endpoint)
        const [again] = (await read('workspace_hosts: [{hostname: rack-4.invalid, user: desk}]')).json.items
        assert.equal(again.imported_as, 'rack-4.invalid')
        assert.equal((await admin.delete(path('rack-4.invalid'))).status, 204)
    })

    await t.test('hosts: a hosts.yml that cannot be read is refused with its line', async () => {
        for (const [text, words] of [
            ['', /names no hosts/],
            ['workspace_hosts: []', /names no hosts/],
            ['workspace_hosts:\n  - hostname: a\n bad', /^line 3, column /],
            ['a: [*b]', /^line 1, column /],
            [`a: &a ${'x'.repeat(30_000)}\nb: [${'*a,'.repeat(100)}]`, /aliases/],
            [`a: &a ${'['.repeat(100)}`, /nested too deeply/],
            ['workspace_hosts: \u0000', /names no hosts|line/],
            ['x'.repeat(60 * 1024 + 1), /longer than 60 KB/],
        ]) {
            const { status, json } = await read(text)
            assert.equal(status, 400, text.slice(0, 40))
            assert.ok(json.errors.length > 0 && json.errors.every(({ pointer }) => pointer === '/text'), JSON.stringify(json))
            assert.match(json.errors[0].detail, words)
        }
        assert.equal((await read('x'.repeat(70 * 1024))).status, 413)
    })

    await t.test('hosts: the command line lists and imports a hosts.yml', async () => {
        const file = join(server.folder, 'hosts.yml')
        writeFileSync(file, 'workspace_hosts: [{hostname: rack-5.invalid}, {hostname: local, user: x}, {hostname: "a b"}]')
        const listed = await server.run('host', 'import', file)
        assert.equal(listed.code, 0, listed.text)
        assert.match(listed.out, /rack-5\.invalid[^]*a b +ssh:.*line 1/)
        assert.equal((await server.run('host', 'import', file, 'a b')).code, 5)
        const made = await server.run('host', 'import', file, '--all', '--json')
        assert.equal(made.code, 0, made.text)
        assert.deepEqual(JSON.parse(made.out).map(({ name }) => name), ['rack-5.invalid'])
        assert.equal((await admin.delete(path('rack-5.invalid'))).status, 204)
    })
}

// A folder as the docker command keeps it, for the server's account.
function write_contexts(folder, contexts, current) {
    for (const [name, docker] of Object.entries(contexts)) {
        const hash = createHash('sha256').update(name).digest('hex')
        const meta = join(folder, 'contexts', 'meta', hash)
        mkdirSync(meta, { recursive: true })
        const body = { Name: name, Metadata: { Description: `of ${name}` }, Endpoints: { docker } }
        writeFileSync(join(meta, 'meta.json'), JSON.stringify(body))
    }
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ currentContext: current }))
}

async function contexts(t) {
    const server = new Server({ hosts: [dead_host] })
    const folder = join(server.folder, 'docker')
    write_contexts(folder, { Lab: { Host: way_to_engine(server, 'lab') }, unsafe: { Host: 'tcp://127.0.0.1:1', SkipTLSVerify: true }, pipe: { Host: 'npipe:////./pipe/x' }, home: { Host: dead_host.endpoint } }, 'Lab')
    const hash = createHash('sha256').update('unsafe').digest('hex')
    mkdirSync(join(folder, 'contexts', 'tls', hash, 'docker'), { recursive: true })
    writeFileSync(join(folder, 'contexts', 'tls', hash, 'docker', 'ca.pem'), 'x')
    try {
        await server.start({ DOCKER_CONFIG: folder, DOCKER_HOST: undefined })
        const admin = await server.sign_in()
        const list = async () => Object.fromEntries((await admin.get('/api/v1/docker-contexts')).json.items.map((one) => [one.name, one]))
        await t.test('hosts: contexts of the docker command are found, with what speaks against them', async () => {
            const found = await list()
            assert.deepEqual(Object.keys(found).sort(), ['Lab', 'default', 'home', 'pipe', 'unsafe'])
            assert.deepEqual([found.Lab.is_current, found.Lab.description, found.Lab.imported_as, found.Lab.problem], [true, 'of Lab', null, null])
            assert.equal(found.home.imported_as, 'local')
            assert.match(found.pipe.problem, /Windows/)
            assert.match(found.unsafe.problem, /SkipTLSVerify/)
        })
        await t.test('hosts: contexts become hosts once, under a name that is one', async () => {
            const made = await admin.post('/api/v1/docker-contexts/import', { names: ['Lab', 'home'] })
            assert.equal(made.status, 200, made.text)
            assert.deepEqual(
                made.json.items.map(({ name, origin }) => [name, origin]),
                [['lab', 'added']],
                'home is a host already',
            )
            assert.equal((await list()).Lab.imported_as, 'lab')
            assert.deepEqual((await admin.post('/api/v1/docker-contexts/import', { names: ['Lab'] })).json.items, [])
            for (const name of ['pipe', 'unsafe'])
                assert.equal((await admin.post('/api/v1/docker-contexts/import', { names: [name] })).status, 409, name)
            await reaches(admin, 'lab', 'up')
        })
        await t.test('hosts: the public key is null until it is made, then as it was made', async () => {
            assert.equal((await admin.get('/api/v1/ssh-key')).json.public_key, null)
            const { code, out, text } = await server.run('host', 'key', '--json')
            assert.equal(code, 0, text)
            const { public_key } = JSON.parse(out)
            assert.match(public_key, /^ssh-ed25519 /)
            assert.equal((await admin.get('/api/v1/ssh-key')).json.public_key, public_key)
        })
        await t.test('hosts: the command line lists and imports contexts too', async () => {
            assert.equal((await admin.delete(path('lab'))).status, 204)
            const listed = await server.run('host', 'import-contexts')
            assert.equal(listed.code, 0, listed.text)
            assert.match(listed.out, /Lab/)
            const made = await server.run('host', 'import-contexts', '--all', '--json')
            assert.equal(made.code, 0, made.text)
            // The engine of this machine may be one of them.
            assert.deepEqual(JSON.parse(made.out).map(({ name }) => name).filter((name) => name !== 'default'), ['lab'])
            assert.equal((await server.run('host', 'import-contexts', 'pipe')).code, 5)
        })
        await t.test('hosts: the server with contexts ends well', () => server.stop())
    } catch (error) {
        await t.test('hosts: contexts run', () => Promise.reject(error))
    } finally {
        await server.clean()
    }
}

export default async function hosts(t) {
    const config = {
        quota: { max_sessions_per_user: 0 },
        hosts: [dead_host],
        templates: [
            rfb('rfb'),
            rfb('labelled', { host_labels: { only: 'busy' } }),
            rfb('mute', { host_labels: { only: 'mute' }, env: { TEST_NEVER_READY: '1' }, lease: { start_limit: '3s' } }),
            rfb('nowhere', { host_labels: { no: 'such' } }),
        ],
    }
    await with_server(t, 'hosts', config, async (server) => {
        const admin = await server.sign_in()
        const operator = await server.person('operator', 'operator')
        const person = await server.person('ann')
        await bad_input(t, admin)
        await rights(t, server, operator, person)
        await hosts_file(t, server, admin)
        await life(t, server, admin, operator, person)
        await modes(t, server, admin, person)
    })
    await contexts(t)
}
