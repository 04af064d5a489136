// SPDX-License-Identifier: Apache-2.0
// Silence, flapping, resets and half-open connections between the program and one host. F-50, F-51, F-53.

import assert from 'node:assert/strict'
import { pause, until } from '../../api/lib/wait.mjs'
import { checked } from '../lib/cluster.mjs'

async function partitions(t, c) {
    const h1 = c.host('h1')
    for (const way of ['both', 'in', 'out'])
        await checked(
            t,
            c,
            `F-50 a partition (${way}): unknown, nothing reaped, the same sessions afterwards`,
            async () => {
                const kept = await c.some_on(c.person, 'h1', 2, `cut-${way}-`)
                await h1.cut(way)
                await c.is_away('h1')
                for (const { id } of kept)
                    await c.until_session(
                        id,
                        'is unknown',
                        ({ condition, state }) => condition === 'unknown' && state === 'ready',
                    )
                assert.equal((await c.ready(c.person, `other-${way}`)).host, 'h2')
                await h1.heal()
                await c.is_back('h1')
                await c.all_answer(c.person, kept)
                await c.end_all()
            },
        )
    await checked(
        t,
        c,
        'F-50 flapping every 5 s: at most one change of state for each turn, and no session ends',
        async () => {
            const kept = await c.some_on(c.person, 'h1', 2, 'flap-')
            const stream = await c.admin.events()
            const turns = 4
            for (let i = 0; i < turns; ++i) {
                await h1.cut()
                await pause(5000)
                await h1.heal()
                await pause(5000)
            }
            await c.is_back('h1', 60_000)
            const states = stream.events
                .filter(({ type, data }) => type === 'host' && data.name === 'h1')
                .map(({ data }) => data.state)
            stream.close()
            const changes = states.filter((state, i) => i > 0 && state !== states[i - 1]).length
            assert.ok(changes <= 2 * turns, `${changes} changes: ${states}`)
            for (const { id } of kept) assert.equal((await c.session(id)).state, 'ready')
            await c.all_answer(c.person, kept)
            await c.end_all()
        },
    )
}

async function resets(t, c) {
    const h1 = c.host('h1')
    await checked(t, c, 'F-51 resets again and again: the next request dials anew, no session ends', async () => {
        const kept = await c.some_on(c.person, 'h1', 2, 'reset-')
        for (let i = 0; i < 20; ++i) {
            await h1.reset_connections()
            await pause(200)
        }
        await c.is_back('h1')
        for (const { id } of kept) assert.equal((await c.session(id)).state, 'ready')
        await c.all_answer(c.person, kept)
        await c.end_all()
    })
}

async function half_open(t, c) {
    const h1 = c.host('h1')
    await checked(
        t,
        c,
        'F-53 the peer is gone without a word: noticed within 15 s, and nothing of the old connection stays on the host',
        async () => {
            const kept = await c.some_on(c.person, 'h1', 1, 'half-open-')
            await h1.cut()
            await h1.kill_sshd()
            await h1.start_sshd()
            const began = Date.now()
            await c.is_away('h1', 20_000)
            assert.ok(Date.now() - began <= 20_000)
            await h1.heal()
            await c.is_back('h1')
            await c.all_answer(c.person, kept)
            await c.end_all()
            const helpers = () => h1.pids('docker').length + h1.pids('socat').length + h1.pids('nc').length
            await until('no helper process is left on the host', () => helpers() === 0)
            const sessions = () => h1.pids('sshd').length - h1.sshd_listeners().length
            await until(`few connections are left: ${sessions()}`, () => sessions() <= 4)
        },
    )
}

export async function faults_of_the_network(t, c) {
    await partitions(t, c)
    await resets(t, c)
    await half_open(t, c)
}
