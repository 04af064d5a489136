// SPDX-License-Identifier: Apache-2.0
// The Engine API of a shim: paths and JSON, as engine 20.10 (API 1.41) has them.

import { read_tar } from './tar.mjs'

const api_version = '1.41'
const created = 201
const done = 204

const flag = (query, name) => ['1', 'true'].includes(query.get(name))

// {"label":["a=b"]} or the older {"label":{"a=b":true}}
function filters_of(query) {
    const filters = JSON.parse(query.get('filters') || '{}')
    return (name) => (Array.isArray(filters[name]) ? filters[name] : Object.keys(filters[name] ?? {}))
}

export const has_labels = (labels, wanted) =>
    wanted.every((pair) => {
        const [name, ...value] = pair.split('=')
        return name in labels && (value.length === 0 || labels[name] === value.join('='))
    })

function container_json(container) {
    const ports = {}
    for (const [key, { port }] of container.ports) ports[key] = [{ HostIp: '127.0.0.1', HostPort: String(port) }]
    const is_alive = container.status === 'running' || container.status === 'paused'
    return {
        Id: container.id,
        Name: `/${container.name}`,
        Created: new Date(container.created).toISOString(),
        Image: `sha256:${'f'.repeat(64)}`,
        State: {
            Status: container.status,
            Running: is_alive,
            Paused: container.status === 'paused',
            OOMKilled: Boolean(container.is_oom_killed),
            Pid: is_alive ? 1 : 0,
            ExitCode: container.exit_code,
            Error: '',
            StartedAt: new Date(container.started ?? 0).toISOString(),
        },
        Config: container.config,
        HostConfig: container.config.HostConfig ?? {},
        NetworkSettings: { Ports: ports, Networks: { [container.network]: { IPAddress: '172.31.0.2' } } },
    }
}

const summary_json = (container) => ({
    Id: container.id,
    Names: [`/${container.name}`],
    Image: container.image,
    Created: Math.floor(container.created / 1000),
    Labels: container.labels,
    State: container.status,
    Status: container.status,
})

function network_json(engine, network) {
    const attached = [...engine.containers.values()].filter(
        ({ network: name, status }) => name === network.name && status === 'running',
    )
    return {
        Id: network.id,
        Name: network.name,
        Driver: 'bridge',
        IPAM: { Config: network.subnets.map((Subnet) => ({ Subnet })) },
        Labels: network.labels,
        Options: network.options,
        Containers: Object.fromEntries(attached.map(({ id }) => [id, {}])),
    }
}

const info_json = (engine) => ({
    ID: engine.id,
    Name: engine.name,
    ServerVersion: '20.10.24',
    OperatingSystem: 'shim',
    KernelVersion: '6.0',
    Architecture: 'x86_64',
    Driver: 'overlay2',
    CgroupVersion: '1',
    DockerRootDir: '/var/lib/docker',
    SystemTime: new Date().toISOString(),
    NCPU: 2,
    MemTotal: 8 * 2 ** 30,
    Containers: engine.containers.size,
    ContainersRunning: [...engine.containers.values()].filter(({ status }) => status === 'running').length,
    Images: engine.images.size,
    Plugins: { Log: ['json-file', 'local'] },
    SecurityOptions: ['name=seccomp,profile=default'],
    Runtimes: { runc: {} },
    LiveRestoreEnabled: false,
})

function image_json(engine, name) {
    const key = [name, `${name}:latest`].find((one) => engine.images.has(one))
    if (!key) return { status: 404, json: { message: `No such image: ${name}` } }
    const { labels } = engine.images.get(key)
    return {
        json: {
            Id: `sha256:${'f'.repeat(64)}`,
            RepoTags: [key],
            RepoDigests: [],
            Os: 'linux',
            Architecture: 'amd64',
            Size: 1_000_000,
            Config: { Labels: labels, User: '1000:1000', ExposedPorts: { '5900/tcp': {} } },
        },
    }
}

const volume_json = (name, labels) => ({
    Name: name,
    Driver: 'local',
    Labels: labels,
    Mountpoint: `/volumes/${name}`,
})

