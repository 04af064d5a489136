// SPDX-License-Identifier: Apache-2.0
// The invariants, each as a function of what was seen to the rows that break it. Knows nothing of the program but
// its words: states, labels, columns. Numbers I-… are those of the project's list of invariants.
//
// What was seen (gather.mjs):
//   now           milliseconds since 1970
//   deployment    id
//   sessions      rows of the table, camel-free: id generation state host container realm subject slot state_since …
//   events        rows of the table: seq at session from_state to_state actor cause …
//   hosts         { name, is_reachable, engine_id, containers, networks, volumes }; is_reachable: for the program
//   log           what the engines told: { host, engine_id, at, action, container, labels }
//   blackouts     { host, at }: what ran there ended by the harness: another engine, a power cut
//   requests      what clients asked and heard: { at, method, path, status, json }
//   bystanders    { host, id, name, started }: foreign containers as they were at the beginning
//   reported      { name, used, capacity }: hosts as the API shows them
//   exempt        { restarted: [session…] }: what the test did by hand
//   earlier       an earlier look, for I-25

const label = (name) => `io.berth.${name}`
const of_deployment = (labels, deployment) => labels?.[label('deployment')] === deployment
const terminal = 'ended'
const before_ready = ['creating', 'starting', 'probing']
// Where nobody can be asked, nothing has to be true yet.
const gone_ms = 10_000
const released_ms = 5_000 // then a removal no longer blocks its owner
const stopping_ms = 32_000

// `probing` is not stored; an attempt on another host begins again in the queue or at its creation.
const legal = {
    '': ['queued', 'creating'], // placed at once
    queued: ['creating', 'stopping', 'ended'],
    creating: ['queued', 'creating', 'starting', 'stopping', 'ended'],
    starting: ['queued', 'creating', 'probing', 'ready', 'stopping', 'ended'],
    probing: ['queued', 'creating', 'ready', 'stopping', 'ended'],
    ready: ['stopping', 'ended'],
    stopping: ['ended'],
    ended: [],
}

const ours = ({ hosts, deployment }) =>
    hosts.flatMap((host) =>
        host.containers
            .filter(({ Labels }) => of_deployment(Labels, deployment))
            .map(({ Id, Names, Labels, State }) => ({
                host: host.name,
                id: Id,
                name: Names[0],
                state: State,
                session: Labels[label('session')],
                generation: Number(Labels[label('generation')]),
                owner: Labels[label('owner')],
            })),
    )
const reachable = ({ hosts }) => new Map(hosts.map(({ name, is_reachable }) => [name, is_reachable]))
const by_id = ({ sessions }) => new Map(sessions.map((session) => [session.id, session]))

const moves_of = ({ events }) => {
    const moves = new Map()
    for (const event of [...events].sort((a, b) => a.seq - b.seq)) {
        if (!event.session) continue
        if (!moves.has(event.session)) moves.set(event.session, [])
        moves.get(event.session).push(event)
    }
    return moves
}

function no_orphan(seen) {
    const sessions = by_id(seen)
    return ours(seen).filter(({ session, generation, host }) => {
        const row = sessions.get(session)
        return !row || row.state === terminal || row.generation !== generation || row.host !== host
    })
}

function no_ghost(seen) {
    const is_reachable = reachable(seen)
    const running = new Set(
        ours(seen).flatMap(({ host, id, state }) => (state === 'running' ? [`${host} ${id}`] : [])),
    )
    return seen.sessions.filter(
        ({ state, host, container, is_paused, pool }) =>
            state === 'ready' &&
            is_reachable.get(host) &&
            !(is_paused && pool) &&
            !running.has(`${host} ${container}`),
    )
}

// One live session per owner at every moment, by the journal …
function one_per_owner_in_journal(seen) {
    const live = new Map() // key → Map(session → state)
    const wrong = []
    for (const { seq, session, realm, subject, slot, to_state } of [...seen.events].sort((a, b) => a.seq - b.seq)) {
        if (!session || !to_state) continue
        const key = `${realm}/${subject}/${slot}`
        if (!live.has(key)) live.set(key, new Map())
        const mine = live.get(key)
        // A stopping one may have given its slot up already.
        if (to_state === terminal || to_state === 'stopping') mine.delete(session)
        else mine.set(session, to_state)
        if (mine.size > 1) wrong.push({ rule: 'journal', seq, key, sessions: [...mine.keys()] })
    }
    return wrong
}

