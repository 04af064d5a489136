// SPDX-License-Identifier: Apache-2.0
// what the documented example of the old system and what no configuration at all start.

import assert from 'node:assert/strict'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Browser } from '../lib/http.mjs'
import { admin_password, Server, with_server } from '../lib/server.mjs'
import { until } from '../lib/wait.mjs'

// The documented keys and no other.
const seed_example = `workspace_hosts:
  - hostname: worker1.example.com
    user: docker-user
    pub_hostname: public.worker1.example.com
docker_image: berth/test-rfb:latest
container_defaults:
  memory_limit: 64m
  shm_size: 8m
  resolution: 1920x1080
  cpu_limit: 2
session_defaults:
  initial_duration: 3600
  extension_duration: 1200
  max_extensions: 3
`

export default async function config(t) {
    const seed = new Server({ text: seed_example })
    seed.arguments = ['--set', `state_dir=${seed.state}`, '--set', `server.admin_socket=${seed.socket}`]
    try {
        await t.test(
            'A-15 config: the documented keys of the old system start, its times and limits hold',
            async () => {
                seed.port = 18000 + (process.pid % 10000)
                seed.arguments.push('--port', String(seed.port))
                await seed.start()
                const admin = await seed.sign_in()
                const [template] = (await admin.get('/api/v1/templates')).json.items
                assert.deepEqual(
                    [template.lease.initial_s, template.lease.extension_s, template.lease.max_extensions],
                    [3600, 1200, 3],
                )
                assert.equal(template.resolutions[0], '1920x1080')
                const [host] = (await admin.get('/api/v1/hosts')).json.items
                assert.match(host.endpoint, /^ssh:\/\/docker-user@worker1\.example\.com/)
                assert.equal(host.state, 'down')
                assert.ok(host.reason, 'it says why it is not used')
                assert.match(seed.log, /warning/i)
                await seed.stop()
            },
        )
    } finally {
        await seed.clean()
    }

    const bare = new Server({ text: null })
    try {
        await t.test('A-15 config: without any file it starts on the local engine', async () => {
            bare.port = 18000 + ((process.pid + 5000) % 10000)
            bare.arguments = ['--port', String(bare.port)]
            await bare.start()
            const admin = await bare.sign_in()
            assert.deepEqual(
                (await admin.get('/api/v1/templates')).json.items.map(({ name }) => name),
                ['desktop'],
            )
            const [host] = (await admin.get('/api/v1/hosts')).json.items
            assert.deepEqual([host.name, host.state], ['local', 'up'])
            assert.ok(existsSync(join(bare.folder, 'var', 'berth.db')))
            await bare.stop()
        })
        await t.test('config: the state folder and its files are for their owner only', () => {
            for (const name of ['', 'berth.db', 'rfb.key'])
                assert.equal(statSync(join(bare.folder, 'var', name)).mode & 0o077, 0, name || 'folder')
        })
    } finally {
        await bare.clean()
    }

    const generated = new Server()
    try {
        await t.test(
            'config: without a given password the first administrator’s is generated and printed once',
            async () => {
                await generated.start({ BERTH_ADMIN_PASSWORD: undefined })
                const password = await until(
                    'it is printed',
                    () => /^Password[^:]*: (\S+)$/m.exec(generated.output)?.[1],
                )
                assert.ok(password.length >= 12)
                await generated.sign_in('admin', password)
                assert.ok(!generated.log.includes(password), 'not in the log')
                generated.output = ''
                await generated.stop()
                await generated.start({ BERTH_ADMIN_PASSWORD: undefined })
                assert.ok(!/password/i.test(generated.output))
                await generated.sign_in('admin', password)
                await generated.stop()
            },
        )
    } finally {
        await generated.clean()
    }

    await with_server(t, 'config, any port', {}, async (server) => {
        await t.test('config: a given password sets no existing one, and environment beats file', async () => {
            await server.stop()
            await server.start({
                BERTH_ADMIN_PASSWORD: 'canary-second-password',
                BERTH_QUOTA__MAX_SESSIONS_PER_USER: '7',
            })
            const admin = await Browser.sign_in(server, 'admin', admin_password)
            assert.equal((await admin.get('/api/v1/me')).json.quota.max_sessions, 7)
        })
    })
}
