// SPDX-License-Identifier: Apache-2.0
// One host of the lab: name spaces, containerd, dockerd, sshd, and everything that can go wrong with them.
// See host_init.sh for what keeps it together.

import { spawn } from 'node:child_process'
import {
    existsSync,
    mkdirSync,
    readFileSync,
    readdirSync,
    rmSync,
    symlinkSync,
    unlinkSync,
    writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { until } from '../../api/lib/wait.mjs'
import { Engine } from '../lib/engine.mjs'
import {
    all_pids,
    children_of,
    command,
    command_code,
    is_process,
    name_of,
    namespace_of,
    process_mark,
    signal_process,
    start_daemon,
    words_of,
} from '../lib/process.mjs'
import { Worker } from '../lib/worker.mjs'
import { EngineRelay } from './relay.mjs'

const start_limit_ms = 60_000
// What a host has that a connection to it needs; everything else is refused.
const usual_sshd = {
    MaxSessions: '10',
    MaxStartups: '10:30:100',
    AllowStreamLocalForwarding: 'yes',
    AllowTcpForwarding: 'yes',
    LoginGraceTime: '30',
}

export class Host {
    // `options`: live_restore, userland_proxy, data_size, and { relay: true } for a relay in front of the engine.
    constructor(lab, number, options = {}) {
        this.lab = lab
        this.number = number
        this.name = `h${number}`
        this.address = lab.address_of(number)
        this.folder = join(lab.folder, this.name)
        this.options = { live_restore: false, userland_proxy: true, data_size: '400m', relay: false, ...options }
        this.sshd_settings = { ...usual_sshd }
        this.cuts = []
    }

    // For the harness, past every relay. The path that ssh clients ask for is /var/run/docker.sock.
    get socket() {
        return join(this.folder, 'run', 'docker.own.sock')
    }
    get endpoint() {
        return `ssh://root@${this.address}`
    }
    get engine() {
        return (this.the_engine ??= new Engine(this.socket))
    }
    log = (name) => join(this.folder, 'log', `${name}.log`)

    // ---- life ---------------------------------------------------------------------------------------

    async start() {
        for (const part of ['run', 'home', 'etc', 'log', 'ssh', 'data'])
            mkdirSync(join(this.folder, part), { recursive: true, mode: 0o755 })
        await this.make_key()
        writeFileSync(join(this.folder, 'ssh', 'authorized_keys'), this.lab.public_key)
        await this.start_spaces()
        await this.connect_cable()
        await this.start_engine()
        await this.start_sshd()
        if (this.options.relay) await this.insert_relay()
        await command(this.inside([join(this.lab.root, 'tools', 'host_prepare.sh'), 'apply']))
        return this
    }

    async start_spaces() {
        const script = join(this.lab.root, 'tests', 'cluster', 'lab', 'host_init.sh')
        const spaces = ['--mount', '--net', '--pid', '--uts', '--fork', '--kill-child', '--mount-proc']
        const words = [...spaces, 'bash', script, this.folder, this.name, this.options.data_size]
        this.shell = spawn('unshare', words, { stdio: ['pipe', 'pipe', 'pipe'] })
        this.shell.stdin.on('error', () => {})
        let said = ''
        for (const stream of [this.shell.stdout, this.shell.stderr]) stream.on('data', (chunk) => (said += chunk))
        await until(`host ${this.name} is up: ${said}`, () => {
            if (this.shell.exitCode !== null)
                throw Object.assign(new Error(`host ${this.name}: ${said}`), { is_final: true })
            return said.includes('up\n')
        })
        this.init = process_mark(children_of(this.shell.pid)[0])
        this.lab.record.add_process(this.init.pid)
    }

    async connect_cable() {
        const outside = `${this.lab.bridge}${this.name}`
        const peer = ['peer', 'name', 'eth0', 'netns', String(this.init.pid)]
        await command(['ip', 'link', 'add', outside, 'type', 'veth', ...peer])
        await command(['ip', 'link', 'set', outside, 'master', this.lab.bridge, 'up'])
        await command(this.inside(['ip', 'address', 'add', `${this.address}/24`, 'dev', 'eth0']))
        await command(this.inside(['ip', 'link', 'set', 'eth0', 'up']))
    }

    // The words that run a command as a process of this host.
    inside(words, spaces = ['-m', '-n', '-p', '-u']) {
        return ['nsenter', '-t', String(this.init.pid), ...spaces, '--', ...words]
    }
    run = (words, options) => command(this.inside(words), options)
    docker = (...words) => command(['docker', '-H', `unix://${this.socket}`, ...words], { limit_ms: 60_000 })

    // A child of the host's own process 1: nsenter as its parent would stop together with a stopped child.
    start_daemon(name, words) {
        start_daemon(this.inside(['setsid', '--fork', ...words]), this.log(name))
    }

    is_alive() {
        return Boolean(this.init) && is_process(this.init)
    }

    // Process ids of this host by program name, as the machine counts them.
    pids(name) {
        const space = namespace_of(this.init.pid, 'pid')
        return all_pids().filter((pid) => namespace_of(pid, 'pid') === space && name_of(pid) === name)
    }

    // What runs inside of the containers, which have process ids of their own.
    container_pids() {
        const group = join('/sys/fs/cgroup/pids', this.lab.record.values.cgroup, this.name)
        const of = (path) => [
            ...readFileSync(join(path, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number),
            ...readdirSync(path, { withFileTypes: true })
                .filter((entry) => entry.isDirectory())
                .flatMap(({ name }) => of(join(path, name))),
        ]
        return existsSync(group) ? of(group) : []
    }

    signal(name, signal) {
        const found = this.pids(name)
        for (const pid of found) signal_process(pid, signal)
        return found.length
    }

    async ended(name, limit_ms = 30_000) {
        await until(`${name} of ${this.name} ended`, () => this.pids(name).length === 0, limit_ms)
    }

    // Power off: everything in the name spaces ends at once.
    async stop() {
        await this.relay?.stop()
        this.the_engine?.close()
        if (!this.is_alive()) return
        signal_process(this.init.pid, 'SIGKILL')
        await until(`host ${this.name} is off`, () => !this.is_alive(), 20_000)
        this.shell.stdin.destroy()
    }

    // ---- containerd and dockerd -----------------------------------------------------------------------

    async start_engine() {
        await this.start_containerd()
        await this.start_dockerd()
    }

    async start_containerd() {
        if (this.pids('containerd').length > 0) return
        const config = [
            'version = 2',
            `root = "${this.folder}/data/containerd"`,
            'state = "/run/containerd/state"',
            'disabled_plugins = ["io.containerd.grpc.v1.cri"]',
            '[grpc]',
            'address = "/run/containerd/containerd.sock"',
        ]
        writeFileSync(join(this.folder, 'etc', 'containerd.toml'), `${config.join('\n')}\n`)
        rmSync(join(this.folder, 'run', 'containerd', 'containerd.sock'), { force: true })
        this.start_daemon('containerd', ['containerd', '-c', '/etc/docker/containerd.toml'])
        await until(
            `containerd of ${this.name}`,
            () => existsSync(join(this.folder, 'run', 'containerd', 'containerd.sock')),
            start_limit_ms,
        )
    }

    async start_dockerd() {
        const { live_restore, userland_proxy } = this.options
        rmSync(join(this.folder, 'run', 'docker.pid'), { force: true })
        const words = [
            'dockerd',
            ...['--containerd', '/run/containerd/containerd.sock', '--pidfile', '/run/docker.pid'],
            ...['--data-root', `${this.folder}/data/docker`, '--exec-root', '/run/docker'],
            ...['-H', 'unix:///run/docker.own.sock', '--group', 'root'],
            ...['--cgroup-parent', `/${this.lab.record.values.cgroup}/${this.name}`],
            ...['--bip', '172.31.0.1/24', '--shutdown-timeout', '5'],
            `--userland-proxy=${userland_proxy}`,
            ...(live_restore ? ['--live-restore'] : []),
        ]
        this.start_daemon('dockerd', words)
        await this.engine_answers()
        if (!this.relay) this.link_socket()
    }

    async engine_answers() {
        await until(
            `the engine of ${this.name} answers; see ${this.log('dockerd')}`,
            async () => (await this.engine.ping()) === 200,
            start_limit_ms,
            100,
        )
    }

    link_socket() {
        const path = join(this.folder, 'run', 'docker.sock')
        rmSync(path, { force: true })
        symlinkSync('docker.own.sock', path)
    }

    freeze_engine = () => this.signal('dockerd', 'SIGSTOP')
    thaw_engine = () => this.signal('dockerd', 'SIGCONT')

    async kill_engine() {
        this.signal('dockerd', 'SIGKILL')
        await this.ended('dockerd')
    }

    async stop_engine() {
        this.signal('dockerd', 'SIGTERM')
        await this.ended('dockerd', 60_000)
    }

    // After `options` changed, or after a kill.
    async restart_engine(options = {}) {
        Object.assign(this.options, options)
        if (this.pids('dockerd').length > 0) await this.stop_engine()
        await this.start_engine()
    }

    // Every process of the host ends, as at a power cut; then it starts again with its disk.
    async reboot() {
        await this.power_cut()
        await this.boot()
    }

    async power_cut() {
        await command_code(this.inside(['kill', '-KILL', '-1']))
        await until(
            `nothing runs on ${this.name}`,
            () => {
                const space = namespace_of(this.init.pid, 'pid')
                return all_pids().filter((pid) => namespace_of(pid, 'pid') === space).length === 1
            },
            20_000,
        )
        for (const path of ['containerd', 'docker', 'docker.pid', 'docker.own.sock'])
            rmSync(join(this.folder, 'run', path), { recursive: true, force: true })
    }

    async boot() {
        await this.start_engine()
        await this.start_sshd()
    }

    // The same address, another engine: an empty disk and a new engine id.
    async replace_engine({ new_host_key = false } = {}) {
        await this.power_cut()
        const data = join(this.folder, 'data')
        await this.run([
            'sh',
            '-c',
            `umount -l ${data} && mount -t tmpfs -o size=${this.options.data_size} data ${data}`,
        ])
        rmSync(join(this.folder, 'etc', 'key.json'), { force: true })
        if (new_host_key) await this.make_key()
        await this.boot()
        await this.load_images()
    }

    async load_images() {
        for (const file of this.lab.image_files) await this.docker('load', '-q', '-i', file)
    }

    // ---- sshd -----------------------------------------------------------------------------------------

    async make_key() {
        const file = join(this.folder, 'ssh', 'host_key')
        for (const path of [file, `${file}.pub`]) rmSync(path, { force: true })
        await command(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', this.name, '-f', file])
        this.host_key = readFileSync(`${file}.pub`, 'utf8').split(' ').slice(0, 2).join(' ')
    }

    write_sshd_config() {
        const lines = [
            `ListenAddress ${this.address}:22`,
            `HostKey ${this.folder}/ssh/host_key`,
            `AuthorizedKeysFile ${this.folder}/ssh/authorized_keys`,
            'PidFile none',
            'StrictModes no',
            'UsePAM no',
            'PasswordAuthentication no',
            'KbdInteractiveAuthentication no',
            'PermitRootLogin prohibit-password',
            'PrintMotd no',
            'LogLevel VERBOSE',
            ...Object.entries(this.sshd_settings).map(([key, value]) => `${key} ${value}`),
        ]
        writeFileSync(join(this.folder, 'ssh', 'sshd_config'), `${lines.join('\n')}\n`)
    }

    async start_sshd() {
        this.write_sshd_config()
        this.start_daemon('sshd', ['/usr/sbin/sshd', '-D', '-e', '-f', `${this.folder}/ssh/sshd_config`])
        await until(
            `sshd of ${this.name} listens; see ${this.log('sshd')}`,
            async () => (await this.run(['ss', '-tlnH', 'sport', '=', ':22'])).includes(this.address),
            start_limit_ms,
        )
    }

    sshd_listeners = () => this.pids('sshd').filter((pid) => words_of(pid).includes('[listener]'))

    // `who`: 'all', or 'sessions' for the connections alone, or 'listener' for new connections alone.
    signal_sshd(signal, who = 'all') {
        const listeners = this.sshd_listeners()
        const chosen = this.pids('sshd').filter(
            (pid) => who === 'all' || listeners.includes(pid) === (who === 'listener'),
        )
        for (const pid of chosen) signal_process(pid, signal)
        return chosen.length
    }

    async kill_sshd(who = 'all') {
        this.signal_sshd('SIGKILL', who)
        await until(`sshd (${who}) of ${this.name} is gone`, () => {
            const left = who === 'sessions' ? [] : who === 'all' ? this.pids('sshd') : this.sshd_listeners()
            return left.length === 0
        })
    }

    // New limits for new connections; `cut` ends the old ones too.
    async set_sshd(settings, { cut = false } = {}) {
        Object.assign(this.sshd_settings, settings)
        await this.kill_sshd(cut ? 'all' : 'listener')
        await this.start_sshd()
    }

    async reset_sshd() {
        this.sshd_settings = { ...usual_sshd }
        await this.set_sshd({}, { cut: true })
    }

    async change_host_key() {
        await this.make_key()
        await this.set_sshd({}, { cut: true })
    }

    // ---- network --------------------------------------------------------------------------------------

    tables = (...words) => this.run(['iptables', '-w', '10', ...words])

    // Silence, as from a pulled cable. `way`: 'both', 'in' (nothing arrives), 'out' (nothing leaves).
    async cut(way = 'both') {
        if (way !== 'out') this.cuts.push(['INPUT', '-i', 'eth0', '-j', 'DROP'])
        if (way !== 'in') this.cuts.push(['OUTPUT', '-o', 'eth0', '-j', 'DROP'])
        for (const rule of this.cuts) await this.tables('-I', ...rule)
    }

    async heal() {
        for (const rule of this.cuts.splice(0)) await this.tables('-D', ...rule)
    }

    // Each established connection from outside ends with a reset, on both sides.
    reset_connections = () => this.run(['ss', '-K', 'sport', '=', ':22'])

    // A longer way to sshd: { endpoint, port, set({ ms, bytes_per_second }), stop() }. Clients that shall use it take
    // its endpoint instead of the host's.
    async add_delay(values = {}) {
        const worker = new Worker(new URL('./delay_process.mjs', import.meta.url), [this.address, '22'])
        this.lab.record.add_process(worker.pid)
        const { port } = await worker.ask('listen')
        await worker.ask('set', values)
        this.lab.known_besides.push({ address: `[127.0.0.1]:${port}`, host_key: this.host_key })
        this.lab.write_known_hosts()
        const delay = { port, endpoint: `ssh://root@127.0.0.1:${port}` }
        delay.set = (values) => worker.ask('set', values)
        delay.stop = () => worker.stop()
        return delay
    }

    // ---- disk -----------------------------------------------------------------------------------------

    async fill_disk() {
        await command_code(this.inside(['sh', '-c', `cat /dev/zero >${this.folder}/data/filler`]), {
            limit_ms: 60_000,
        })
    }

    free_disk = () => this.run(['rm', '-f', `${this.folder}/data/filler`])

    // ---- memory ---------------------------------------------------------------------------------------

    // Takes memory in the group of a container until the kernel ends a process of it: the container's own come first,
    // since each of the takers is smaller.
    async exhaust_memory(container) {
        const group = join('/sys/fs/cgroup/memory', this.lab.record.values.cgroup, this.name, container)
        for (const pid of readFileSync(join(group, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean))
            writeFileSync(`/proc/${pid}/oom_score_adj`, '1000')
        const take = 'head -c 100m /dev/zero | timeout -s KILL 10 tail >/dev/null'
        const script = `echo $$ >"$0/cgroup.procs" && for i in 1 2 3 4; do (${take}) & done; wait`
        await command_code(['sh', '-c', script, group], { limit_ms: 20_000 })
    }

    // ---- the engine's API -----------------------------------------------------------------------------

    // From now on clients pass through a relay that obeys: relay.rule(…), relay.clear(), relay.cut().
    async insert_relay() {
        const path = join(this.folder, 'run', 'docker.sock')
        if (existsSync(path)) unlinkSync(path)
        this.relay = await EngineRelay.start(path, this.socket)
        this.lab.record.add_process(this.relay.pid)
    }

    async remove_relay() {
        await this.relay?.stop()
        this.relay = null
        this.link_socket()
    }
}
