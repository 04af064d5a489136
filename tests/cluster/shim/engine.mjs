// SPDX-License-Identifier: Apache-2.0
// An engine that runs nothing: containers are entries in memory with a desktop behind a loopback port. It answers the
// part of the Engine API that Berth uses with the statuses of a real one, and takes as long as a real one does.

import { randomBytes } from 'node:crypto'
import net from 'node:net'
import { pause } from '../../api/lib/wait.mjs'
import { create_ms, remove_ms, start_ms, stop_ms } from './delays.mjs'
import { serve_desktop } from './desktop.mjs'

const most_events = 5000
const new_id = () => randomBytes(32).toString('hex')

export class Refusal extends Error {
    constructor(status, text) {
        super(text)
        this.status = status
    }
}

export class ShimEngine {
    containers = new Map() // by id
    networks = new Map()
    volumes = new Map()
    events = []
    listeners = new Set() // of events
    starting = 0
    removing = 0
    pace = 1 // delays are multiplied by it

    // `images`: name → { labels }.
    constructor(name, images) {
        this.name = name
        this.images = new Map(Object.entries(images))
        this.replace()
    }

    // Another engine at the same address: nothing of the old one is known.
    replace() {
        for (const container of this.containers.values()) this.close_ports(container)
        this.id = `SHIM:${randomBytes(8).toString('hex').toUpperCase()}`
        this.containers.clear()
        this.networks.clear()
        this.volumes.clear()
        this.networks.set('bridge0bridge', {
            id: 'bridge0bridge',
            name: 'bridge',
            labels: {},
            options: {},
            subnets: [],
        })
    }

    wait = (ms) => (this.pace > 0 ? pause(ms * this.pace) : Promise.resolve())

    find(reference) {
        const exact = this.containers.get(reference)
        if (exact) return exact
        for (const container of this.containers.values())
            if (container.name === reference || (reference.length >= 12 && container.id.startsWith(reference)))
                return container
        throw new Refusal(404, `No such container: ${reference}`)
    }

    find_network(reference) {
        for (const network of this.networks.values())
            if (network.name === reference || network.id === reference) return network
        throw new Refusal(404, `network ${reference} not found`)
    }

    emit(container, action, extra = {}) {
        const now = Date.now()
        const event = {
            Type: 'container',
            Action: action,
            Actor: {
                ID: container.id,
                Attributes: { ...container.labels, name: container.name, image: container.image, ...extra },
            },
            time: Math.floor(now / 1000),
            timeNano: now * 1e6,
        }
        this.events.push(event)
        if (this.events.length > most_events) this.events.shift()
        for (const listener of this.listeners) listener(event)
    }

    // ---- life of a container ------------------------------------------------------------------------

    async create(name, config) {
        await this.wait(create_ms)
        const image = config.Image ?? ''
        if (!this.has_image(image)) throw new Refusal(404, `No such image: ${image}`)
        for (const other of this.containers.values())
            if (other.name === name)
                throw new Refusal(
                    409,
                    `Conflict. The container name "/${name}" is already in use by container "${other.id}".`,
                )
        const id = new_id()
        this.containers.set(id, {
            id,
            name: name || `shim_${id.slice(0, 8)}`,
            image,
            config,
            labels: config.Labels ?? {},
            status: 'created',
            exit_code: 0,
            created: Date.now(),
            secret: '',
            ports: new Map(), // container port → { server, port }
            sockets: new Set(),
            network: config.HostConfig?.NetworkMode || 'bridge',
        })
        this.emit(this.containers.get(id), 'create')
        return id
    }

    has_image = (name) => this.images.has(name) || this.images.has(`${name}:latest`)

