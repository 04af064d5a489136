// SPDX-License-Identifier: Apache-2.0
// Pictures as the checker sees them, made up for its own tests.

export const deployment = 'd1'
export const t0 = 1_800_000_000_000

export const labels_of = (session, generation = 1, more = {}) => ({
    'io.berth.deployment': deployment,
    'io.berth.session': session,
    'io.berth.generation': String(generation),
    'io.berth.owner': `local/u-${session}/rfb`,
    ...more,
})
const row_of = (id, host, state = 'ready') => ({
    id,
    generation: 1,
    realm: 'local',
    subject: `u-${id}`,
    slot: 'rfb',
    state,
    state_since: t0,
    created_at: t0,
    start_deadline: null,
    host,
    container: `c-${id}`,
    end_reason: null,
})
export const container_of = (session, host_port) => ({
    Id: `c-${session}`,
    Names: [`/berth-${deployment}-${session}-1`],
    Labels: labels_of(session),
    State: 'running',
    Ports: [{ IP: '127.0.0.1', PublicPort: host_port, Type: 'tcp' }],
})
const host_of = (name, containers) => ({
    name,
    is_reachable: true,
    engine_id: `e-${name}`,
    containers,
    networks: [],
    volumes: [],
})

export const life = ['queued', 'creating', 'starting', 'ready']
export const journal_of = (id, first, states = life) =>
    states.map((to_state, at) => ({
        seq: first + at,
        at: t0 + at,
        type: 'session.x',
        session: id,
        realm: 'local',
        subject: `u-${id}`,
        slot: 'rfb',
        from_state: states[at - 1] ?? '',
        to_state,
        cause: '',
    }))
export const told = (host, session, action, at, generation = 1) => ({
    host,
    at,
    action,
    container: `c-${session}`,
    labels: labels_of(session, generation),
})

// A second attempt of a session of its own, and the first one made, started after it.
export const attempts = (first_made, second_made) =>
    [
        [1, 'create', first_made],
        [2, 'create', second_made],
        [2, 'start', t0 + 5],
        [1, 'start', t0 + 6],
    ].map(([generation, action, at]) => ({
        ...told('a', 's7', action, at, generation),
        container: `c-s7-${generation}`,
    }))

// Two hosts with a ready session each, and one that ended.
export function good_picture() {
    const ended = { ...row_of('s3', 'b', 'ended'), end_reason: 'container_died' }
    const end = journal_of('s3', 21, [...life, 'stopping', 'ended'])
    for (const move of end.slice(4)) move.cause = 'container_died'
    return {
        now: t0 + 60_000,
        deployment,
        sessions: [row_of('s1', 'a'), row_of('s2', 'b'), ended],
        events: [...journal_of('s1', 1), ...journal_of('s2', 11), ...end],
        hosts: [host_of('a', [container_of('s1', 1001)]), host_of('b', [container_of('s2', 1001)])],
        log: [
            told('a', 's1', 'start', t0 + 2),
            told('b', 's2', 'start', t0 + 2),
            told('b', 's3', 'start', t0 + 2),
            told('b', 's3', 'die', t0 + 3),
        ],
        blackouts: [],
        requests: [{ at: t0, method: 'POST', path: '/api/v1/sessions', status: 202, json: { id: 's1' } }],
        bystanders: [],
        reported: [
            { name: 'a', used: 1, capacity: 0 },
            { name: 'b', used: 1, capacity: 5 },
        ],
        exempt: { restarted: [] },
    }
}
