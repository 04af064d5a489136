// SPDX-License-Identifier: Apache-2.0
// sshd with limits, without forwarding, silent, or killed. F-57, F-58.

import assert from 'node:assert/strict'
import { until } from '../../api/lib/wait.mjs'
import { checked } from '../lib/cluster.mjs'

async function limits(t, c) {
    const h1 = c.host('h1')
    const works = async (settings, prefix) => {
        await h1.set_sshd(settings, { cut: true })
        await c.is_back('h1', 60_000)
        const sessions = await c.some_on(c.person, 'h1', 3, prefix)
        await c.all_answer(c.person, sessions)
        // Not before: a host that is up may not have noticed yet that its connection was cut.
        const host = await c.server.host_named('h1')
        await c.end_all()
        await h1.reset_sshd()
        await c.is_back('h1', 60_000)
        return host
    }
    await checked(t, c, 'F-57 MaxSessions 1: forwarding needs no session, everything works', () =>
        works({ MaxSessions: '1' }, 'one-'),
    )
    await checked(t, c, 'F-57 MaxSessions 0: not even one command, and the socket is still reached', () =>
        works({ MaxSessions: '0' }, 'none-'),
    )
    await checked(
        t,
        c,
        'F-57 MaxStartups 1:100:1: handshakes one after the other, nobody is turned away for good',
        () => works({ MaxStartups: '1:100:1' }, 'startups-'),
    )
    await checked(
        t,
        c,
        'F-57 AllowStreamLocalForwarding no: another way to the engine is taken and shown',
        async () => {
            const { way } = await works({ AllowStreamLocalForwarding: 'no' }, 'no-socket-')
            assert.ok(['dial-stdio', 'socat', 'nc'].includes(way), `the way is '${way}'`)
        },
    )
    await checked(t, c, 'F-57 AllowTcpForwarding no: the reason names what is forbidden, and heals', async () => {
        const { id } = (await c.some_on(c.person, 'h1', 1, 'no-tcp-'))[0]
        await h1.set_sshd({ AllowTcpForwarding: 'no' }, { cut: true })
        const asked = await c.start_many(c.person, 2, 'no-tcp-new-')
        const done = await Promise.all(
            asked.map((one) =>
                c.until_session(
                    one.id,
                    'is ready or ended',
                    ({ state }) => ['ready', 'ended'].includes(state),
                    100_000,
                ),
            ),
        )
        for (const { state, end, host } of done)
            if (state === 'ended') assert.match(end.detail, /AllowTcpForwarding|prohibited|forward/i)
            else assert.equal(host, 'h2')
        assert.equal((await c.session(id)).state, 'ready')
        await h1.reset_sshd()
        await c.is_back('h1', 60_000)
        await c.answers(c.person, id)
        await c.end_all()
    })
    await checked(t, c, 'F-57 sshd that accepts and says nothing: noticed, and back when it speaks', async () => {
        const [kept] = await c.some_on(c.person, 'h1', 1, 'silent-')
        h1.signal_sshd('SIGSTOP')
        await c.is_away('h1')
        assert.equal((await c.ready(c.person, 'beside-silence')).host, 'h2')
        h1.signal_sshd('SIGCONT')
        await c.is_back('h1')
        await c.answers(c.person, kept.id)
        await c.end_all()
    })
}

async function killed(t, c) {
    const h1 = c.host('h1')
    await checked(
        t,
        c,
        'F-58 A-09 sshd killed twenty times: the next request dials at once, none waits for another’s dial',
        async () => {
            const kept = await c.some_on(c.person, 'h1', 1, 'killed-')
            for (let i = 0; i < 20; ++i) {
                h1.signal_sshd('SIGKILL')
                await h1.start_sshd()
                const began = Date.now()
                assert.equal((await c.person.get('/api/v1/sessions')).status, 200)
                assert.ok(Date.now() - began < 5000)
            }
            await c.is_back('h1')
            await c.all_answer(c.person, kept)
            await c.some_on(c.person, 'h1', 1, 'after-')
            await c.end_all()
        },
    )
}

// Between a session's own network and its container.
async function broken_off(t, c) {
    const h1 = c.host('h1')
    await checked(t, c, 'F-58 a creation that broke off with its sshd leaves no network behind', async () => {
        const own_networks = async () =>
            (await h1.engine.networks()).filter(({ Labels }) => Labels['io.berth.network'] === 'own').length
        await h1.relay.rule({ match: '/containers/create', action: 'hang', times: -1 })
        const asked = []
        for (const slot of ['one', 'two', 'three', 'four']) asked.push(await c.person.start('own', { slot }))
        await until('a creation hangs', async () => ((await h1.relay.counts())['/containers/create'] ?? 0) > 0)
        await until('it has its network', own_networks)
        await h1.kill_sshd()
        await c.is_away('h1')
        for (const { id } of asked)
            await c.until_session(id, 'is ready', ({ state }) => state === 'ready', 90_000)
        await h1.relay.clear()
        await h1.start_sshd()
        await c.is_back('h1', 60_000)
        await until('the networks are gone', async () => (await own_networks()) === 0, 60_000)
        await c.end_all()
    })
}

export async function faults_of_sshd(t, c) {
    await limits(t, c)
    await killed(t, c)
    await broken_off(t, c)
}