    async start(container) {
        if (container.status === 'running' || container.status === 'paused') return 304
        if (container.status === 'removing')
            throw new Refusal(409, 'container is marked for removal and cannot be started')
        ++this.starting
        try {
            await this.wait(start_ms(this.starting))
        } finally {
            --this.starting
        }
        if (!this.containers.has(container.id)) throw new Refusal(404, `No such container: ${container.id}`)
        if (container.status === 'running') return 304
        this.find_network(container.network)
        await this.open_ports(container)
        container.status = 'running'
        container.started = Date.now()
        this.emit(container, 'start')
        return 204
    }

    async open_ports(container) {
        for (const key of Object.keys(container.config.HostConfig?.PortBindings ?? {})) {
            const server = net.createServer((socket) => this.visit(container, socket))
            server.on('error', () => {})
            await new Promise((done, fail) => server.once('error', fail).listen(0, '127.0.0.1', done))
            container.ports.set(key, { server, port: server.address().port })
        }
    }

    visit(container, socket) {
        container.sockets.add(socket)
        socket.on('close', () => container.sockets.delete(socket))
        if (container.status === 'paused') socket.pause()
        else serve_desktop(socket, container.secret, container.name)
    }

    close_ports(container) {
        for (const { server } of container.ports.values()) server.close()
        for (const socket of container.sockets) socket.destroy()
        container.ports.clear()
    }

    end(container, exit_code, { by_memory = false } = {}) {
        if (container.status !== 'running' && container.status !== 'paused') return
        this.close_ports(container)
        container.status = 'exited'
        container.exit_code = exit_code
        container.is_oom_killed = by_memory
        if (by_memory) this.emit(container, 'oom')
        this.emit(container, 'die', { exitCode: String(exit_code) })
    }

    async stop(container) {
        if (container.status !== 'running' && container.status !== 'paused') return 304
        await this.wait(stop_ms)
        this.end(container, 143)
        this.emit(container, 'stop')
        return 204
    }

    kill(container) {
        if (container.status !== 'running' && container.status !== 'paused')
            throw new Refusal(409, `Cannot kill container: ${container.id} is not running`)
        this.end(container, 137)
        this.emit(container, 'kill', { signal: '9' })
    }

    pause(container, is_pause) {
        if (container.status !== (is_pause ? 'running' : 'paused'))
            throw new Refusal(409, `Container ${container.id} is ${is_pause ? 'not running' : 'not paused'}`)
        container.status = is_pause ? 'paused' : 'running'
        for (const socket of container.sockets) is_pause ? socket.pause() : socket.resume()
        this.emit(container, is_pause ? 'pause' : 'unpause')
    }

    async remove(container, is_forced) {
        if (container.status === 'removing')
            throw new Refusal(409, `removal of container ${container.id} is already in progress`)
        if (container.status === 'running' && !is_forced)
            throw new Refusal(409, `You cannot remove a running container ${container.id}.`)
        this.end(container, 137)
        container.status = 'removing'
        ++this.removing
        try {
            await this.wait(remove_ms(this.removing))
        } finally {
            --this.removing
        }
        this.containers.delete(container.id)
        this.emit(container, 'destroy')
    }

    // ---- networks -----------------------------------------------------------------------------------

    create_network(config) {
        const name = config.Name ?? ''
        if ([...this.networks.values()].some((network) => network.name === name))
            throw new Refusal(409, `network with name ${name} already exists`)
        const subnets = (config.IPAM?.Config ?? []).map(({ Subnet }) => Subnet)
        if (
            [...this.networks.values()].some((network) =>
                network.subnets.some((subnet) => subnets.includes(subnet)),
            )
        )
            throw new Refusal(403, 'Pool overlaps with other one on this address space')
        const id = new_id()
        this.networks.set(id, { id, name, labels: config.Labels ?? {}, options: config.Options ?? {}, subnets })
        return id
    }

    remove_network(network) {
        const is_used = [...this.containers.values()].some(
            ({ network: name, status }) => name === network.name && (status === 'running' || status === 'paused'),
        )
        if (is_used)
            throw new Refusal(403, `error while removing network: network ${network.name} has active endpoints`)
        this.networks.delete(network.id)
    }
}
