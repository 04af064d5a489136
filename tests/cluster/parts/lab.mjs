// SPDX-License-Identifier: Apache-2.0
// The lab itself, with the plain docker command as its client: hosts, every fault, and that nothing stays.

import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { existsSync } from 'node:fs'
import net from 'node:net'
import { fileURLToPath } from 'node:url'
import { until } from '../../api/lib/wait.mjs'
import { Record } from '../lab/record.mjs'
import { Lab } from '../lab/lab.mjs'
import { command_code, is_process } from '../lib/process.mjs'
import { always } from '../lib/tests.mjs'

const image = 'berth/test-rfb:latest'
const run_words = ['run', '-d', '--init', '-e', 'VNC_PASSWORD=berthlab', '-p', '127.0.0.1::5900']

// The docker command as a person would use it: over ssh. It speaks to the engine by `docker system dial-stdio`.
const by_ssh = (lab, host, ...words) => lab.ssh(host, ['docker', ...words], { limit_ms: 8000 })

// Whether the RFB greeting arrives through an ssh tunnel to the published port.
async function greets(lab, host, name) {
    const port = (await host.docker('port', name, '5900')).trim().split(':').at(-1)
    const { text } = await lab.ssh(host, ['timeout', '3', 'bash', '-c', `"head -c 12 </dev/tcp/127.0.0.1/${port}"`])
    return text.startsWith('RFB 003.008')
}

const state_of = async (host, name) => (await host.engine.inspect(name)).State

async function hosts_work(t, lab) {
    const [one, two] = lab.hosts
    await t.test('lab: each host has an engine, an address, a host key and a host name of its own', async () => {
        const ids = await Promise.all(lab.hosts.map((host) => host.engine.id()))
        assert.equal(new Set(ids).size, lab.hosts.length)
        assert.equal(new Set(lab.hosts.map(({ host_key }) => host_key)).size, lab.hosts.length)
        for (const host of lab.hosts) {
            assert.equal((await lab.ssh(host, ['hostname'])).out.trim(), host.name)
            assert.match(
                (await by_ssh(lab, host, 'info', '--format', '{{.Name}}')).out,
                new RegExp(`^${host.name}\\s`),
            )
        }
    })
    await t.test('lab: a container of one host is not on the other; its desktop greets through ssh', async () => {
        await one.docker(...run_words, '--name', 'alone', image)
        await until('the greeting', () => greets(lab, one, 'alone'))
        assert.equal((await two.engine.containers()).length, 0)
        assert.equal(
            (await command_code(['docker', 'inspect', 'alone'])).code,
            1,
            'not on the machine’s engine either',
        )
        await one.docker('rm', '-f', 'alone')
    })
    await t.test('lab: a forwarded socket of ssh is the engine (what the program uses)', async () => {
        const local = `${lab.folder}/forward.sock`
        const words = ['-N', '-L', `${local}:/var/run/docker.sock`, '-o', 'ExitOnForwardFailure=yes']
        const tunnel = command_code(['ssh', '-F', `${lab.client}/config`, ...words, `root@${two.address}`], {
            limit_ms: 5000,
        })
        await until('the forwarded socket', () => existsSync(local), 5000)
        const { out } = await command_code(['docker', '-H', `unix://${local}`, 'info', '--format', '{{.Name}}'])
        assert.equal(out.trim(), two.name)
        await two.kill_sshd('sessions')
        await tunnel
    })
}

