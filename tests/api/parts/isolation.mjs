// SPDX-License-Identifier: Apache-2.0
// What a container may and may not: hardening, networks (M-16), and secrets of its own.

import assert from 'node:assert/strict'
import { createCipheriv } from 'node:crypto'
import net from 'node:net'
import { networkInterfaces } from 'node:os'
import { container_of, docker, docker_code, inspect, published_port } from '../lib/engine.mjs'
import { Skipped } from '../lib/runner.mjs'
import { rfb, with_server } from '../lib/server.mjs'
import { until } from '../lib/wait.mjs'

// The answer to a VNC challenge (RFC 6143 7.2.2): DES with the bits of each key byte mirrored. Three times the same
// key makes triple DES a single one, which is all that today's OpenSSL offers.
function vnc_answer(password, challenge) {
    const mirrored = (byte) => parseInt(byte.toString(2).padStart(8, '0').split('').reverse().join(''), 2)
    const key = Buffer.alloc(8)
    Buffer.from(password, 'latin1').copy(key, 0, 0, 8)
    const single = Buffer.from([...key].map(mirrored))
    const cipher = createCipheriv('des-ede3-ecb', Buffer.concat([single, single, single]), null)
    cipher.setAutoPadding(false)
    return cipher.update(challenge)
}

// Signs in at a desktop directly: true when the password was taken.
async function opens(port, password) {
    const socket = net.connect(port, '127.0.0.1')
    let bytes = Buffer.alloc(0)
    socket.on('data', (chunk) => (bytes = Buffer.concat([bytes, chunk])))
    socket.on('error', () => {})
    const take = async (size) => {
        await until(`${size} bytes`, () => bytes.length >= size, 10_000, 5)
        const taken = bytes.subarray(0, size)
        bytes = bytes.subarray(size)
        return taken
    }
    try {
        socket.write(await take(12))
        assert.deepEqual([...(await take(2))], [1, 2], 'VNC authentication is all there is')
        socket.write(Buffer.from([2]))
        socket.write(vnc_answer(password, await take(16)))
        return (await take(4)).readUInt32BE() === 0
    } finally {
        socket.destroy()
    }
}

const probe = async (session, host, port) =>
    await docker_code('exec', await container_of(session), '/rfb', 'probe', host, String(port))

async function networks(t, server, person, template) {
    const open = 0
    await t.test(`M-16 isolation: ${template}: two sessions cannot reach each other`, async () => {
        const [one, two] = [
            await person.start_ready(template, { slot: 'one' }),
            await person.start_ready(template, { slot: 'two' }),
        ]
        const address_of = async (id) =>
            Object.values((await inspect(await container_of(id))).NetworkSettings.Networks)[0].IPAddress
        for (const [from, to] of [
            [one, two],
            [two, one],
        ]) {
            const target = await address_of(to.id)
            assert.notEqual((await probe(from.id, target, 5900)).code, open, target)
        }
        assert.equal((await probe(one.id, '127.0.0.1', 5900)).code, open, 'the probe itself works')
        const gateways = Object.values((await inspect(await container_of(one.id))).NetworkSettings.Networks).map(
            ({ Gateway }) => Gateway,
        )
        for (const { port } of await published_port(two.id, 5900))
            for (const gateway of gateways)
                assert.notEqual((await probe(one.id, gateway, port)).code, open, 'by the published port')
        await person.stop_all()
    })

    await t.test(
        `M-16 isolation: ${template}: no way to services of the host, its engine or the metadata address`,
        async () => {
            const service = net.createServer((socket) => socket.end('reached'))
            await new Promise((done) => service.listen(0, '0.0.0.0', done))
            const { port } = service.address()
            try {
                const { id } = await person.start_ready(template)
                const attached = Object.values((await inspect(await container_of(id))).NetworkSettings.Networks)[0]
                const own = Object.values(networkInterfaces())
                    .flat()
                    .filter(({ family, internal }) => family === 'IPv4' && !internal)
                    .map(({ address }) => address)
                for (const address of new Set([attached.Gateway, ...own].filter(Boolean)))
                    for (const target of [port, server.port])
                        assert.notEqual((await probe(id, address, target)).code, open, `${address}:${target}`)
                for (const [address, target] of [
                    ['169.254.169.254', 80],
                    ['169.254.170.2', 80],
                ])
                    assert.notEqual((await probe(id, address, target)).code, open, address)
                await person.stop(id)
            } finally {
                service.close()
            }
        },
    )
}

