// SPDX-License-Identifier: Apache-2.0
// The program under test, with a state folder and a configuration of its own.

import { execFile, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Browser } from './http.mjs'
import { containers_with, remove_deployment } from './engine.mjs'
import { until } from './wait.mjs'

export const binary = process.env.BERTH_BINARY ?? ''
export const admin_password = 'canary-admin-Zx81-password'
const sanitizer_words =
    /AddressSanitizer|LeakSanitizer|UndefinedBehaviorSanitizer|ThreadSanitizer|runtime error:|assertion|terminate called/i

async function free_port() {
    const server = net.createServer()
    await new Promise((done) => server.listen(0, '127.0.0.1', done))
    const { port } = server.address()
    await new Promise((done) => server.close(done))
    return port
}

const short_lease = { initial: '1h', extension: '10m', max_extensions: 3, grace: '0s', start_limit: '60s' }
const rfb = (name, more = {}) => ({
    name,
    image: 'berth/test-rfb:latest',
    lease: short_lease,
    memory: '64m',
    shm: '8m',
    cpus: 0.5,
    ...more,
})

// Templates that all parts may use.
export const usual_templates = [
    rfb('rfb', { title: 'Test desktop', tags: ['test'], resolutions: ['800x600', '640x480'] }),
    {
        name: 'web',
        image: 'berth/test-web:latest',
        endpoints: { app: 'web:8080' },
        lease: short_lease,
        memory: '64m',
        shm: '8m',
    },
]
export { rfb, short_lease }

export class Server {
    secrets = new Set([admin_password])
    log = ''
    output = ''

    // `config`: further keys of the configuration (an object; YAML reads JSON).
    constructor(config = {}) {
        this.folder = mkdtempSync(join(tmpdir(), 'berth-api-'))
        this.state = join(this.folder, 'var')
        this.config = config
    }

    get origin() {
        return `http://127.0.0.1:${this.port}`
    }
    get host() {
        return `127.0.0.1:${this.port}`
    }
    get address() {
        return { host: '127.0.0.1', port: this.port }
    }
    get socket() {
        return join(this.state, 'berth.sock')
    }
    get file() {
        return join(this.folder, 'berth.yaml')
    }

    async start(environment = {}) {
        this.port ??= await free_port()
        const { server: server_section, text, ...rest } = this.config
        const whole = {
            state_dir: this.state,
            server: { listen: [`127.0.0.1:${this.port}`], drain: '2s', web_dir: this.pages(), ...server_section },
            log: { level: 'debug', format: 'text' },
            templates: usual_templates,
            ...rest,
        }
        if (text !== null) writeFileSync(this.file, text ?? JSON.stringify(whole, null, 2))
        this.spawn(
            ['serve', ...(text === null ? [] : ['--config', this.file]), ...(this.arguments ?? [])],
            environment,
        )
        await until('the server answers', () => this.is_answering(), 60_000)
        return this
    }

    // Pages are not what is tested here; one stands for all.
    pages() {
        const folder = join(this.folder, 'pages')
        mkdirSync(folder, { recursive: true })
        writeFileSync(join(folder, 'index.html'), '<!doctype html><title>Berth</title>\n')
        return folder
    }

    spawn(words, environment) {
        this.exit = undefined
        this.is_terminated = false
        this.child = spawn(binary, words, {
            cwd: this.folder,
            env: this.environment(environment),
            stdio: ['ignore', 'pipe', 'pipe'],
        })
        this.child.stdout.on('data', (chunk) => (this.output += chunk))
        this.child.stderr.on('data', (chunk) => (this.log += chunk))
        const child = this.child
        this.ended = new Promise((done) => child.on('exit', (code, signal) => done((this.exit = { code, signal }))))
    }

    environment(more = {}) {
        const { PATH, HOME, ASAN_OPTIONS, UBSAN_OPTIONS, TSAN_OPTIONS, DOCKER_HOST } = process.env
        const kept = {
            PATH,
            HOME,
            ASAN_OPTIONS,
            UBSAN_OPTIONS,
            TSAN_OPTIONS,
            DOCKER_HOST,
            BERTH_ADMIN_PASSWORD: admin_password,
        }
        return Object.fromEntries(Object.entries({ ...kept, ...more }).filter(([, value]) => value !== undefined))
    }

    async is_answering() {
        if (this.exit)
            throw Object.assign(
                new Error(`the server ended: ${JSON.stringify(this.exit)}\n${this.log.slice(-3000)}`),
                { is_final: true },
            )
        return (await new Browser(this).get('/healthz')).status === 200
    }

