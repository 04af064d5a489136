// SPDX-License-Identifier: Apache-2.0
// The program with many hosts, most of them shims, and many people: what fleet and rush stand on.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { until } from '../../api/lib/wait.mjs'
import { rows_of } from '../checker/gather.mjs'
import { Checker } from '../checker/checker.mjs'
import { Fleet } from '../shim/fleet.mjs'
import { ClusterServer } from './berth.mjs'
import { by_ssh, endpoint_of } from './cluster.mjs'
import { QuickClient, in_parallel } from './load.mjs'

export class Crowd {
    hosts = []

    // `real`: a lab's hosts beside the shims, or none. `config`: more of the server's configuration.
    static async start({ shims, lab, config = {} }) {
        const crowd = new Crowd()
        try {
            const client = lab && { folder: lab.client, public_key: lab.public_key }
            crowd.fleet = await Fleet.start(shims, { by_ssh, client })
            if (lab) {
                lab.known_besides = crowd.fleet.known_hosts()
                lab.write_known_hosts()
            }
            crowd.hosts = [...(lab?.hosts ?? []), ...crowd.fleet.hosts]
            crowd.server = new ClusterServer({
                record: crowd.fleet.record,
                client: crowd.fleet.client,
                hosts: crowd.hosts.map((host) => ({
                    name: host.name,
                    endpoint: lab?.hosts.includes(host) ? endpoint_of(host) : host.endpoint,
                })),
                config: { log: { level: 'info', format: 'text' }, ...config },
            })
            return crowd
        } catch (error) {
            await crowd.stop().catch(() => {})
            throw error
        }
    }

    async start_server() {
        await this.server.start()
        this.admin = await this.server.sign_in_admin()
        if (this.checker) return
        this.checker = new Checker(this.hosts, this.server)
        this.checker.requests = this.server.heard
    }

    // Milliseconds until `count` hosts are up.
    async hosts_up(count = this.hosts.length, limit_ms = 120_000) {
        const began = Date.now()
        await until(
            `${count} hosts are up`,
            async () => {
                const up = (await this.admin.get('/api/v1/hosts')).json.items.filter(
                    ({ state }) => state === 'up',
                ).length
                if (up < count) throw new Error(`${up} are`)
                return true
            },
            limit_ms,
            250,
        )
        return Date.now() - began
    }

    // An error that says what ended although nobody wanted it to, and that no waiting mends.
    async failed() {
        const query = "SELECT id, host, end_reason, end_detail, attempts FROM sessions WHERE state = 'ended' LIMIT 5"
        const rows = await rows_of(this.server.database, query)
        return Object.assign(new Error(`some failed: ${JSON.stringify(rows)}`), { is_final: true })
    }

    // People, signed in, each with connections of their own.
    async people(count) {
        const names = Array.from({ length: count }, (_, i) => `p${String(i).padStart(3, '0')}`)
        return in_parallel(names, 4, async (name) => new QuickClient(await this.server.person(name)))
    }

    // `name`: of the file in build/cluster that keeps the program's log.
    async stop(name) {
        this.checker?.stop()
        if (name && this.server?.log) {
            const folder = fileURLToPath(new URL('../../../build/cluster/', import.meta.url))
            mkdirSync(folder, { recursive: true })
            writeFileSync(join(folder, `${name}.log`), this.server.log)
        }
        try {
            await this.server?.clean()
        } finally {
            await this.fleet?.stop()
        }
    }
}
