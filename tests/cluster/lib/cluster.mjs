// SPDX-License-Identifier: Apache-2.0
// A lab, the program with its hosts, and the checker over both: what the tests of real hosts stand on.

import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Viewer } from '../../api/lib/rfb.mjs'
import { until } from '../../api/lib/wait.mjs'
import { Checker } from '../checker/checker.mjs'
import { Lab } from '../lab/lab.mjs'
import { ClusterServer, away } from './berth.mjs'
import { in_parallel } from './load.mjs'
import { always } from './tests.mjs'

// BERTH_CLUSTER_WAY=unix leaves ssh out: for work on the tests while the program cannot do it.
export const by_ssh = process.env.BERTH_CLUSTER_WAY !== 'unix'
export const endpoint_of = (host) =>
    by_ssh ? (host.way?.endpoint ?? host.endpoint) : `unix://${join(host.folder, 'run', 'docker.sock')}`

export class Cluster {
    // `each`: more settings of every host. `ways`: names of the hosts whose way can be made longer (`host.way`).
    static async start(count, { options, config, each, ways = [] } = {}) {
        const cluster = new Cluster()
        cluster.lab = await Lab.start(count, { options })
        try {
            for (const name of ways) cluster.host(name).way = await cluster.host(name).add_delay()
            const hosts = cluster.lab.hosts.map((host) => ({ name: host.name, endpoint: endpoint_of(host), settings: each }))
            const { record, client } = cluster.lab
            cluster.server = new ClusterServer({ record, client, hosts, config })
            await cluster.server.start()
            cluster.admin = await cluster.server.sign_in_admin()
            const engines = cluster.lab.hosts.map((host) => ({ name: host.name, engine: host.engine }))
            cluster.checker = new Checker(engines, cluster.server)
            cluster.checker.requests = cluster.server.heard
            await cluster.all_up()
            return cluster
        } catch (error) {
            await cluster.stop().catch(() => {})
            throw error
        }
    }

    host = (name) => this.lab.hosts.find((host) => host.name === name)
    all_up = () => Promise.all(this.lab.hosts.map(({ name }) => this.server.host_is(name, 'up', 60_000)))

    // ---- sessions -----------------------------------------------------------------------------------

    // `count` requests at once of one person, each with a slot of its own.
    start_many(person, count, prefix, template = 'rfb') {
        return Promise.all(
            Array.from({ length: count }, (_, i) => person.start(template, { slot: `${prefix}${i}` })),
        )
    }

    // Sessions as staff sees them.
    session = (id) => this.admin.session(id)

    async ready(person, slot, template = 'rfb', limit_ms = 60_000) {
        const { id } = await person.start(template, { slot })
        await person.reach(id, 'ready', limit_ms)
        return this.session(id)
    }

    // Until one of the given sessions' facts holds: `wanted(session)`.
    until_session(id, what, wanted, limit_ms = 30_000) {
        let last
        return until(
            `session ${id} ${what}`,
            async () => {
                last = await this.session(id)
                if (wanted(last)) return last
                throw new Error(
                    `it is ${last.state}, ${last.condition}, on ${last.host}, end ${JSON.stringify(last.end)}`,
                )
            },
            limit_ms,
            200,
        )
    }

    ended = (id, limit_ms) => this.until_session(id, 'has ended', ({ state }) => state === 'ended', limit_ms)

    // The session is ready, and known to be so or not.
    has_condition(id, wanted) {
        const is_so = ({ state, condition }) => state === 'ready' && condition === wanted
        return this.until_session(id, `is ready, ${wanted}`, is_so)
    }

    // As many sessions on a host as `count`, whatever the other one gets.
    async some_on(person, name, count, prefix) {
        const found = []
        for (let i = 0; found.length < count; ++i) {
            assert.ok(i < 8 * count + 8, `no session comes to ${name}`)
            const session = await this.ready(person, `${prefix}${i}`)
            if (session.host === name) found.push(session)
        }
        return found
    }

