// SPDX-License-Identifier: Apache-2.0
// Looks at the database and at the engines, past the program.

import { command_code } from '../lib/process.mjs'

async function ask(database, text) {
    const words = ['sqlite3', '-readonly', '-json', '-cmd', '.timeout 5000', `file:${database}?mode=ro`, text]
    const { code, out, text: complaint } = await command_code(words)
    if (code !== 0) throw new Error(`sqlite3: ${complaint.trim()}`)
    return out.trim()
}

// Rows as objects. The database is only read; a writer in the way is waited for.
export async function rows_of(database, query) {
    const out = await ask(database, query)
    return out === '' ? [] : JSON.parse(out)
}

// The rows of several queries, all of one moment. A query without rows prints nothing: each is announced by its number.
export async function rows_of_each(database, queries) {
    const announced = queries.map((query, i) => `SELECT ${i} AS query; ${query};`)
    const out = await ask(database, `BEGIN; ${announced.join(' ')} COMMIT;`)
    const found = queries.map(() => [])
    let last
    for (const part of out.split(/\n(?=\[)/)) {
        const rows = JSON.parse(part)
        if ('query' in rows[0]) last = rows[0].query
        else found[last] = rows
    }
    return found
}

export const deployment_of = async (database) =>
    (await rows_of(database, "SELECT value FROM meta WHERE key = 'deployment_id'"))[0]?.value ?? null

const session_columns = `id, generation, realm, subject, slot, state, state_since, created_at, ready_at, ended_at,
    start_deadline, host, container, end_reason, holds_slot, retry_at, stop_attempts`

// Columns of later versions of the program, where they are there.
async function optional_columns(database) {
    const names = (await rows_of(database, "SELECT name FROM pragma_table_info('sessions')")).map(
        ({ name }) => name,
    )
    return ['is_paused', 'pool', 'engine_id'].filter((name) => names.includes(name)).map((name) => `, ${name}`)
}

async function look_at({ name, engine, is_reachable = true }) {
    const [containers, networks, volumes, engine_id] = await Promise.all([
        engine.containers(),
        engine.networks(),
        engine.volumes(),
        engine.id(),
    ])
    return { name, is_reachable, engine_id, containers, networks, volumes }
}

// `hosts`: [{ name, engine, is_reachable }]. The database is read last: a row is written before its container is made,
// so a container that was seen has its row.
export async function look({ database, hosts }) {
    const seen_hosts = await Promise.all(hosts.map(look_at))
    const more = (await optional_columns(database)).join('')
    const deployment = await deployment_of(database)
    // A row and its event are written together; read one after the other they would seem not to be.
    const [sessions, events] = await rows_of_each(database, [
        `SELECT ${session_columns}${more} FROM sessions`,
        'SELECT seq, at, type, session, realm, subject, slot, from_state, to_state, actor, cause FROM events ORDER BY seq',
    ])
    return { now: Date.now(), deployment, sessions, events, hosts: seen_hosts, log: [] }
}