async function hardening(t, server, person) {
    await t.test('isolation: a container gets what it needs and nothing else', async () => {
        const session = await person.start_ready('rfb')
        const { HostConfig: host, Config: config, Name } = await inspect(await container_of(session.id))
        assert.deepEqual(host.CapDrop, ['ALL'])
        assert.ok(!host.CapAdd?.length)
        assert.ok(host.SecurityOpt.includes('no-new-privileges'))
        assert.deepEqual(
            [host.Privileged, host.Init, host.PidMode, host.IpcMode, host.UTSMode, host.UsernsMode],
            [false, true, '', 'private', '', ''],
        )
        assert.deepEqual(
            [host.Memory, host.MemorySwap, host.PidsLimit, host.ShmSize, host.NanoCpus],
            [64 << 20, 64 << 20, 4096, 8 << 20, 5e8],
        )
        assert.ok(!host.Binds?.length && !host.Mounts?.length && !host.Devices?.length && !host.VolumesFrom?.length)
        assert.ok(host.LogConfig.Config['max-size'] && host.LogConfig.Config['max-file'])
        assert.equal(host.RestartPolicy.Name, 'no')
        assert.ok(
            host.NetworkMode !== 'host' && host.NetworkMode !== 'bridge' && host.NetworkMode !== 'default',
            host.NetworkMode,
        )
        assert.equal(config.Labels['io.berth.session'], session.id)
        assert.equal(config.Labels['io.berth.deployment'], server.deployment())
        assert.equal(config.Labels['io.berth.template'], 'rfb')
        assert.equal(config.Labels['io.berth.owner'], `local/${person.id}/rfb`)
        assert.ok(Name.includes(session.id) && Name.includes(server.deployment()))
        await person.stop(session.id)
    })

    await t.test('A-10 isolation: every endpoint is published on 127.0.0.1 only', async () => {
        const { id } = await person.start_ready('rfb')
        const ports = await published_port(id, 5900)
        assert.deepEqual(
            ports.map(({ address }) => address),
            ['127.0.0.1'],
        )
        const { NetworkSettings } = await inspect(await container_of(id))
        assert.ok(
            Object.values(NetworkSettings.Ports)
                .flat()
                .filter(Boolean)
                .every(({ HostIp }) => HostIp === '127.0.0.1'),
        )
        await person.stop(id)
    })
}

async function secrets(t, server, person) {
    await t.test(
        'A-10 isolation: each session has its own secret, and another’s is refused on its port',
        async () => {
            const [one, two] = [
                await person.start_ready('by-env', { slot: 'one' }),
                await person.start_ready('by-env', { slot: 'two' }),
            ]
            const secret_of = async (id) =>
                (await inspect(await container_of(id))).Config.Env.find((text) =>
                    text.startsWith('VNC_PASSWORD='),
                ).slice('VNC_PASSWORD='.length)
            const [first, second] = [await secret_of(one.id), await secret_of(two.id)]
            for (const secret of [first, second]) server.secrets.add(secret)
            assert.ok(first.length >= 8 && first !== second)
            const [{ port }] = await published_port(one.id, 5900)
            assert.equal(await opens(port, first), true)
            for (const wrong of [second, '', 'password', 'headless', 'vncpassword'])
                assert.equal(await opens(port, wrong), false, wrong)
            await person.stop_all()
            const again = await person.start_ready('by-env', { slot: 'one' })
            const third = await secret_of(again.id)
            server.secrets.add(third)
            assert.notEqual(third, first, 'a new session, a new secret')
            await person.stop(again.id)
        },
    )

    await t.test(
        'A-10 isolation: the secret given as file stands in no label, variable or command line',
        async () => {
            const { id } = await person.start_ready('rfb')
            const { Config, Args, Path } = await inspect(await container_of(id))
            assert.ok(
                !JSON.stringify([Config.Env, Config.Labels, Config.Cmd, Args, Path]).match(
                    /VNC_PASSWORD|secret=(?!file)/i,
                ),
            )
            const left = await docker_code('exec', await container_of(id), '/rfb', 'cat', '/run/berth/rfb_secret')
            assert.notEqual(left.code, 0, 'the image read it and took it away')
            await person.stop(id)
        },
    )
}

export default async function isolation(t) {
    const config = {
        quota: { max_sessions_per_user: 0 },
        templates: [rfb('rfb'), rfb('own', { network: 'own' }), rfb('by-env', { secret: 'env:VNC_PASSWORD' })],
    }
    await with_server(t, 'isolation', config, async (server) => {
        const person = await server.person('ann')
        await hardening(t, server, person)
        await secrets(t, server, person)
        await t.test('isolation: the rules of berth host prepare are in place here', async () => {
            const { code, text } = await server.run('host', 'prepare', '--check')
            if (code === 127) throw new Skipped(text)
            assert.equal(code, 0, text)
        })
        for (const template of ['rfb', 'own']) await networks(t, server, person, template)
        await t.test('isolation: own bridges go with their sessions', async () => {
            const left = (
                await docker(
                    'network',
                    'ls',
                    '-q',
                    '--filter',
                    `label=io.berth.deployment=${server.deployment()}`,
                    '--filter',
                    'label=io.berth.network=own',
                )
            ).trim()
            assert.equal(left, '')
        })
    })
}