async function engine_faults(t, lab) {
    const [host] = lab.hosts
    await t.test('F-20 lab: a frozen engine does not answer until it is thawed', async () => {
        assert.equal(host.freeze_engine(), 1)
        await assert.rejects(host.engine.ping(), /no answer/)
        host.thaw_engine()
        assert.equal(await host.engine.ping(), 200)
    })
    await t.test('F-21 lab: with live-restore a container outlives the engine', async () => {
        await host.restart_engine({ live_restore: true })
        await host.docker(...run_words, '--name', 'survivor', image)
        await host.kill_engine()
        assert.ok(host.container_pids().length > 0)
        await host.start_engine()
        assert.equal((await state_of(host, 'survivor')).Status, 'running')
    })
    await t.test('F-22 lab: without it the restart of the engine ends the container', async () => {
        await host.restart_engine({ live_restore: false })
        await host.docker('rm', '-f', 'survivor')
        await host.docker(...run_words, '--name', 'victim', image)
        await host.kill_engine()
        await host.start_engine()
        await until('the container ended', async () => (await state_of(host, 'victim')).Status === 'exited')
        assert.ok([137, 143].includes((await state_of(host, 'victim')).ExitCode))
        await host.docker('rm', '-f', 'victim')
    })
    await t.test('F-25 lab: a reboot ends everything and keeps disk and engine id', async () => {
        const id = await host.engine.id()
        await host.docker(...run_words, '--name', 'old', image)
        await host.reboot()
        assert.equal(await host.engine.id(), id)
        await until('the container ended', async () => (await state_of(host, 'old')).Status === 'exited')
        assert.equal((await state_of(host, 'old')).ExitCode, 255)
        assert.equal((await lab.ssh(host, ['true'])).code, 0)
        await host.docker('rm', '-f', 'old')
    })
    await t.test('F-26 lab: a replaced engine has another id and no containers, and its images again', async () => {
        const id = await host.engine.id()
        await host.docker(...run_words, '--name', 'lost', image)
        await host.replace_engine()
        assert.notEqual(await host.engine.id(), id)
        assert.deepEqual(await host.engine.containers(), [])
        await host.docker('image', 'inspect', image)
    })
    await t.test('F-36 lab: a container runs out of memory and the engine says so', async () => {
        const id = (await host.docker(...run_words, '-m', '32m', '--name', 'hungry', image)).trim()
        await host.exhaust_memory(id)
        await until('the container ended', async () => (await state_of(host, 'hungry')).Status === 'exited')
        assert.equal((await state_of(host, 'hungry')).OOMKilled, true)
        await host.docker('rm', '-f', 'hungry')
    })
    await t.test('F-24 lab: a shim can be killed', async () => {
        await host.docker(...run_words, '--name', 'shimless', image)
        assert.equal(host.signal('containerd-shim', 'SIGKILL'), 1)
        await until('the container ended', async () => (await state_of(host, 'shimless')).Status === 'exited')
        await host.docker('rm', '-f', 'shimless')
    })
    await t.test('F-32 lab: a full disk refuses new containers until it is freed', async () => {
        await host.fill_disk()
        const { code, text } = await command_code(['docker', '-H', `unix://${host.socket}`, 'create', image])
        assert.notEqual(code, 0)
        assert.match(text, /no space left/)
        await host.free_disk()
        await host.docker('create', '--name', 'fits', image)
        await host.docker('rm', '-f', 'fits')
    })
}

async function sshd_faults(t, lab) {
    const [host] = lab.hosts
    await t.test('F-58 lab: sshd can be killed and started again and again', async () => {
        for (let i = 0; i < 5; ++i) {
            await host.kill_sshd()
            assert.notEqual((await lab.ssh(host, ['true'])).code, 0)
            await host.start_sshd()
            assert.equal((await lab.ssh(host, ['true'])).code, 0)
        }
    })
    await t.test('F-57 lab: the limits of sshd are obeyed', async () => {
        await host.set_sshd({ MaxSessions: '0' })
        assert.notEqual((await lab.ssh(host, ['true'])).code, 0)
        await host.set_sshd({ MaxSessions: '10', AllowStreamLocalForwarding: 'no', AllowTcpForwarding: 'no' })
        const forward = ['-o', 'ExitOnForwardFailure=yes', '-W', '127.0.0.1:22']
        const { text } = await command_code([
            'ssh',
            '-F',
            `${lab.client}/config`,
            ...forward,
            `root@${host.address}`,
        ])
        assert.match(text, /administratively prohibited|open failed/)
        await host.reset_sshd()
    })
    await t.test('F-57 lab: a frozen sshd accepts and says nothing', async () => {
        host.signal_sshd('SIGSTOP', 'listener')
        const socket = net.connect(22, host.address)
        await new Promise((done) => socket.once('connect', done))
        assert.notEqual((await lab.ssh(host, ['true'], { limit_ms: 1500 })).code, 0)
        socket.destroy()
        host.signal_sshd('SIGCONT', 'listener')
        await until('sshd answers', async () => (await lab.ssh(host, ['true'])).code === 0)
    })
    await t.test('T-51 lab: a changed host key is refused by the client', async () => {
        await host.change_host_key()
        assert.match((await lab.ssh(host, ['true'])).text, /REMOTE HOST IDENTIFICATION HAS CHANGED/)
        lab.write_known_hosts()
        assert.equal((await lab.ssh(host, ['true'])).code, 0)
    })
}

async function network_faults(t, lab) {
    const [host, other] = lab.hosts
    for (const way of ['both', 'in', 'out'])
        await t.test(`F-50 lab: a cut (${way}) silences one host and not the other, and heals`, async () => {
            await host.cut(way)
            assert.notEqual((await lab.ssh(host, ['true'], { limit_ms: 1500 })).code, 0)
            assert.equal((await lab.ssh(other, ['true'])).code, 0)
            assert.equal(await host.engine.ping(), 200, 'the harness still sees the engine')
            await host.heal()
            await until('ssh works', async () => (await lab.ssh(host, ['true'])).code === 0)
        })
    await t.test('F-52 lab: a longer way is slower, and whole', async () => {
        const delay = await host.add_delay({ ms: 100 })
        const words = [
            '-F',
            `${lab.client}/config`,
            '-p',
            String(delay.port),
            'root@127.0.0.1',
            'head -c 300000 /dev/zero | wc -c',
        ]
        const began = Date.now()
        const { out } = await command_code(['ssh', ...words])
        assert.equal(out.trim(), '300000')
        assert.ok(Date.now() - began >= 800, 'a handshake and a command are more than four round trips')
        await delay.stop()
    })
    await t.test('F-51 lab: connections are reset on both sides', async () => {
        const hanging = lab.ssh(host, ['sleep', '20'])
        await until('the session is there', () => host.pids('sleep').length === 1)
        await host.reset_connections()
        const { code, text } = await hanging
        assert.equal(code, 255)
        assert.match(text, /reset|closed|abort|broken pipe/i)
        host.signal('sleep', 'SIGKILL')
    })
}