    async end_all() {
        const live = (await this.admin.get('/api/v1/sessions?owner=all')).json.items
        await Promise.all(live.map(({ id }) => this.admin.delete(`/api/v1/sessions/${id}`)))
        await Promise.all(live.map(({ id }) => this.ended(id, 90_000)))
    }

    // ---- desktops -----------------------------------------------------------------------------------

    containers_on = (host, session) =>
        host.engine.containers([`io.berth.deployment=${this.server.deployment()}`, `io.berth.session=${session}`])

    container_of = async (session) => {
        const host = this.host((await this.session(session)).host)
        const found = await this.containers_on(host, session)
        assert.equal(found.length, 1, `containers of ${session} on ${host.name}`)
        return { host, id: found[0].Id }
    }

    // Opens the desktop as its owner, presses a key, and finds that key with the container that it belongs to.
    async answers(person, session) {
        const viewer = await Viewer.connect(this.server, { ticket: await person.ticket(session) })
        try {
            const { host, id } = await this.container_of(session)
            await viewer.picture(0, 0, 16, 16)
            const key = 0x10000 + (Math.floor(Math.random() * 0xffff) | 1)
            viewer.key(key)
            viewer.key(key, false)
            await until(`the key of ${session} arrives in its container`, async () =>
                (await host.docker('exec', id, '/rfb', 'cat', '/tmp/witness.jsonl')).includes(`"key":${key}`),
            )
        } finally {
            viewer.leave()
        }
    }

    // A few at a time: each look into a container is a process of its own there.
    all_answer = (person, sessions) => in_parallel(sessions, 3, ({ id }) => this.answers(person, id))

    // ---- faults -------------------------------------------------------------------------------------

    async is_away(name, limit_ms = 20_000) {
        this.checker.unreachable.add(name)
        return this.server.host_is(name, away, limit_ms)
    }

    async is_back(name, limit_ms = 30_000) {
        const host = await this.server.host_is(name, 'up', limit_ms)
        this.checker.unreachable.delete(name)
        return host
    }

    // After a test that failed half-way: everything that can be wrong with a host is put right for the next one.
    async recover() {
        for (const host of this.lab.hosts) {
            for (const name of ['sshd', 'dockerd']) host.signal(name, 'SIGCONT')
            await host.heal()
            await host.free_disk()
            await host.relay?.clear()
            if (host.pids('dockerd').length === 0) await host.start_engine()
            await host.load_images()
            await host.reset_sshd()
        }
        this.lab.write_known_hosts()
        this.checker.unreachable.clear()
        await this.all_up()
        await this.end_all()
    }

    async stop() {
        this.checker?.stop()
        if (this.server) {
            const folder = join(this.lab.root, 'build', 'cluster')
            mkdirSync(folder, { recursive: true })
            writeFileSync(join(folder, `berth-${process.pid}.log`), this.server.log)
            await this.server.clean()
        }
        for (const { way } of this.lab.hosts) await way?.stop()
        await this.lab.stop()
    }
}

// Runs `body` with a cluster; that the server ends well and everything goes away are tests too.
export async function with_cluster(t, what, count, options, body) {
    let cluster
    try {
        cluster = await Cluster.start(count, options)
        await body(cluster)
        await always(
            t,
            `${what}: SIGTERM ends the server with 0, without complaint, and no secret was logged`,
            () => cluster.server.stop(),
        )
    } catch (error) {
        t.fail(`${what}: runs`, error)
    } finally {
        if (cluster) await always(t, `${what}: leaves nothing behind`, () => cluster.stop())
    }
}

// A test, and the checker after it.
export async function checked(t, cluster, name, body, limit_ms = 180_000) {
    await t.test(
        name,
        async () => {
            try {
                await body()
                await cluster.checker.at_rest()
            } catch (error) {
                await cluster
                    .recover()
                    .catch((next) => (error.message += `\nand the hosts did not recover: ${next.message}`))
                throw error
            }
        },
        limit_ms + 180_000,
    )
}
