// SPDX-License-Identifier: Apache-2.0
// Several real hosts on one machine: a bridge of their own, an address each, and a client's key that all of them let in.

import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { command, command_code } from '../lib/process.mjs'
import { make_client, write_known_hosts } from './client.mjs'
import { Host } from './host.mjs'
import { Record } from './record.mjs'
import { start_watchdog } from './watchdog.mjs'

const root = fileURLToPath(new URL('../../../', import.meta.url)).replace(/\/$/, '')
const ranges = 200

export class Lab {
    hosts = []
    image_files = []
    known_besides = [] // { address, host_key } of hosts that are not the lab's
    root = root

    // `count` hosts with `options` each; the images are taken from the machine's engine.
    static async start(count, { options = {}, images = ['berth/test-rfb:latest'] } = {}) {
        if (process.getuid() !== 0) throw new Error('the lab needs root: it makes name spaces, a bridge and mounts')
        const lab = new Lab()
        try {
            await lab.prepare(images)
            await Promise.all(Array.from({ length: count }, (_, at) => lab.add_host(at + 1, options)))
            lab.hosts.sort((a, b) => a.number - b.number)
            return lab
        } catch (error) {
            await lab.stop().catch(() => {})
            throw error
        }
    }

    async prepare(images) {
        this.record = Record.make()
        this.folder = this.record.folder
        start_watchdog(this.folder)
        await this.make_bridge()
        this.client = join(this.folder, 'client')
        this.public_key = await make_client(this.client)
        for (const [at, image] of images.entries()) {
            const file = join(this.folder, `image-${at}.tar`)
            await command(['docker', 'save', '-o', file, image], { limit_ms: 120_000 })
            this.image_files.push(file)
        }
    }

    // 10.79.N.0/24, the first N that nobody on this machine routes to.
    async make_bridge() {
        this.bridge = this.record.values.bridge
        await command(['ip', 'link', 'add', this.bridge, 'type', 'bridge'])
        const taken = await command(['ip', '-4', 'route', 'show', 'table', 'all'])
        const free = Array.from({ length: ranges }, (_, at) => (at + process.pid) % ranges)
        this.range = free.find((number) => !taken.includes(`10.79.${number}.`))
        if (this.range === undefined) throw new Error('no free address range in 10.79.0.0/16')
        await command(['ip', 'address', 'add', `${this.address_of(254)}/24`, 'dev', this.bridge])
        await command(['ip', 'link', 'set', this.bridge, 'up'])
    }

    address_of = (number) => `10.79.${this.range}.${number}`

    // The keys as they are now; who wants to notice a change does not call this after it.
    write_known_hosts() {
        write_known_hosts(this.client, [...this.hosts, ...this.known_besides])
    }

    async add_host(number = this.hosts.length + 1, options = {}) {
        const host = new Host(this, number, options)
        this.hosts.push(host)
        await host.start()
        await host.load_images()
        this.write_known_hosts()
        return host
    }

    ssh = (host, words, options) =>
        command_code(['ssh', '-F', join(this.client, 'config'), `root@${host.address}`, ...words], options)

    // Takes everything away; an error tells what would not go.
    async stop() {
        const stopped = await Promise.allSettled(this.hosts.map((host) => host.stop()))
        await this.record.remove()
        const left = await this.record.left_over()
        if (left.length) throw new Error(`the lab leaves behind:\n${left.join('\n')}`)
        const failed = stopped.find(({ status }) => status === 'rejected')
        if (failed) throw failed.reason
    }
}
