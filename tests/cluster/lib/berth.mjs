// SPDX-License-Identifier: Apache-2.0
// The program under test with several hosts: tests/api's server, in a mount name space where its home folder is the
// lab's client, so that it finds keys and known hosts where a person would have put them.

import { spawn } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Browser } from '../../api/lib/http.mjs'
import { rfb, Server } from '../../api/lib/server.mjs'
import { until } from '../../api/lib/wait.mjs'
import { usage_of } from './process.mjs'

const most_heard = 50_000
const short = { initial: '1h', extension: '10m', max_extensions: 3, grace: '0s', start_limit: '60s' }

export const templates = [
    rfb('rfb', { resolutions: ['320x240'] }),
    rfb('own', { network: 'own' }),
    rfb('never', { env: { TEST_NEVER_READY: '1' }, lease: { ...short, start_limit: '4s' } }),
    rfb('dies', { env: { TEST_EXIT_AFTER_MS: '0', TEST_EXIT_CODE: '7' } }),
    rfb('deaf', { env: { TEST_IGNORE_TERM: '1' } }),
    { ...rfb('absent'), image: 'berth/no-such-image:latest' },
]

// What clients asked and heard, for the checker.
const ask = Browser.prototype.request
Browser.prototype.request = async function (method, path, options) {
    const at = Date.now()
    const answer = await ask.call(this, method, path, options)
    const heard = this.server.heard
    if (heard && heard.length < most_heard)
        heard.push({
            at,
            took: Date.now() - at,
            method,
            path,
            status: answer.status,
            json: method === 'POST' ? answer.json : undefined,
        })
    return answer
}

export class ClusterServer extends Server {
    heard = []

    // `record`: of the lab, so that the program and its state go with it; `client`: folder of the ssh client;
    // `hosts`: [{ name, endpoint, … }] as in the configuration.
    constructor({ record, client, hosts, config = {} }) {
        super({
            quota: { max_sessions_per_user: 0 },
            templates,
            ...config,
            hosts: hosts.map(({ name, endpoint, settings }) => ({ name, endpoint, ...settings })),
        })
        rmSync(this.folder, { recursive: true })
        this.folder = join(record.folder, 'berth')
        this.state = join(this.folder, 'var')
        mkdirSync(this.folder)
        this.record = record
        this.client = client
    }

    get database() {
        return join(this.state, 'berth.db')
    }

    spawn(words, environment) {
        const home = join(this.folder, 'home')
        mkdirSync(join(home, '.ssh'), { recursive: true, mode: 0o700 })
        const script = 'mount --bind "$0" /root && mount --bind "$1" /root/.ssh && shift && exec "$@"'
        this.exit = undefined
        this.is_terminated = false
        const whole = ['--mount', 'sh', '-c', script, home, this.client, process.env.BERTH_BINARY, ...words]
        this.child = spawn('unshare', whole, {
            cwd: this.folder,
            env: this.environment({ HOME: '/root', ...environment }),
            stdio: ['ignore', 'pipe', 'pipe'],
        })
        this.record.add_process(this.child.pid)
        this.child.stdout.on('data', (chunk) => (this.output += chunk))
        this.child.stderr.on('data', (chunk) => (this.log += chunk))
        const child = this.child
        this.ended = new Promise((done) => child.on('exit', (code, signal) => done((this.exit = { code, signal }))))
    }

    async sign_in_admin() {
        return (this.admin ??= await this.sign_in())
    }

    async host_named(name) {
        const admin = await this.sign_in_admin()
        return (await admin.get('/api/v1/hosts')).json.items.find((host) => host.name === name)
    }

    // For the checker: who sits where.
    async hosts() {
        const admin = await this.sign_in_admin()
        const { items } = (await admin.get('/api/v1/hosts')).json
        return items.map(({ name, sessions }) => ({ name, ...sessions }))
    }

    host_is(name, states, limit_ms = 30_000) {
        const wanted = [states].flat()
        let last
        return until(
            `host ${name} is ${wanted.join(' or ')}`,
            async () => {
                last = await this.host_named(name)
                if (wanted.includes(last.state)) return last
                throw new Error(`it is ${last.state}: ${last.reason}`)
            },
            limit_ms,
            200,
        )
    }

    usage = () => usage_of(this.child.pid)
}

// Not up, by whatever word.
export const away = ['unknown', 'down', 'probation']