    sign_in(username = 'admin', password = admin_password) {
        return Browser.sign_in(this, username, password)
    }

    // A new account, signed in.
    async person(name, role = 'user') {
        this.admin ??= await this.sign_in()
        const password = `canary-${name}-password`
        const made = await this.admin.post('/api/v1/users', { username: name, password, role })
        if (made.status !== 201) throw new Error(`user ${name}: ${made.status} ${made.text}`)
        const browser = await this.sign_in(name, password)
        browser.password = password
        browser.id = (await browser.get('/api/v1/me')).json.id
        return browser
    }

    async metric(name, labels = {}) {
        this.admin ??= await this.sign_in()
        const { token } = (this.metrics_token ??= (
            await this.admin.post('/api/v1/tokens', { name: 'metrics', scopes: ['admin'] })
        ).json)
        const { text } = await new Browser(this, { token }).get('/metrics')
        const wanted = Object.entries(labels).map(([key, value]) => `${key}="${value}"`)
        return text
            .split('\n')
            .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
            .filter((line) => wanted.every((pair) => line.includes(pair)))
            .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
    }

    // A command of the program, by the admin socket unless `words` say otherwise: { code, out, err }.
    run(...words) {
        return this.run_with({}, ...words)
    }

    run_with({ input = '', environment = {}, limit_ms = 60_000 }, ...words) {
        const whole = words.includes('--config') ? words : ['--config', this.file, ...words]
        return new Promise((done) => {
            const child = execFile(
                binary,
                whole,
                { cwd: this.folder, env: this.environment(environment), timeout: limit_ms },
                (error, out, err) => {
                    const complaint = sanitizer_words.exec(err)
                    done({
                        code: error ? (error.code ?? error.signal) : 0,
                        out,
                        err,
                        text: out + err,
                        ...(complaint && { code: 'sanitizer' }),
                    })
                },
            )
            child.stdin.end(input)
        })
    }

    deployment() {
        if (!existsSync(join(this.state, 'berth.db'))) return null
        return this.rows("SELECT value FROM meta WHERE key = 'deployment_id'")[0]?.[0] ?? null
    }

    // Rows of the database, read past the server.
    rows(query) {
        const script =
            'import sqlite3,sys,json; c=sqlite3.connect("file:"+sys.argv[1]+"?mode=ro",uri=True); print(json.dumps(c.execute(sys.argv[2]).fetchall()))'
        return JSON.parse(
            execFileSync('python3', ['-c', script, join(this.state, 'berth.db'), query], { encoding: 'utf8' }),
        )
    }

    containers() {
        return containers_with(`io.berth.deployment=${this.deployment()}`)
    }

    async kill() {
        this.child.kill('SIGKILL')
        await this.ended
    }

    terminate() {
        this.is_terminated = true
        this.child.kill('SIGTERM')
    }

    // By SIGTERM; checks that it ends well and said nothing it must not say.
    async stop() {
        if (!this.exit) {
            if (!this.is_terminated) this.terminate()
            const timer = setTimeout(() => this.child.kill('SIGKILL'), 40_000)
            await this.ended
            clearTimeout(timer)
        }
        const { code, signal } = this.exit
        const complaint = sanitizer_words.exec(this.log)
        if (complaint)
            throw new Error(
                `the server complained:\n${this.log.slice(Math.max(0, complaint.index - 300), complaint.index + 4000)}`,
            )
        if (code !== 0)
            throw new Error(`the server ended with ${JSON.stringify({ code, signal })}\n${this.log.slice(-3000)}`)
        const leaked = [...this.secrets].filter((secret) => secret && (this.log + this.output).includes(secret))
        if (leaked.length) throw new Error(`secrets in the log: ${leaked.join(', ')}`)
    }

    // Whatever happened: nothing of ours stays.
    async clean() {
        if (this.child && !this.exit) await this.kill()
        const deployment = this.deployment()
        if (deployment) await remove_deployment(deployment)
        if (!process.env.BERTH_KEEP) rmSync(this.folder, { recursive: true, force: true })
    }
}

// A server for the tests of `body`; that it ends well and cleanly is one more test.
export async function with_server(t, what, config, body, environment) {
    const server = new Server(config)
    try {
        await server.start(environment)
        await body(server)
        await t.test(`${what}: SIGTERM ends the server with 0, without complaint, and no secret was logged`, () =>
            server.stop(),
        )
    } catch (error) {
        t.fail(`${what}: runs`, error)
    } finally {
        await server.clean().catch((error) => t.test(`${what}: leaves nothing behind`, () => Promise.reject(error)))
    }
}
