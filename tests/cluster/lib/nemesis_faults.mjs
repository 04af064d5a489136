// SPDX-License-Identifier: Apache-2.0
// What the nemesis can do to a host: each fault with a begin that returns its end.
//
// `layers`: what it takes hold of; two faults of one layer never meet on a host, so that each can be healed alone.
// `weight`: how often it is picked, against 1 of the others. `lasts`: seconds, least and most. `heals_in`: seconds that
// the healing takes, for the plan. `choices`: of which the dice take one as `choice`. `begin({ storm, host, choice,
// number })` may return a function that heals; `number` is for choices that depend on what is there.

import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pause, until } from '../../api/lib/wait.mjs'
import { signal_process } from './process.mjs'

const told_limit_ms = 10_000
// Whoever was about to be hurt went away by itself.
const too_late = /No such container|is not running|not paused|already in progress|is already paused|ENOENT|ESRCH/

// ---- the engine and its power -------------------------------------------------------------------------

// With live-restore desktops outlive their engine; without it they end when the next one starts.
async function start_engine(storm, host) {
    if (!host.options.live_restore) storm.goes_dark(host)
    const before = containers_with_processes(host)
    await host.start_engine()
    await end_forgotten(storm, host, before)
}

// An engine killed between starting a container and writing that down does not know afterwards that it runs, and gives
// its address to the next one. No client of it can see that, let alone mend it; so it is ended here.
async function end_forgotten(storm, host, before) {
    const left = before.map((id) => [id, pids_of(host, id)]).filter(([, pids]) => pids.length)
    if (left.length === 0) return
    const alive = ({ State }) => State === 'running' || State === 'paused'
    const known = new Set((await host.engine.containers()).filter(alive).map(({ Id }) => Id))
    for (const [id, pids] of left) {
        if (known.has(id)) continue
        storm.diary.note('      ', `${host.name}: its engine has forgotten ${id}`)
        storm.forgotten.push(id)
        for (const pid of pids) signal_process(pid, 'SIGKILL')
    }
}

const group_of = (host) => join('/sys/fs/cgroup/pids', host.lab.record.values.cgroup, host.name)
const containers_with_processes = (host) => (existsSync(group_of(host)) ? readdirSync(group_of(host)) : [])
    .filter((id) => /^[0-9a-f]{64}$/.test(id) && pids_of(host, id).length)