// Method and path without the version → what is done. Each returns { status, json } or a status.
const routes = [
    ['GET', /^\/_ping$/, () => ({ text: 'OK' })],
    ['HEAD', /^\/_ping$/, () => ({ text: '' })],
    [
        'GET',
        /^\/version$/,
        () => ({
            json: {
                Version: '20.10.24',
                ApiVersion: api_version,
                MinAPIVersion: '1.12',
                Os: 'linux',
                Arch: 'amd64',
            },
        }),
    ],
    ['GET', /^\/info$/, ({ engine }) => ({ json: info_json(engine) })],
    ['GET', /^\/containers\/json$/, list_containers],
    [
        'POST',
        /^\/containers\/create$/,
        async ({ engine, query, body }) => ({
            status: created,
            json: { Id: await engine.create(query.get('name') ?? '', JSON.parse(body)), Warnings: [] },
        }),
    ],
    ['GET', /^\/containers\/([^/]+)\/json$/, ({ engine, part }) => ({ json: container_json(engine.find(part)) })],
    ['POST', /^\/containers\/([^/]+)\/start$/, ({ engine, part }) => engine.start(engine.find(part))],
    ['POST', /^\/containers\/([^/]+)\/stop$/, ({ engine, part }) => engine.stop(engine.find(part))],
    ['POST', /^\/containers\/([^/]+)\/kill$/, ({ engine, part }) => (engine.kill(engine.find(part)), done)],
    [
        'POST',
        /^\/containers\/([^/]+)\/(pause|unpause)$/,
        ({ engine, part, verb }) => (engine.pause(engine.find(part), verb === 'pause'), done),
    ],
    ['PUT', /^\/containers\/([^/]+)\/archive$/, put_archive],
    ['GET', /^\/containers\/([^/]+)\/logs$/, ({ engine, part }) => (engine.find(part), { text: '' })],
    [
        'GET',
        /^\/containers\/([^/]+)\/stats$/,
        ({ engine, part }) => (
            engine.find(part),
            {
                json: {
                    cpu_stats: { cpu_usage: { total_usage: 1 } },
                    memory_stats: { usage: 4096, limit: 2 ** 26 },
                    pids_stats: { current: 2 },
                },
            }
        ),
    ],
    [
        'DELETE',
        /^\/containers\/([^/]+)$/,
        async ({ engine, part, query }) => (await engine.remove(engine.find(part), flag(query, 'force')), done),
    ],
    [
        'GET',
        /^\/networks$/,
        ({ engine, filters }) => ({
            json: [...engine.networks.values()]
                .filter(({ labels }) => has_labels(labels, filters('label')))
                .map((network) => network_json(engine, network)),
        }),
    ],
    [
        'POST',
        /^\/networks\/create$/,
        ({ engine, body }) => ({ status: created, json: { Id: engine.create_network(JSON.parse(body)) } }),
    ],
    [
        'GET',
        /^\/networks\/([^/]+)$/,
        ({ engine, part }) => ({ json: network_json(engine, engine.find_network(part)) }),
    ],
    ['POST', /^\/networks\/([^/]+)\/(connect|disconnect)$/, ({ engine, part }) => (engine.find_network(part), 200)],
    [
        'DELETE',
        /^\/networks\/([^/]+)$/,
        ({ engine, part }) => (engine.remove_network(engine.find_network(part)), done),
    ],
    [
        'GET',
        /^\/images\/json$/,
        ({ engine }) => ({
            json: [...engine.images.keys()].map((tag) => ({ Id: `sha256:${'f'.repeat(64)}`, RepoTags: [tag] })),
        }),
    ],
    ['GET', /^\/images\/(.+)\/json$/, ({ engine, part }) => image_json(engine, part)],
    [
        'GET',
        /^\/volumes$/,
        ({ engine, filters }) => ({
            json: {
                Volumes: [...engine.volumes]
                    .filter(([, labels]) => has_labels(labels, filters('label')))
                    .map(([name, labels]) => volume_json(name, labels)),
            },
        }),
    ],
    ['POST', /^\/volumes\/create$/, create_volume],
    [
        'GET',
        /^\/volumes\/([^/]+)$/,
        ({ engine, part }) =>
            engine.volumes.has(part)
                ? { json: volume_json(part, engine.volumes.get(part)) }
                : { status: 404, json: { message: `get ${part}: no such volume` } },
    ],
    [
        'DELETE',
        /^\/volumes\/([^/]+)$/,
        ({ engine, part }) =>
            engine.volumes.delete(part) ? done : { status: 404, json: { message: `get ${part}: no such volume` } },
    ],
]

function list_containers({ engine, query, filters }) {
    const chosen = [...engine.containers.values()].filter(
        ({ status, labels }) =>
            (flag(query, 'all') || status === 'running') && has_labels(labels, filters('label')),
    )
    return { json: chosen.map(summary_json) }
}

// Of an archive only the secret counts: the one file that Berth brings.
function put_archive({ engine, part, raw_body }) {
    const container = engine.find(part)
    for (const { content } of read_tar(raw_body)) container.secret = content.toString('latin1').trim()
    return 200
}

function create_volume({ engine, body }) {
    const { Name, Labels } = JSON.parse(body)
    if (!engine.volumes.has(Name)) engine.volumes.set(Name, Labels ?? {})
    return { status: created, json: volume_json(Name, engine.volumes.get(Name)) }
}

// { status, json } or { status, text }; null when no route fits.
export async function answer(engine, { method, path, query, raw_body }) {
    for (const [wanted, pattern, act] of routes) {
        const found = wanted === method && pattern.exec(path)
        if (!found) continue
        const [, part, verb] = found.map((text) => text && decodeURIComponent(text))
        const context = {
            engine,
            query,
            filters: filters_of(query),
            raw_body,
            body: raw_body.toString('utf8'),
            part,
            verb,
        }
        const result = await act(context)
        return typeof result === 'number' ? { status: result } : result
    }
    return null
}
