// SPDX-License-Identifier: Apache-2.0
// A registry with one image, read-only, over plain HTTP on this machine: engines take that of 127.0.0.0/8. Its image is
// one of the engine's with a layer and a label of its own, so that no engine has it yet, and that layer can be held back.

import { createHash, randomBytes } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { docker_code } from './engine.mjs'
import { pause } from './wait.mjs'

const digest_of = (bytes) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
const types = {
    manifest: 'application/vnd.docker.distribution.manifest.v2+json',
    config: 'application/vnd.docker.container.image.v1+json',
    layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
}
const own_layer_bytes = 3 << 20

export class Registry {
    requests = [] // "GET /v2/…"
    #blobs = new Map()
    #layer = '' // digest of the image's own
    #held = null
    #release = () => {}

    static async start(source, labels = {}) {
        const registry = new Registry()
        registry.#read(source, labels)
        registry.listener = http.createServer((request, response) => registry.#answer(request, response))
        await new Promise((done) => registry.listener.listen(0, '127.0.0.1', done))
        registry.image = `127.0.0.1:${registry.listener.address().port}/berth-test/fetched:1`
        return registry
    }

    // Half of the image's own layer is sent, the rest when it is released.
    hold() {
        this.#held = new Promise((done) => (this.#release = done))
    }
    release() {
        this.#held = null
        this.#release()
    }

    // Fetches of the image so far.
    get fetches() {
        return this.requests.filter((line) => line.startsWith('GET') && line.includes(this.#layer)).length
    }

    async stop() {
        this.release()
        this.listener.closeAllConnections?.()
        await new Promise((done) => this.listener.close(done))
        await this.forget()
    }

    // The engine of this machine does not have it any more.
    forget() {
        return docker_code('image', 'rm', '-f', this.image)
    }

    #read(source, labels) {
        const folder = mkdtempSync(join(tmpdir(), 'berth-registry-'))
        try {
            execFileSync('docker', ['save', '-o', join(folder, 'image.tar'), source])
            execFileSync('tar', ['-xf', join(folder, 'image.tar'), '-C', folder])
            const [{ Config, Layers }] = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'))
            const config = JSON.parse(readFileSync(join(folder, Config), 'utf8'))
            const layers = Layers.map((name) => readFileSync(join(folder, name)))
            writeFileSync(join(folder, 'own'), randomBytes(own_layer_bytes))
            execFileSync('tar', ['-cf', join(folder, 'own.tar'), '-C', folder, 'own'])
            const own = readFileSync(join(folder, 'own.tar'))
            config.rootfs.diff_ids.push(digest_of(own))
            config.history?.push({ created: '2026-01-01T00:00:00Z', created_by: 'a test' })
            config.config.Labels = { ...config.config.Labels, ...labels }
            this.#take(Buffer.from(JSON.stringify(config)), [...layers, own])
        } finally {
            rmSync(folder, { recursive: true, force: true })
        }
    }

    #take(config, layers) {
        const blob = (mediaType, bytes) => {
            const digest = digest_of(bytes)
            this.#blobs.set(digest, bytes)
            return { mediaType, size: bytes.length, digest }
        }
        const manifest = {
            schemaVersion: 2,
            mediaType: types.manifest,
            config: blob(types.config, config),
            layers: layers.map((layer) => blob(types.layer, gzipSync(layer))),
        }
        this.#layer = manifest.layers.at(-1).digest
        this.manifest = Buffer.from(JSON.stringify(manifest))
    }

    async #answer(request, response) {
        this.requests.push(`${request.method} ${request.url}`)
        response.setHeader('Docker-Distribution-Api-Version', 'registry/2.0')
        const [, kind, name] = /^\/v2\/berth-test\/fetched\/(manifests|blobs)\/(.+)$/.exec(request.url) ?? []
        if (request.url === '/v2/') response.end('{}')
        else if (kind === 'manifests' && [digest_of(this.manifest), '1'].includes(name)) this.#send(request, response, types.manifest, this.manifest)
        else if (kind === 'blobs' && this.#blobs.has(name)) await this.#send_blob(request, response, name)
        else response.writeHead(404, { 'Content-Type': 'application/json' }).end('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}')
    }

    #send(request, response, type, bytes) {
        response.writeHead(200, { 'Content-Type': type, 'Content-Length': bytes.length, 'Docker-Content-Digest': digest_of(bytes) })
        response.end(request.method === 'HEAD' ? undefined : bytes)
    }

    async #send_blob(request, response, digest) {
        const bytes = this.#blobs.get(digest)
        if (!this.#held || digest !== this.#layer || request.method === 'HEAD') {
            this.#send(request, response, 'application/octet-stream', bytes)
            return
        }
        response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': bytes.length })
        // Piece by piece: an engine tells of its progress at most every 100 ms, and only when something arrives.
        const piece = Math.floor(bytes.length / 24)
        let sent = 0
        while (this.#held && sent < bytes.length / 2) {
            response.write(bytes.subarray(sent, (sent += piece)))
            await pause(60)
        }
        await this.#held
        response.end(bytes.subarray(sent))
    }
}