// … and by the lives of the containers.
function one_per_owner_in_engines(seen) {
    const lives = new Map() // owner → [{ session, generation, made, from, to }]
    const made = new Map() // container → when it was created
    const open = new Map() // container → life
    for (const { host, at, action, container, labels } of [...seen.log].sort((a, b) => a.at - b.at)) {
        if (!of_deployment(labels, seen.deployment)) continue
        const key = `${host} ${container}`
        if (action === 'create') made.set(key, at)
        if (action === 'start') {
            const owner = labels[label('owner')]
            const life = {
                session: labels[label('session')],
                generation: Number(labels[label('generation')]),
                host,
                made: made.get(key) ?? at,
                from: at,
                to: Infinity,
            }
            if (!lives.has(owner)) lives.set(owner, [])
            lives.get(owner).push(life)
            open.set(key, life)
        } else if (action === 'die' || action === 'destroy') {
            const life = open.get(key)
            if (life) life.to = Math.min(life.to, at)
        }
    }
    // An engine that is replaced, or loses its power, tells of no death.
    for (const { host, at } of seen.blackouts ?? [])
        for (const life of open.values()) if (life.host === host && life.from < at) life.to = Math.min(life.to, at)
    const moves = moves_of(seen)
    const stopping_at = (session) => moves.get(session)?.find(({ to_state }) => to_state === 'stopping')?.at
    const wrong = []
    for (const [owner, all] of lives)
        for (const [i, one] of all.entries())
            for (const other of all.slice(i + 1)) {
                const [earlier, later] = one.from <= other.from ? [one, other] : [other, one]
                if (later.from >= earlier.to) continue
                const is_same = earlier.session === later.session
                const is_next_attempt = is_same && later.generation > earlier.generation
                // A start that its engine had heard before it froze, and carried out when nobody waited for it any more.
                const is_belated =
                    is_same && later.generation < earlier.generation && later.made <= earlier.made
                const given_up = stopping_at(earlier.session)
                const is_released = given_up !== undefined && later.from >= given_up + released_ms
                if (!is_next_attempt && !is_belated && !is_released) wrong.push({ rule: 'engines', owner, earlier, later })
            }
    return wrong
}

function started_once(seen) {
    const counts = new Map()
    for (const { action, labels } of seen.log) {
        if (action !== 'start' || !of_deployment(labels, seen.deployment)) continue
        const key = `${labels[label('session')]} generation ${labels[label('generation')]}`
        counts.set(key, (counts.get(key) ?? 0) + 1)
    }
    const restarted = seen.exempt?.restarted ?? []
    return [...counts]
        .filter(([key, count]) => count > 1 && !restarted.includes(key.split(' ')[0]))
        .map(([container, starts]) => ({ container, starts }))
}

function legal_moves(seen) {
    const wrong = []
    for (const [session, moves] of moves_of(seen)) {
        let state = ''
        for (const { seq, to_state, type } of moves) {
            if (!to_state || to_state === state) continue
            if (!legal[state]?.includes(to_state)) wrong.push({ seq, session, from: state, to: to_state, type })
            state = to_state
        }
    }
    // The row is where the journal ends.
    const moves = moves_of(seen)
    for (const { id, state } of seen.sessions) {
        const last = moves.get(id)?.at(-1)?.to_state
        const is_unstored = state === 'probing' || (last === 'starting' && state === 'ready')
        if (last !== undefined && last !== state && !is_unstored)
            wrong.push({ session: id, row: state, journal: last })
    }
    return wrong
}

function alive(seen) {
    const is_reachable = reachable(seen)
    const late = (since, limit) => seen.now - since > limit
    const wrong = seen.sessions.filter(({ state, state_since, start_deadline, created_at, host }) => {
        if (state === 'stopping') return is_reachable.get(host) && late(state_since, stopping_ms)
        if (before_ready.includes(state)) return start_deadline && late(start_deadline, gone_ms)
        return state === 'queued' && late(created_at, 31 * 60_000)
    })
    const known = new Set(seen.sessions.map(({ id }) => id))
    const unheard = (seen.requests ?? [])
        .filter(({ method, path, status }) => method === 'POST' && path === '/api/v1/sessions' && status === 202)
        .filter(({ json }) => !known.has(json.id))
        .map(({ json }) => ({ accepted: json.id, row: 'none' }))
    return [...wrong, ...unheard]
}

function ports_apart(seen) {
    const taken = new Map()
    const wrong = []
    for (const { name: host, containers } of seen.hosts)
        for (const { Id, State, Ports } of containers) {
            if (State !== 'running') continue
            for (const { IP, PublicPort, Type } of Ports ?? []) {
                if (!PublicPort) continue
                const key = `${host} ${IP}:${PublicPort}/${Type}`
                if (taken.has(key) && taken.get(key) !== Id)
                    wrong.push({ port: key, containers: [taken.get(key), Id] })
                taken.set(key, Id)
            }
        }
    return wrong
}

function accounts(seen) {
    const is_reachable = reachable(seen)
    const containers = ours(seen)
    return (seen.reported ?? []).flatMap(({ name, used, capacity }) => {
        const rows = seen.sessions.filter(
            ({ host, state }) => host === name && state !== terminal && state !== 'queued',
        )
        const running = containers.filter(({ host }) => host === name)
        const counts = { host: name, used, rows: rows.length, containers: running.length, capacity }
        const is_wrong =
            used !== rows.length ||
            (is_reachable.get(name) && running.length !== rows.length) ||
            used < 0 ||
            (capacity > 0 && used > capacity)
        return is_wrong ? [counts] : []
    })
}