function pids_of(host, id) {
    try {
        return readFileSync(join(group_of(host), id, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number)
    } catch {
        return [] // gone meanwhile
    }
}

const engine = [
    {
        name: 'engine frozen',
        layers: ['engine'],
        lasts: [3, 25],
        heals_in: 1,
        begin: ({ host }) => (host.freeze_engine(), () => host.thaw_engine()),
    },
    {
        name: 'engine killed',
        layers: ['engine'],
        lasts: [1, 15],
        heals_in: 8,
        async begin({ storm, host }) {
            await host.kill_engine()
            return () => start_engine(storm, host)
        },
    },
    {
        name: 'engine stopped',
        layers: ['engine'],
        lasts: [1, 10],
        heals_in: 8,
        async begin({ storm, host }) {
            if (!host.options.live_restore) storm.goes_dark(host)
            await host.stop_engine()
            return () => start_engine(storm, host)
        },
    },
    {
        // The network too: what the harness runs on the host would end with everything else there.
        name: 'power cut',
        layers: ['engine', 'sshd', 'network'],
        lasts: [2, 15],
        heals_in: 10,
        async begin({ storm, host }) {
            storm.goes_dark(host)
            await host.power_cut()
            // Again, for what was started between the word and the deed.
            return () => (storm.goes_dark(host), host.boot())
        },
    },
    {
        name: 'disk full',
        layers: ['engine'],
        lasts: [5, 20],
        heals_in: 1,
        async begin({ host }) {
            await host.fill_disk()
            return () => host.free_disk()
        },
    },
]

// ---- single desktops ----------------------------------------------------------------------------------

// Does something to a running desktop of ours, if there is one; the victim, or null.
async function hurt_one({ storm, host, number }, deed) {
    const all = await host.engine.containers(`io.berth.deployment=${storm.cluster.server.deployment()}`)
    const running = all.filter(({ State }) => State === 'running')
    const victim = running[number % running.length]
    const of_whom = victim ? victim.Labels['io.berth.session'] : 'nobody'
    storm.diary.note('      ', `${host.name}: it befalls ${of_whom}`)
    try {
        if (victim) await deed(victim.Id)
        return victim?.Id ?? null
    } catch (error) {
        if (too_late.test(error.message)) return null
        throw error
    }
}

// An engine that dies before the checker has heard of a death would leave the checker without the proof.
const death_is_told = (storm, id) =>
    until(
        'the death is told',
        () =>
            storm.cluster.checker.recorder.log.some(
                ({ container, action }) => container === id && ['die', 'destroy'].includes(action),
            ),
        told_limit_ms,
    )

const by_hand = (name, words) => ({
    name,
    layers: ['engine'],
    lasts: [0, 0],
    heals_in: 2,
    async begin(how) {
        const id = await hurt_one(how, (container) => how.host.docker(...words, container))
        if (id) await death_is_told(how.storm, id)
    },
})

const containers = [
    by_hand('container killed', ['kill']),
    by_hand('container removed', ['rm', '-f']),
    {
        name: 'container paused',
        layers: ['engine'],
        lasts: [3, 15],
        heals_in: 1,
        async begin(how) {
            const id = await hurt_one(how, (container) => how.host.docker('pause', container))
            if (!id) return
            return () =>
                how.host.docker('unpause', id).catch((error) => {
                    if (!too_late.test(error.message)) throw error
                })
        },
    },
    {
        // Whether it dies of it is the kernel's choice, so nobody waits for a death.
        name: 'out of memory',
        layers: ['engine'],
        lasts: [0, 0],
        heals_in: 12,
        begin: async (how) => void (await hurt_one(how, (container) => how.host.exhaust_memory(container))),
    },
]

// ---- sshd and the way to it ---------------------------------------------------------------------------

// Does something again and again until it is told to end.
function again_and_again(every_ms, deed) {
    let is_over = false
    const doing = (async () => {
        while (!is_over) {
            await deed()
            await pause(every_ms)
        }
    })()
    doing.catch(() => {}) // whoever ends it hears of it
    return async () => {
        is_over = true
        await doing
    }
}

const sshd = [
    {
        name: 'sshd killed',
        layers: ['sshd'],
        lasts: [1, 12],
        heals_in: 1,
        async begin({ host }) {
            await host.kill_sshd()
            return () => host.start_sshd()
        },
    },
    {
        name: 'sshd killed again and again',
        layers: ['sshd'],
        lasts: [2, 8],
        heals_in: 2,
        begin: ({ host }) =>
            again_and_again(300, async () => {
                await host.kill_sshd()
                await host.start_sshd()
            }),
    },
    {
        name: 'sshd silent',
        layers: ['sshd'],
        lasts: [3, 20],
        heals_in: 1,
        begin: ({ host }) => (host.signal_sshd('SIGSTOP'), () => host.signal_sshd('SIGCONT')),
    },
    {
        name: 'sshd connections killed',
        layers: ['sshd'],
        lasts: [0, 0],
        heals_in: 1,
        begin: ({ host }) => host.kill_sshd('sessions'),
    },
    {
        name: 'sshd limits',
        layers: ['sshd'],
        lasts: [5, 25],
        heals_in: 2,
        choices: [
            { MaxSessions: '1' },
            { MaxSessions: '0' },
            { MaxStartups: '1:100:1' },
            { AllowStreamLocalForwarding: 'no' },
            { AllowTcpForwarding: 'no' },
        ],
        async begin({ host, choice }) {
            await host.set_sshd(choice, { cut: true })
            return () => host.reset_sshd()
        },
    },
]

const network = [
    {
        name: 'network cut',
        layers: ['network'],
        lasts: [3, 25],
        heals_in: 1,
        choices: ['both', 'in', 'out'],
        async begin({ host, choice }) {
            await host.cut(choice)
            return () => host.heal()
        },
    },
    {
        name: 'network flaps',
        layers: ['network'],
        lasts: [8, 20],
        heals_in: 3,
        async begin({ host }) {
            let is_cut = false
            const end = again_and_again(2500, async () => {
                if (is_cut) await host.heal()
                else await host.cut()
                is_cut = !is_cut
            })
            return async () => {
                await end()
                await host.heal()
            }
        },
    },
    {
        name: 'connections reset',
        layers: ['network'],
        lasts: [0, 6],
        heals_in: 1,
        begin: ({ host }) => again_and_again(200, () => host.reset_connections()),
    },
    {
        name: 'longer way',
        layers: ['way'],
        lasts: [5, 25],
        heals_in: 1,
        is_possible: (host) => Boolean(host.way),
        choices: [{ ms: 100 }, { ms: 700 }, { ms: 2000 }, { ms: 50, bytes_per_second: 20_000 }],
        async begin({ host, choice }) {
            await host.way.set(choice)
            return () => host.way.set({})
        },
    },
]

// ---- single requests to the engine --------------------------------------------------------------------

// No 404 among them: an engine that says that a container is not there is to be believed.
const spoiling = [
    { match: '/', action: 'delay', ms: 1500 },
    { match: '/', action: 'delay', ms: 12_000 },
    { match: '/', action: 'drip', bytes_per_second: 40 },
    { match: '/containers/create', action: 'lose' },
    { match: '/start', action: 'lose' },
    { match: 'DELETE', action: 'lose' },
    { match: '/containers/', action: 'lose' },
    { match: '/', action: 'drop' },
    { match: '/start', action: 'drop' },
    { match: 'DELETE', action: 'hang' },
    { match: '/containers/create', action: 'hang' },
    { match: '/containers/create', action: 'status', code: 500, text: 'scripted failure' },
    { match: '/start', action: 'status', code: 500, text: 'scripted failure' },
    { match: 'DELETE', action: 'status', code: 500, text: 'scripted failure' },
    { match: '/containers/json', action: 'status', code: 500, text: 'scripted failure' },
    { match: '/containers/create', action: 'status', code: 409, text: 'scripted conflict' },
    { match: 'DELETE', action: 'status', code: 409, text: 'scripted conflict' },
    { match: '/containers/json', action: 'garbage' },
    { match: '/containers/create', action: 'garbage' },
    { match: '/_ping', action: 'garbage' },
    { match: '/containers/json', action: 'truncate', bytes: 150 },
    { match: '/json', action: 'truncate', bytes: 400 },
    { match: '/containers/json', action: 'huge', size: 17 << 20 },
]

const relay = [
    {
        name: 'requests spoiled',
        layers: ['relay'],
        weight: 4, // it has many kinds
        lasts: [4, 20],
        heals_in: 1,
        choices: spoiling.flatMap((rule) => [
            { ...rule, times: 1 },
            { ...rule, times: -1 },
        ]),
        async begin({ host, choice }) {
            await host.relay.rule(choice)
            return async () => {
                await host.relay.clear()
                // What drips goes on doing so until its connection ends.
                await host.relay.cut()
            }
        },
    },
    {
        name: 'engine connections cut',
        layers: ['relay'],
        lasts: [0, 0],
        heals_in: 1,
        begin: async ({ host }) => void (await host.relay.cut()),
    },
]

// ---- the program itself -------------------------------------------------------------------------------

export const of_the_program = {
    name: 'program killed',
    layers: ['program'],
    lasts: [0, 8],
    heals_in: 12,
    async begin({ storm }) {
        await storm.watch.kill_program()
        return () => storm.watch.start_program()
    },
}

export const of_hosts = [...engine, ...containers, ...sshd, ...network, ...relay]
