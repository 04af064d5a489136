// SPDX-License-Identifier: Apache-2.0
// The checker of one test run: what engines told, what clients heard, bystanders, and the rules over all of it.

import { pause, until } from '../../api/lib/wait.mjs'
import { look } from './gather.mjs'
import { Recorder } from './recorder.mjs'
import { broken, rules, settled_part } from './rules.mjs'

// The interval in which the program looks at its hosts.
const poll_ms = 5_000

export class Checker {
    bystanders = []
    requests = []
    exempt = { restarted: [] }
    unreachable = new Set()

    // `hosts`: [{ name, engine }]; `server`: { database, hosts() } – its file, and its hosts by the API.
    constructor(hosts, server) {
        this.hosts = hosts
        this.server = server
        this.recorder = new Recorder(hosts)
    }

    // Foreign containers with names and labels that look like ours; they must live to the end.
    async add_bystanders(host, deployment, session) {
        const { engine } = this.hosts.find(({ name }) => name === host)
        const alike = [
            { name: `x-berth-${session}-y`, labels: {} },
            {
                name: `berth-${deployment}x-${session}-1`,
                labels: {
                    'io.berth.deployment': `${deployment}x`,
                    'io.berth.session': session,
                    'io.berth.generation': '1',
                },
            },
            { name: `only-a-label-${session}`, labels: { 'io.berth.session': session } },
        ]
        for (const { name, labels } of alike) {
            const body = { Image: 'berth/test-rfb:latest', Env: ['VNC_PASSWORD=bystand'], Labels: labels }
            const made = await engine.request('POST', `/containers/create?name=${name}`, { body })
            if (made.status !== 201) throw new Error(`bystander: ${made.status} ${made.text}`)
            const started = await engine.request('POST', `/containers/${made.json.Id}/start`)
            if (started.status !== 204) throw new Error(`bystander: ${started.status} ${started.text}`)
            this.bystanders.push({
                host,
                id: made.json.Id,
                name,
                state: 'running',
                started: await this.#started(engine, made.json.Id),
            })
        }
    }

    // When the engine itself ends them (a restart without live-restore), that is not our doing.
    forget_bystanders(host) {
        this.bystanders = this.bystanders.filter((one) => one.host !== host)
    }

    #started = async (engine, id) => (await engine.inspect(id)).State.StartedAt

    async look() {
        const hosts = this.hosts.map((host) => ({
            ...host,
            engine: host.engine,
            is_reachable: !this.unreachable.has(host.name),
        }))
        const seen = await look({ database: this.server.database, hosts })
        const bystanders = []
        for (const one of this.bystanders) {
            const { engine } = this.hosts.find(({ name }) => name === one.host)
            bystanders.push({ ...one, started_now: await this.#started(engine, one.id).catch(() => 'gone') })
        }
        return {
            ...seen,
            log: this.recorder.log,
            blackouts: this.recorder.blackouts,
            requests: this.requests,
            exempt: this.exempt,
            bystanders,
            reported: await this.server.hosts(),
        }
    }

    // Now, while everything may be under way: an error with the rows that break a rule.
    async always() {
        complain(broken(await this.look(), ['always']))
    }

    // Waits until the picture rests, at most `limit_ms`, looks again a while later, and applies every rule.
    async at_rest(limit_ms = 60_000) {
        let last
        const earlier = await until(
            'the picture is at rest',
            async () => {
                const seen = await this.look()
                const text = JSON.stringify(settled_part(seen))
                const is_same = text === last
                last = text
                const wrong = broken(seen)
                if (!is_same && !wrong.some(({ stays }) => stays)) throw new Error('something still changes')
                if (wrong.length)
                    throw Object.assign(new Error(`broken:\n${described(wrong)}`), {
                        is_final: wrong.some(({ stays }) => stays),
                    })
                return seen
            },
            limit_ms,
            1_000,
        )
        await pause(2 * poll_ms)
        const wrong = broken({ ...(await this.look()), earlier })
        complain(wrong)
    }

    stop() {
        this.recorder.stop()
    }
}

const most_rows = 20
export const described = (wrong) =>
    wrong
        .map(({ id, text, rows }) => {
            const shown = rows.slice(0, most_rows).map((row) => `    ${JSON.stringify(row)}`)
            return `${id} ${text}: ${rows.length} rows\n${shown.join('\n')}`
        })
        .join('\n')

function complain(wrong) {
    if (wrong.length) throw new Error(`broken:\n${described(wrong)}`)
}

// One line for each rule, and the rows that break it: { passed, failed }.
export function report(seen, say = console.log) {
    const wrong = new Map(broken(seen).map((one) => [one.id, one]))
    for (const { id, text } of rules) {
        const found = wrong.get(id)
        say(found ? `FAILED   ${described([found])}` : `ok       ${id} ${text}`)
    }
    return { passed: rules.length - wrong.size, failed: wrong.size }
}
