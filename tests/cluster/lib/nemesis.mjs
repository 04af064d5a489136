// SPDX-License-Identifier: Apache-2.0
// Picks faults by a seed, begins and heals them, and writes down what it did.

import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Dice } from './dice.mjs'
import { of_hosts, of_the_program } from './nemesis_faults.mjs'

const pause_s = [3, 15]
const most_at_once = 4
const usually_hurt = 2 // hosts at the same moment
const all_hurt_share = 1 / 6
const program_share = 1 / 12
const shown_lines = 60

// The faults of one storm, made before it begins: what is picked then depends on the seed alone, not on how fast
// this machine is. [{ at_s, lasts_s, fault, host (its name; null for the program), choice, number }]
export function plan(seed, hosts, seconds) {
    const dice = new Dice(seed)
    const taken = [] // { host, layers, until_s }
    const strikes = []
    const pick = (at_s, most_hurt) => {
        const now = taken.filter(({ until_s }) => until_s > at_s)
        const hurt = new Set(now.flatMap(({ host }) => (host ? [host] : [])))
        const is_free = (host, layers) =>
            !now.some((one) => one.host === host && one.layers.some((layer) => layers.includes(layer)))
        if (dice.chance() < program_share && is_free(null, of_the_program.layers)) return [of_the_program, null]
        const open = hosts.filter(({ name }) => hurt.has(name) || hurt.size < most_hurt)
        const possible = of_hosts.flatMap((fault) => {
            const where = open.filter(
                (host) => is_free(host.name, fault.layers) && (fault.is_possible?.(host) ?? true),
            )
            return where.length ? Array(fault.weight ?? 1).fill([fault, where]) : []
        })
        if (possible.length === 0) return null
        const [fault, where] = dice.one_of(possible)
        return [fault, dice.one_of(where).name]
    }
    for (let at_s = dice.between(1, 4); at_s < seconds; at_s += dice.between(...pause_s)) {
        const most_hurt = dice.chance() < all_hurt_share ? hosts.length : usually_hurt
        for (let left = dice.whole(1, most_at_once); left > 0; --left) {
            const picked = pick(at_s, most_hurt)
            if (!picked) break
            const [fault, host] = picked
            const lasts_s = Math.min(dice.between(...fault.lasts), seconds - at_s)
            const choice = fault.choices && dice.one_of(fault.choices)
            strikes.push({ at_s, lasts_s, fault, host, choice, number: dice.whole(0, 1000) })
            taken.push({ host, layers: fault.layers, until_s: at_s + lasts_s + fault.heals_in })
        }
    }
    return strikes
}

export class Diary {
    lines = []

    constructor(root) {
        const folder = join(root, 'build', 'cluster')
        mkdirSync(folder, { recursive: true })
        this.file = join(folder, 'nemesis.log')
        writeFileSync(this.file, '')
    }

    note(...words) {
        const line = `${new Date().toISOString()} ${words.join(' ')}`
        this.lines.push(line)
        appendFileSync(this.file, `${line}\n`)
    }

    last = () => this.lines.slice(-shown_lines).join('\n')
}

export class Storm {
    counts = {}
    #last = new Map() // host and layer → until the last fault there is healed
    #is_over = false
    #end
    #over = new Promise((done) => (this.#end = done))

    // `watch`: who asks the program all the time (watch.mjs), and may kill it. `forgotten`: gets the containers that their
    // engines forgot.
    constructor(cluster, watch, diary, forgotten = []) {
        this.forgotten = forgotten
        this.cluster = cluster
        this.watch = watch
        this.diary = diary
    }

    // Until every fault of the plan is healed. A fault that could not be done or healed is an error of the lab.
    async rage(strikes) {
        this.began = Date.now()
        const done = await Promise.allSettled(strikes.map((strike) => this.#strike(strike)))
        const failed = done.find(({ status }) => status === 'rejected')
        if (failed) throw failed.reason
    }

    // No fault begins any more, and those that are there are healed.
    calm() {
        this.#is_over = true
        this.#end()
    }

    // Everything that runs there ends now, bystanders too; they stay where they are, though.
    goes_dark(host) {
        this.cluster.checker.recorder.note_blackout(host.name)
        for (const one of this.cluster.checker.bystanders) if (one.host === host.name) one.state = 'exited'
    }

    async #strike(strike) {
        const { fault, host: name } = strike
        const keys = fault.layers.map((layer) => `${name} ${layer}`)
        const before = keys.map((key) => this.#last.get(key))
        const mine = (async () => {
            await this.#pause(this.began + strike.at_s * 1000 - Date.now())
            await Promise.all(before)
            if (!this.#is_over) await this.#befall(strike)
        })()
        for (const key of keys)
            this.#last.set(
                key,
                mine.catch(() => {}),
            )
        await mine
    }

    async #pause(ms) {
        let timer
        const passed = new Promise((done) => (timer = setTimeout(done, Math.max(0, ms))))
        await Promise.race([passed, this.#over])
        clearTimeout(timer)
    }

    async #befall({ fault, host: name, choice, number, lasts_s }) {
        const what = `${name ?? 'program'}: ${fault.name}${choice ? ` ${JSON.stringify(choice)}` : ''}`
        this.counts[fault.name] = (this.counts[fault.name] ?? 0) + 1
        this.diary.note('begin', what, `for ${lasts_s.toFixed(1)} s`)
        try {
            const host = name && this.cluster.host(name)
            const heal = await fault.begin({ storm: this, host, choice, number })
            await this.#pause(lasts_s * 1000)
            this.diary.note('heal ', what)
            await heal?.()
            this.diary.note('end  ', what)
        } catch (error) {
            this.diary.note('FAILED', what, error.message)
            throw new Error(`the lab could not do or heal '${what}': ${error.message}`, { cause: error })
        }
    }
}
