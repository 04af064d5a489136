// SPDX-License-Identifier: Apache-2.0
// Hundreds of hosts without containers: engine shims in a few processes, reached through a few real sshd on loopback.
// Each host is ssh://root@127.0.0.1:PORT/path/of/its/socket, so that connection, handshake, forwarding and tunnels are
// the real thing; hosts of one sshd differ by the socket only.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import { until } from '../../api/lib/wait.mjs'
import { make_client, write_known_hosts } from '../lab/client.mjs'
import { Record } from '../lab/record.mjs'
import { start_watchdog } from '../lab/watchdog.mjs'
import { Engine } from '../lib/engine.mjs'
import { command, start_daemon } from '../lib/process.mjs'
import { Worker } from '../lib/worker.mjs'

// One process has 20,000 descriptors: a listener for each desktop and a connection for each viewer.
const engines_per_process = 50
const hosts_per_sshd = 50

// What the label of berth/test-rfb says.
export const test_image = {
    'berth/test-rfb:latest': {
        labels: {
            'io.berth.endpoint.desktop': 'rfb:5900',
            'io.berth.resolution.env': 'RESOLUTION',
            'io.berth.secret': 'file:/run/berth/rfb_secret',
            'io.berth.user': '1000',
        },
    },
}

async function free_port() {
    const server = net.createServer()
    await new Promise((done) => server.listen(0, '127.0.0.1', done))
    const { port } = server.address()
    await new Promise((done) => server.close(done))
    return port
}

class ShimHost {
    constructor(fleet, number, worker) {
        this.fleet = fleet
        this.worker = worker
        this.name = `s${String(number).padStart(3, '0')}`
        this.socket = join(fleet.folder, `${this.name}.sock`)
    }

    get engine() {
        return (this.the_engine ??= new Engine(this.socket))
    }
    get endpoint() {
        return this.sshd ? `ssh://root@127.0.0.1:${this.sshd.port}${this.socket}` : `unix://${this.socket}`
    }

    // mode: 'ok' | 'refuse' | 'hang'; delay_ms; pace (0 = at once, 1 = as measured); images.
    set = (values) => this.worker.ask('set', { name: this.name, values })
    rule = (rule) => this.worker.ask('rule', { name: this.name, rule })
    clear = () => this.worker.ask('clear', { name: this.name })
    cut = () => this.worker.ask('cut', { name: this.name })
    replace = () => this.worker.ask('replace', { name: this.name })
    counts = async () => (await this.worker.ask('counts', { name: this.name })).counts
    // A container ends by itself.
    end = (container, exit_code, by_memory = false) =>
        this.worker.ask('end', { name: this.name, container, exit_code, by_memory })
}

export class Fleet {
    hosts = []
    workers = []
    sshds = []

    // `by_ssh: false` gives unix:// endpoints, for a program that cannot do more. `client`: { folder, public_key } of an
    // ssh client that is there already; its known hosts are the caller's to write then.
    static async start(count, { by_ssh = true, images = test_image, client } = {}) {
        const fleet = new Fleet()
        try {
            await fleet.prepare(count, images, client)
            if (by_ssh) await fleet.start_sshds()
            if (by_ssh && !client) write_known_hosts(fleet.client, fleet.known_hosts())
            return fleet
        } catch (error) {
            await fleet.stop().catch(() => {})
            throw error
        }
    }

    async prepare(count, images, client) {
        this.record = Record.make()
        this.folder = this.record.folder
        start_watchdog(this.folder)
        for (let at = 0; at < count; at += engines_per_process) {
            const worker = new Worker(new URL('./process.mjs', import.meta.url))
            this.record.add_process(worker.pid)
            this.workers.push(worker)
            const some = Array.from(
                { length: Math.min(engines_per_process, count - at) },
                (_, i) => new ShimHost(this, at + i + 1, worker),
            )
            this.hosts.push(...some)
            await worker.ask('add', { engines: some.map(({ name, socket }) => ({ name, socket })), images })
        }
        this.client = client?.folder ?? join(this.folder, 'client')
        this.public_key = client?.public_key ?? (await make_client(this.client))
    }

    known_hosts = () => this.sshds.map(({ port, key }) => ({ address: `[127.0.0.1]:${port}`, host_key: key }))

    async start_sshds() {
        for (let at = 0; at < this.hosts.length; at += hosts_per_sshd) {
            const sshd = await this.start_sshd(this.sshds.length + 1)
            this.sshds.push(sshd)
            for (const host of this.hosts.slice(at, at + hosts_per_sshd)) host.sshd = sshd
        }
    }

    async start_sshd(number) {
        const folder = join(this.folder, `sshd${number}`)
        mkdirSync(join(folder, 'home'), { recursive: true })
        await command(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'host_key')])
        const port = await free_port()
        const lines = [
            `ListenAddress 127.0.0.1:${port}`,
            `HostKey ${folder}/host_key`,
            `AuthorizedKeysFile ${folder}/authorized_keys`,
            'PidFile none',
            'StrictModes no',
            'UsePAM no',
            'PasswordAuthentication no',
            'KbdInteractiveAuthentication no',
            'PermitRootLogin prohibit-password',
            'PermitTTY no',
        ]
        writeFileSync(join(folder, 'sshd_config'), `${lines.join('\n')}\n`)
        writeFileSync(join(folder, 'authorized_keys'), this.public_key)
        // With an empty home folder: what a shell reads there would be counted to every command.
        const script =
            'mkdir -p /run/sshd && mount --bind "$0/home" /root && exec /usr/sbin/sshd -D -e -f "$0/sshd_config"'
        const child = start_daemon(['unshare', '--mount', 'sh', '-c', script, folder], join(folder, 'log'))
        this.record.add_process(child.pid)
        await until(`sshd listens; see ${folder}/log`, async () =>
            (await command(['ss', '-tlnH', 'sport', '=', `:${port}`])).includes('127.0.0.1'),
        )
        const key = readFileSync(join(folder, 'host_key.pub'), 'utf8').split(' ').slice(0, 2).join(' ')
        return { port, key, child }
    }

    async usage() {
        const all = await Promise.all(this.workers.map((worker) => worker.ask('usage')))
        return all.reduce(
            (sum, { rss, containers }) => ({ rss: sum.rss + rss, containers: sum.containers + containers }),
            {
                rss: 0,
                containers: 0,
            },
        )
    }

    async stop() {
        for (const host of this.hosts) host.the_engine?.close()
        await Promise.allSettled(this.workers.map((worker) => worker.stop()))
        await this.record.remove()
        const left = await this.record.left_over()
        if (left.length) throw new Error(`the fleet leaves behind:\n${left.join('\n')}`)
    }
}
