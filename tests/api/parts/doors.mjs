// SPDX-License-Identifier: Apache-2.0
// The entries of the server: the one for monitors, and what every answer of the public one carries.

import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import { judge_hardening } from '../lib/contract.mjs'
import { send } from '../lib/http.mjs'
import { Server, with_server } from '../lib/server.mjs'

async function free_port() {
    const probe = net.createServer()
    await new Promise((done) => probe.listen(0, '127.0.0.1', done))
    const { port } = probe.address()
    await new Promise((done) => probe.close(done))
    return port
}

async function monitors(t, server, port, socket) {
    const at = (path, more = {}) => send({ host: '127.0.0.1', port, method: 'GET', path, agent: false, ...more })

    await t.test('H-38 doors: a monitor reads metrics and health without signing in', async () => {
        const metrics = await at('/metrics')
        assert.equal(metrics.status, 200)
        assert.match(metrics.headers['content-type'], /^text\/plain; version=0\.0\.4/)
        assert.match(metrics.text, /^berth_build_info\{version="[^"]+"\} 1$/m)
        assert.match(metrics.text, /^berth_http_connections \d+$/m)
        assert.match(metrics.text, /^berth_http_connections_refused_total\{reason="address"\} 0$/m)
        assert.deepEqual([(await at('/healthz')).status, (await at('/readyz')).status], [200, 200])
        assert.deepEqual(judge_hardening(metrics.headers), [])
    })

    await t.test('H-38 doors: there is nothing else at that entry', async () => {
        for (const path of ['/', '/version', '/api/v1/me', '/api/v1/login', '/api/v1/openapi.json', '/gateway/rfb'])
            assert.equal((await at(path)).status, 404, path)
        assert.equal((await at('/metrics', { method: 'POST' })).status, 405)
    })

    await t.test('H-38 doors: a name that somebody points at this machine opens nothing', async () => {
        assert.equal((await at('/metrics', { headers: { Host: 'evil.example' } })).status, 421)
        assert.equal((await at('/metrics', { headers: { Host: `localhost:${port}` } })).status, 200)
    })

    await t.test('H-38 doors: the same by a socket for its owner only', async () => {
        assert.equal(statSync(socket).mode & 0o777, 0o600)
        const answer = await send({ socketPath: socket, method: 'GET', path: '/metrics', agent: false })
        assert.equal(answer.status, 200)
    })

    await t.test('H-38 doors: the public entry still wants an administrator', async () => {
        const answer = await send({ ...server.address, method: 'GET', path: '/metrics', agent: false })
        assert.equal(answer.status, 401)
    })
}

async function headers(t, server) {
    await t.test('H-22 doors: pages, refusals, tunnels and what is nowhere carry the headers', async () => {
        for (const [method, path, status, more] of [
            ['GET', '/', 200],
            ['HEAD', '/', 200],
            ['GET', '/sign-in', 200],
            ['GET', '/nowhere.js', 404],
            ['POST', '/', 405],
            ['GET', '/healthz', 200],
            ['GET', '/gateway/rfb', 400, { Origin: server.origin }],
            ['GET', '/api/v1/me', 401],
            ['GET', '/api/nowhere', 404],
            ['GET', '/api/v1/me', 421, { Host: 'evil.example' }],
            ['GET', '/%2e%2e/x', 400],
        ]) {
            const answer = await send({ ...server.address, method, path, headers: more, agent: false })
            assert.equal(answer.status, status, `${method} ${path}`)
            assert.deepEqual(judge_hardening(answer.headers), [], `${method} ${path}`)
        }
    })

    await t.test('H-22 doors: scripts are ours alone and get no strings as code', async () => {
        const { headers } = await send({ ...server.address, method: 'GET', path: '/', agent: false })
        const policy = headers['content-security-policy']
        assert.match(policy, /script-src 'self';/)
        assert.match(policy, /require-trusted-types-for 'script'/)
        assert.doesNotMatch(policy, /unsafe|\*;/)
    })
}

async function strict_transport(t, server) {
    await t.test('H-22 doors: who came by TLS is told to stay with it', async () => {
        const ask = async (more) =>
            (await send({ ...server.address, method: 'GET', path: '/healthz', agent: false, headers: more })).headers[
                'strict-transport-security'
            ]
        const host = { Host: 'desk.example' }
        assert.equal(await ask({ ...host, 'X-Forwarded-Proto': 'https', 'X-Forwarded-For': '192.0.2.1' }), 'max-age=31536000')
        assert.equal(await ask(host), undefined)
    })
}

export default async function doors(t) {
    const port = await free_port()
    const server = new Server()
    const socket = join(server.folder, 'monitor.sock')
    server.config = { server: { metrics_listen: [`127.0.0.1:${port}`], metrics_socket: socket } }
    try {
        await server.start()
        await monitors(t, server, port, socket)
        await headers(t, server)
        await t.test('doors: SIGTERM ends the server with 0, without complaint', () => server.stop())
    } finally {
        await server.clean()
    }

    await t.test('H-38 doors: an address that others reach is refused unless it is asked for', async () => {
        const other = new Server()
        try {
            const check = (...words) => other.run_with({}, '--config', '/dev/null', 'config', 'check', ...words)
            const open = ['--set', 'server.metrics_listen=0.0.0.0:9464']
            const refused = await check(...open)
            assert.equal(refused.code, 78, refused.text)
            assert.match(refused.text, /metrics_listen: has an address that other machines reach/)
            assert.equal((await check(...open, '--set', 'server.metrics_remote=true')).code, 0)
        } finally {
            await other.clean()
        }
    })

    await with_server(
        t,
        'doors by TLS',
        { server: { public_url: 'https://desk.example', trusted_proxies: ['127.0.0.1'] } },
        (far) => strict_transport(t, far),
    )
}
