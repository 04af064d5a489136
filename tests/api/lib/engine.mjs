// SPDX-License-Identifier: Apache-2.0
// The container engine, past the server: what is really there.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { until } from './wait.mjs'

const execute = promisify(execFile)

export async function docker(...words) {
    const { stdout } = await execute('docker', words, { timeout: 60_000, maxBuffer: 16 << 20 })
    return stdout
}

// Exit code and output, whatever the code is.
export async function docker_code(...words) {
    try {
        return { code: 0, text: await docker(...words) }
    } catch (error) {
        return { code: error.code, text: `${error.stdout ?? ''}${error.stderr ?? ''}` }
    }
}

const lines = (text) => text.split('\n').filter((line) => line !== '')

export const containers_with = async (label) =>
    lines(await docker('ps', '-aq', '--no-trunc', '--filter', `label=${label}`))
export const containers_of = (session) => containers_with(`io.berth.session=${session}`)
export const inspect = async (container) => JSON.parse(await docker('inspect', container))[0]

export async function container_of(session) {
    const found = await containers_of(session)
    if (found.length !== 1) throw new Error(`${found.length} containers of session ${session}`)
    return found[0]
}

// What the test desktop saw of its viewers.
export async function witness(session) {
    const { code, text } = await docker_code('exec', await container_of(session), '/rfb', 'cat', '/tmp/witness.jsonl')
    return code === 0 ? lines(text).map((line) => JSON.parse(line)) : []
}

export async function published_port(session, port) {
    const { NetworkSettings } = await inspect(await container_of(session))
    return NetworkSettings.Ports[`${port}/tcp`].map(({ HostIp, HostPort }) => ({
        address: HostIp,
        port: Number(HostPort),
    }))
}

// Everything that carries the label; an error when something stays.
export async function remove_deployment(deployment) {
    const label = `io.berth.deployment=${deployment}`
    await until(
        `nothing of deployment ${deployment} is left on the engine`,
        async () => {
            const containers = await containers_with(label)
            if (containers.length) await docker_code('rm', '-f', '-v', ...containers)
            const networks = lines(await docker('network', 'ls', '-q', '--filter', `label=${label}`))
            if (networks.length) await docker_code('network', 'rm', ...networks)
            return containers.length + networks.length === 0
        },
        30_000,
        200,
    )
}
