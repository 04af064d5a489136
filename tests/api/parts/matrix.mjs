// SPDX-License-Identifier: Apache-2.0
// T-14: every operation of the document × every kind of caller, against a table written by hand. An operation that
// is not in the table fails. Allowed requests are chosen to change little (an unknown template, a taken name).

import assert from 'node:assert/strict'
import { operations } from '../lib/contract.mjs'
import { Browser } from '../lib/http.mjs'
import { rfb, short_lease, with_server } from '../lib/server.mjs'

// The session belongs to `owner`; `reader` is the owner's token with scope sessions:read.
const callers = ['nobody', 'owner', 'stranger', 'operator', 'admin', 'reader']

const table = [
    // operation, request, then what each caller gets
    ['login', { json: {} }, 400, 400, 400, 400, 400, 400],
    ['logout', { fresh: true }, 401, 204, 204, 204, 204, 204],
    ['me', {}, 401, 200, 200, 200, 200, 200],
    ['changePassword', { json: { current_password: 'x', new_password: 'short' } }, 401, 400, 400, 400, 400, 403],
    ['listTokens', {}, 401, 200, 200, 200, 200, 403],
    ['createToken', { json: { name: 'matrix' } }, 401, 201, 201, 201, 201, 403],
    ['deleteToken', { id: 'unknown' }, 401, 404, 404, 404, 404, 403],
    ['listUsers', {}, 401, 403, 403, 403, 200, 403],
    ['createUser', { json: { username: 'owner', password: 'taken-name-password' } }, 401, 403, 403, 403, 409, 403],
    ['changeUser', { name: 'unknown', json: { disabled: true } }, 401, 403, 403, 403, 404, 403],
    ['listTemplates', {}, 401, 200, 200, 200, 200, 200],
    ['createSession', { json: { template: 'unknown' } }, 401, 404, 404, 404, 404, 403],
    ['listSessions', {}, 401, 200, 200, 200, 200, 200],
    ['listSessions', { query: '?owner=all' }, 401, 403, 403, 200, 200, 403],
    ['getSession', { on: 'live' }, 401, 200, 404, 200, 200, 200],
    ['getSession', { on: 'ended' }, 401, 200, 404, 200, 200, 200],
    ['getSession', { on: 'missing' }, 401, 404, 404, 404, 404, 404],
    ['extendSession', { on: 'live' }, 401, 200, 404, 200, 200, 403],
    ['extendSession', { on: 'ended' }, 401, 409, 404, 409, 409, 403],
    ['extendSession', { on: 'missing' }, 401, 404, 404, 404, 404, 404],
    ['createTicket', { on: 'live', json: { rights: 'control' } }, 401, 201, 404, 403, 403, 403],
    ['createTicket', { on: 'live', json: { rights: 'view' } }, 401, 201, 404, 201, 201, 403],
    ['createTicket', { on: 'web', json: { rights: 'control' } }, 401, 201, 404, 403, 403, 403],
    ['createTicket', { on: 'web', json: { rights: 'view' } }, 401, 403, 404, 403, 403, 403],
    ['createTicket', { on: 'missing', json: {} }, 401, 404, 404, 404, 404, 404],
    ['sessionLogs', { on: 'live' }, 401, 403, 404, 200, 200, 403],
    ['sessionLogs', { on: 'missing' }, 401, 404, 404, 404, 404, 404],
    ['stopSession', { on: 'ended' }, 401, 200, 404, 200, 200, 403],
    ['stopSession', { on: 'missing' }, 401, 404, 404, 404, 404, 404],
    ['events', { is_stream: true }, 401, 200, 200, 200, 200, 200],
    ['events', { is_stream: true, query: '?scope=all' }, 401, 403, 403, 200, 200, 403],
    ['listHosts', {}, 401, 403, 403, 200, 200, 403],
    ['getHost', { name: 'local' }, 401, 403, 403, 200, 200, 403],
    ['hostHistory', { name: 'local' }, 401, 403, 403, 200, 200, 403],
    ['hostEvents', { name: 'local' }, 401, 403, 403, 200, 200, 403],
    ['addHost', { json: { name: 'local', endpoint: 'unix:///nowhere.sock' } }, 401, 403, 403, 403, 409, 403],
    ['changeHost', { name: 'local', json: { weight: 1 } }, 401, 403, 403, 403, 409, 403],
    ['removeHost', { name: 'local' }, 401, 403, 403, 403, 409, 403],
    ['drainHost', { name: 'local' }, 401, 403, 403, 403, 200, 403],
    ['maintainHost', { name: 'local', json: {} }, 401, 403, 403, 403, 200, 403],
    ['resumeHost', { name: 'local' }, 401, 403, 403, 403, 200, 403],
    ['testHost', { name: 'local' }, 401, 403, 403, 403, 200, 403],
    ['acceptHostKey', { name: 'local', json: { fingerprint: `SHA256:${'A'.repeat(43)}` } }, 401, 403, 403, 403, 404, 403],
    ['pullImage', { name: 'local', json: { template: 'unknown' } }, 401, 403, 403, 403, 404, 403],
    ['listDockerContexts', {}, 401, 403, 403, 403, 200, 403],
    ['importDockerContexts', { json: { names: ['no-such-context'] } }, 401, 403, 403, 403, 404, 403],
    ['readHostsFile', { json: { text: 'workspace_hosts: [{hostname: a}]' } }, 401, 403, 403, 403, 200, 403],
    ['sshKey', {}, 401, 403, 403, 403, 200, 403],
    ['openapi', {}, 200, 200, 200, 200, 200, 200],
    ['health', {}, 200, 200, 200, 200, 200, 200],
    ['ready', {}, 200, 200, 200, 200, 200, 200],
    ['version', {}, 200, 200, 200, 200, 200, 200],
    ['metrics', {}, 401, 403, 403, 403, 200, 403],
    ['openRfb', { headers: { Origin: undefined } }, 403, 403, 403, 403, 403, 403], // no Origin: no cookie helps
]