function nothing_left_over(seen) {
    const sessions = by_id(seen)
    const is_live = (id) => sessions.has(id) && sessions.get(id).state !== terminal
    return seen.hosts.flatMap(({ name: host, networks, volumes }) => {
        const mine = networks.filter(({ Labels }) => of_deployment(Labels, seen.deployment))
        const own = mine.filter(({ Labels }) => Labels[label('network')] === 'own')
        const shared = mine.filter(({ Labels }) => Labels[label('network')] === 'shared')
        const wrong = own
            .filter(({ Labels }) => !is_live(Labels[label('session')]))
            .map(({ Name }) => ({ host, network: Name }))
        if (shared.length > 1) wrong.push({ host, shared: shared.map(({ Name }) => Name) })
        const lost = volumes
            .filter(({ Labels }) => of_deployment(Labels, seen.deployment) && Labels?.[label('session')])
            .filter(({ Labels }) => !is_live(Labels[label('session')]))
        return [...wrong, ...lost.map(({ Name }) => ({ host, volume: Name }))]
    })
}

function bystanders_live(seen) {
    const now = new Map(
        seen.hosts.flatMap(({ name, containers }) => containers.map((one) => [`${name} ${one.Id}`, one.State])),
    )
    return (seen.bystanders ?? []).filter(({ host, id, state, started, started_now }) => {
        const is_there = now.get(`${host} ${id}`) === state
        return !is_there || (started_now !== undefined && started_now !== started)
    })
}

// What ended because its container was gone: its engine said so before, or everything there ended while it lived.
function gone_was_seen(seen) {
    const reasons = ['removed_outside', 'container_died', 'out_of_memory', 'host_lost', 'host_restarted']
    const moves = moves_of(seen)
    const slack_ms = 50 // of two clocks' rounding
    return seen.sessions.filter(({ id, created_at, end_reason, host, container }) => {
        if (!reasons.includes(end_reason)) return false
        const at = moves.get(id)?.find(({ cause }) => cause === end_reason)?.at
        if (at === undefined) return true
        const was_told = seen.log.some(
            (entry) =>
                entry.host === host &&
                entry.container === container &&
                ['die', 'destroy'].includes(entry.action) &&
                entry.at <= at + slack_ms,
        )
        const went_dark = (seen.blackouts ?? []).some(
            (entry) => entry.host === host && entry.at >= created_at && entry.at <= at + slack_ms,
        )
        return !was_told && !went_dark
    })
}

// What stays the same from look to look when nothing happens any more.
export function settled_part(seen) {
    const sessions = seen.sessions.map(({ id, generation, state, host, container }) =>
        [id, generation, state, host, container].join(' '),
    )
    const containers = ours(seen).map(({ host, id, state }) => [host, id, state].join(' '))
    const networks = seen.hosts.flatMap(({ name, networks }) => networks.map(({ Id }) => `${name} ${Id}`))
    return { sessions: sessions.sort(), containers: containers.sort(), networks: networks.sort() }
}

function converged(seen) {
    if (!seen.earlier) return []
    const [was, is] = [settled_part(seen.earlier), settled_part(seen)]
    return Object.keys(is).flatMap((kind) => [
        ...was[kind].filter((line) => !is[kind].includes(line)).map((line) => ({ kind, only_before: line })),
        ...is[kind].filter((line) => !was[kind].includes(line)).map((line) => ({ kind, only_now: line })),
    ])
}

// `kind`: 'always' holds at any moment, 'eventually' once nothing is under way. What `stays` broken needs no second look.
export const rules = [
    { id: 'I-1', kind: 'eventually', text: 'no container without a live session', find: no_orphan },
    { id: 'I-2', kind: 'eventually', text: 'no ready session without its running container', find: no_ghost },
    {
        id: 'I-3',
        kind: 'always',
        stays: true,
        text: 'one live session per owner and slot',
        find: (seen) => [...one_per_owner_in_journal(seen), ...one_per_owner_in_engines(seen)],
    },
    { id: 'I-4', kind: 'always', stays: true, text: 'a container is started once', find: started_once },
    { id: 'I-5', kind: 'always', stays: true, text: 'only legal moves', find: legal_moves },
    { id: 'I-6', kind: 'eventually', text: 'nothing stays under way; what was accepted is known', find: alive },
    { id: 'I-8', kind: 'always', text: 'no port is published twice', find: ports_apart },
    { id: 'I-13', kind: 'eventually', text: 'places used = sessions = containers', find: accounts },
    { id: 'I-19', kind: 'eventually', text: 'no network or volume is left over', find: nothing_left_over },
    { id: 'I-22', kind: 'always', stays: true, text: 'bystanders are untouched', find: bystanders_live },
    { id: 'I-24', kind: 'always', text: 'nothing ends as gone without proof', find: gone_was_seen },
    { id: 'I-25', kind: 'eventually', text: 'the picture is at rest', find: converged },
]

// [{ id, text, rows }] of the rules that are broken.
export function broken(seen, kinds = ['always', 'eventually']) {
    return rules
        .filter(({ kind }) => kinds.includes(kind))
        .map(({ id, text, stays, find }) => ({ id, text, stays, rows: find(seen) }))
        .filter(({ rows }) => rows.length > 0)
}
