// SPDX-License-Identifier: Apache-2.0
// An sshd of our own on the loopback, for this account, with keys of its own. It ends with the test.

import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync, readFileSync } from 'node:fs'
import net from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { until } from './wait.mjs'

const program = '/usr/sbin/sshd'
export const has_sshd = () => existsSync(program)

export class Sshd {
    constructor(folder, port) {
        this.folder = folder
        this.port = port
        this.user = userInfo().username
    }

    static async start(folder, authorized_keys) {
        mkdirSync(folder, { recursive: true, mode: 0o700 })
        mkdirSync('/run/sshd', { recursive: true }) // sshd's own privilege separation
        const port = await new Promise((done) => {
            const probe = net.createServer().listen(0, '127.0.0.1', () => {
                const found = probe.address().port
                probe.close(() => done(found))
            })
        })
        const sshd = new Sshd(folder, port)
        writeFileSync(join(folder, 'authorized_keys'), `${authorized_keys}\n`, { mode: 0o600 })
        sshd.make_host_key('first')
        await sshd.run()
        return sshd
    }

    make_host_key(name) {
        this.host_key = join(this.folder, name)
        execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', this.host_key])
        const [, fingerprint] = execFileSync('ssh-keygen', ['-lf', `${this.host_key}.pub`], { encoding: 'utf8' }).split(' ')
        this.fingerprint = fingerprint
    }

    async run() {
        const options = {
            Port: this.port,
            ListenAddress: '127.0.0.1',
            HostKey: this.host_key,
            AuthorizedKeysFile: join(this.folder, 'authorized_keys'),
            PidFile: 'none',
            StrictModes: 'no',
            UsePAM: 'no',
            PasswordAuthentication: 'no',
            PermitRootLogin: 'prohibit-password',
            // A shell of the second level reads no ~/.bashrc: what that does is not our test's.
            SetEnv: 'SHLVL=1',
        }
        const words = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`])
        this.log = ''
        this.child = spawn(program, ['-D', '-e', '-f', '/dev/null', ...words], { stdio: ['ignore', 'ignore', 'pipe'] })
        this.child.stderr.on('data', (chunk) => (this.log += chunk))
        this.ended = new Promise((done) => this.child.on('exit', done))
        await until(`sshd listens (${this.log})`, () => /Server listening/.test(this.log), 10_000)
    }

    // With the processes of its connections, which outlive the one that listens.
    async stop() {
        const descendants = (pid) => {
            const own = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
            return own.flatMap((child) => [child, ...descendants(child)])
        }
        const all = descendants(this.child.pid)
        this.child.kill('SIGKILL')
        for (const pid of all) {
            try {
                process.kill(Number(pid), 'SIGKILL')
            } catch {
                // It has ended by itself.
            }
        }
        await this.ended
    }

    // The same machine set up anew: another key at the same address.
    async change_host_key() {
        await this.stop()
        this.make_host_key('second')
        await this.run()
    }

    url(path = '') {
        return `ssh://${this.user}@127.0.0.1:${this.port}${path}`
    }
}