function target_of({ path }, request, sessions) {
    const id = request.id ?? sessions[request.on]
    return path.replace('{id}', id).replace('{name}', request.name) + (request.query ?? '')
}

async function status_of(operation, request, browser, sessions) {
    const target = target_of(operation, request, sessions)
    if (request.is_stream) {
        const stream = await browser.events({ query: request.query })
        stream.close()
        return stream.status
    }
    return (await browser.request(operation.method, target, { json: request.json, headers: request.headers })).status
}

async function stops(t, server, people) {
    for (const [caller, expected] of [
        ['nobody', 401],
        ['stranger', 404],
        ['reader', 403],
        ['owner', 202],
        ['operator', 202],
        ['admin', 202],
    ]) {
        await t.test(`T-14 matrix: stopping a live session as ${caller} gives ${expected}`, async () => {
            const { id } = await people.owner.start_ready('rfb', { slot: `stop-${caller}` })
            assert.equal((await people[caller].delete(`/api/v1/sessions/${id}`)).status, expected)
            if (expected !== 202) {
                assert.equal((await people.owner.session(id)).state, 'ready')
                await people.owner.stop(id)
            } else {
                const { end } = await people.owner.reach(id, 'ended')
                assert.equal(end.reason, caller === 'owner' ? 'owner_request' : 'admin_request')
            }
        })
    }
}

export default async function matrix(t) {
    await t.test('T-14 matrix: every documented operation stands in the table', () => {
        const known = new Set(table.map(([id]) => id))
        const documented = operations.map(({ operation }) => operation.operationId)
        assert.deepEqual(
            documented.filter((id) => !known.has(id)),
            [],
            'operations without a row',
        )
        assert.deepEqual(
            [...known].filter((id) => !documented.includes(id)),
            [],
            'rows without an operation',
        )
        for (const row of table) assert.equal(row.length, 2 + callers.length, row[0])
    })

    const config = {
        quota: { max_sessions_per_user: 0 },
        templates: [
            rfb('rfb', { lease: { initial: '1h', extension: '1m', max_extensions: -1, grace: '0s' } }),
            rfb('web', { image: 'berth/test-web:latest', endpoints: { app: 'web:8080' }, lease: short_lease }),
        ],
    }
    await with_server(t, 'matrix', config, async (server) => {
        const make = {
            nobody: () => new Browser(server),
            admin: () => server.sign_in(),
            reader: async () => {
                const { token } = (
                    await people.owner.post('/api/v1/tokens', { name: 'reader', scopes: ['sessions:read'] })
                ).json
                return new Browser(server, { token })
            },
        }
        const people = { nobody: make.nobody(), admin: await make.admin() }
        for (const name of ['owner', 'stranger', 'operator']) {
            people[name] = await server.person(name, name === 'operator' ? 'operator' : 'user')
            make[name] = () => server.sign_in(name, people[name].password)
        }
        people.reader = await make.reader()
        const sessions = {
            missing: 'a'.repeat(26),
            live: (await people.owner.start_ready('rfb')).id,
            web: (await people.owner.start_ready('web')).id,
            ended: (await people.owner.start('rfb', { slot: 'ended' })).id,
        }
        await people.owner.stop(sessions.ended)

        for (const [id, request, ...expected] of table) {
            const operation = operations.find((one) => one.operation.operationId === id)
            const words = [request.query, request.on && `on a ${request.on} session`, request.json?.rights]
                .filter(Boolean)
                .join(' ')
            await t.test(`T-14 matrix: ${operation.method} ${operation.path} ${words}`, async () => {
                const got = {}
                for (const caller of callers) {
                    const browser = request.fresh ? await make[caller]() : people[caller]
                    got[caller] = await status_of(operation, request, browser, sessions)
                }
                assert.deepEqual(got, Object.fromEntries(callers.map((caller, i) => [caller, expected[i]])))
            })
        }
        await t.test('T-14 matrix: a foreign session and a missing one cannot be told apart', async () => {
            const without_id = ({ json: { request_id, ...rest } }) => JSON.stringify(rest)
            for (const [method, tail] of [
                ['GET', ''],
                ['DELETE', ''],
                ['POST', '/extend'],
                ['POST', '/ticket'],
                ['GET', '/logs'],
            ]) {
                const [foreign, missing] = [
                    await people.stranger.request(method, `/api/v1/sessions/${sessions.live}${tail}`),
                    await people.stranger.request(method, `/api/v1/sessions/${sessions.missing}${tail}`),
                ]
                assert.equal(without_id(foreign), without_id(missing), `${method} ${tail}`)
            }
        })
        await t.test('T-14 matrix: what users see of a session has nothing for staff only', async () => {
            const own = await people.owner.session(sessions.live)
            assert.equal(own.host, null)
            assert.ok(own.stages.every((stage) => stage.detail === undefined))
            assert.ok(own.placement === undefined && own.attempts.every((attempt) => !attempt.host && !attempt.detail))
            const seen = await people.admin.session(sessions.live)
            assert.equal(seen.host, 'local')
            assert.deepEqual(
                seen.placement.map(({ host, verdict }) => [host, verdict]),
                [['local', 'chosen']],
            )
        })
        await stops(t, server, people)
    })
}