async function relay_faults(t, lab) {
    const [, host] = lab.hosts
    await host.insert_relay()
    const { relay } = host
    const ask = (...words) => by_ssh(lab, host, ...words)
    await t.test('F-28 lab: the relay lets everything through, also streams and uploads', async () => {
        assert.match((await ask('images')).out, /berth\/test-rfb/)
        assert.equal((await ask('create', '--name', 'through', image)).code, 0)
        assert.equal((await ask('rm', 'through')).code, 0)
        assert.ok(
            (await relay.requests()).some((line) => line.startsWith('POST') && line.includes('/containers/create')),
        )
    })
    await t.test('F-28 lab: an answer is delayed, or drips', async () => {
        await relay.rule({ match: '/images/json', action: 'delay', ms: 1500 })
        const began = Date.now()
        assert.equal((await ask('images')).code, 0)
        assert.ok(Date.now() - began >= 1500)
        await relay.rule({ match: '/images/json', action: 'drip', bytes_per_second: 10 })
        assert.notEqual((await ask('images')).code, 0, 'not whole within the limit of 8 s')
    })
    await t.test('F-29 lab: the answer of a create is lost; the container is there', async () => {
        await relay.rule({ match: '/containers/create', action: 'lose' })
        assert.notEqual((await ask('create', '--name', 'unheard', image)).code, 0)
        assert.equal((await state_of(host, 'unheard')).Status, 'created')
        await host.docker('rm', 'unheard')
    })
    await t.test(
        'F-29 lab: requests are dropped, answered with a status, with nonsense, or cut short',
        async () => {
            await relay.rule({ match: '/containers/create', action: 'drop' })
            assert.notEqual((await ask('create', '--name', 'never', image)).code, 0)
            await assert.rejects(host.engine.inspect('never'), /404/)
            await relay.rule({ match: '/containers/json', action: 'status', code: 500, text: 'scripted words' })
            assert.match((await ask('ps')).text, /scripted words/)
            await relay.rule({ match: '/containers/json', action: 'garbage' })
            assert.match((await ask('ps')).text, /invalid character/)
            await relay.rule({ match: '/images/json', action: 'truncate', bytes: 60 })
            assert.notEqual((await ask('images')).code, 0)
            assert.deepEqual(await relay.counts(), {
                '/containers/create': 2,
                '/containers/json': 2,
                '/images/json': 3,
            })
        },
    )
    await t.test('F-28 lab: what hangs is let go', async () => {
        await relay.rule({ match: '/containers/json', action: 'hang', times: -1 })
        assert.equal((await ask('ps')).code, 'SIGKILL')
        await relay.clear()
        assert.equal((await ask('ps')).code, 0)
    })
    await host.remove_relay()
}

// The labs of other processes: one that ends without a word, and one that is killed.
async function nothing_stays(t) {
    const program = fileURLToPath(new URL('../lab/main.mjs', import.meta.url))
    await t.test('lab: after a SIGKILL of its process the watchdog takes everything away', async () => {
        const child = fork(program, ['up', '1'], { stdio: ['pipe', 'pipe', 'inherit', 'ipc'] })
        let said = ''
        child.stdout.on('data', (chunk) => (said += chunk))
        await until('the other lab is up', () => said.includes('ssh -F'), 60_000)
        const record = Record.all().find(({ values }) => values.owner.pid === child.pid)
        const inits = record.values.processes
        assert.ok(inits.length > 0 && inits.every(is_process))
        assert.ok((await record.left_over()).some((text) => text.startsWith('bridge')))
        child.kill('SIGKILL')
        await until('nothing is left', async () => (await record.left_over()).length === 0, 30_000, 200)
    })
}

export default async function lab_itself(t) {
    const lab = await Lab.start(2)
    try {
        await hosts_work(t, lab)
        await engine_faults(t, lab)
        await sshd_faults(t, lab)
        await network_faults(t, lab)
        await relay_faults(t, lab)
    } finally {
        await always(t, 'lab: stops and leaves nothing', () => lab.stop())
    }
    await nothing_stays(t)
}
