// SPDX-License-Identifier: Apache-2.0
// A small RFB 3.8 viewer (RFC 6143) over the gateway's WebSocket.

import WebSocket from 'ws'
import { until } from './wait.mjs'

export class Viewer {
    #bytes = Buffer.alloc(0)
    close = null // { code, reason } once closed

    // Opens the WebSocket only; `options`: { ticket, origin, protocols }.
    static open(
        server,
        { ticket, origin = server.origin, protocols = ['binary', `berth.ticket.${ticket}`], headers } = {},
    ) {
        const viewer = new Viewer()
        return new Promise((done, fail) => {
            const socket = new WebSocket(`ws://${server.host}/gateway/rfb`, protocols, {
                origin,
                headers,
                handshakeTimeout: 20_000,
            })
            viewer.socket = socket
            socket.on('message', (data) => (viewer.#bytes = Buffer.concat([viewer.#bytes, data])))
            socket.on('close', (code, reason) => (viewer.close = { code, reason: reason.toString() }))
            socket.on('unexpected-response', (_, response) => {
                response.resume()
                fail(
                    Object.assign(new Error(`refused with ${response.statusCode}`), {
                        status: response.statusCode,
                        headers: response.headers,
                    }),
                )
            })
            socket.on('error', (error) => fail(error))
            socket.on('open', () => done(viewer))
        })
    }

    // The whole way: WebSocket, handshake with security type None, ServerInit.
    static async connect(server, options) {
        const viewer = await Viewer.open(server, options)
        await viewer.shake_hands()
        return viewer
    }

    async take(size, limit_ms = 20_000) {
        await until(
            `${size} bytes from the desktop`,
            () => {
                if (this.#bytes.length >= size) return true
                if (this.close)
                    throw Object.assign(new Error(`closed: ${JSON.stringify(this.close)}`), { is_final: true })
                return null
            },
            limit_ms,
            5,
        )
        const taken = this.#bytes.subarray(0, size)
        this.#bytes = this.#bytes.subarray(size)
        return taken
    }

    async shake_hands() {
        const version = (await this.take(12)).toString('latin1')
        if (version !== 'RFB 003.008\n') throw new Error(`version is ${version}`)
        this.send(Buffer.from(version))
        const [count] = await this.take(1)
        this.security_types = [...(await this.take(count))]
        if (!this.security_types.includes(1)) throw new Error(`security types ${this.security_types}`)
        this.send(Buffer.from([1]))
        const result = (await this.take(4)).readUInt32BE()
        if (result !== 0) throw new Error(`security result ${result}`)
        this.send(Buffer.from([1]))
        const init = await this.take(24)
        this.width = init.readUInt16BE(0)
        this.height = init.readUInt16BE(2)
        this.format = { bits: init[4], big_endian: init[6], shifts: [...init.subarray(14, 17)] }
        this.name = (await this.take(init.readUInt32BE(20))).toString('utf8')
    }

    send(bytes) {
        this.socket.send(bytes)
    }

    // The raw pixels of a rectangle, asked for anew.
    async picture(x = 0, y = 0, width = this.width, height = this.height) {
        this.send(Buffer.from([2, 0, 0, 1, 0, 0, 0, 0])) // encodings: raw
        const ask = Buffer.alloc(10)
        ask[0] = 3
        for (const [i, value] of [x, y, width, height].entries()) ask.writeUInt16BE(value, 2 + 2 * i)
        this.send(ask)
        const head = await this.take(4)
        if (head[0] !== 0) throw new Error(`message type ${head[0]} instead of an update`)
        const rectangle = await this.take(12)
        const [w, h, encoding] = [rectangle.readUInt16BE(4), rectangle.readUInt16BE(6), rectangle.readInt32BE(8)]
        if (encoding !== 0) throw new Error(`encoding ${encoding}`)
        return { width: w, height: h, data: await this.take(w * h * (this.format.bits / 8)) }
    }

    // Red, green, blue of one pixel of a picture.
    colour({ width, data }, x, y) {
        const at = (y * width + x) * 4
        const value = this.format.big_endian ? data.readUInt32BE(at) : data.readUInt32LE(at)
        return this.format.shifts.map((shift) => (value >>> shift) & 255)
    }

    key(symbol, down = true) {
        const message = Buffer.alloc(8)
        message[0] = 4
        message[1] = down ? 1 : 0
        message.writeUInt32BE(symbol, 4)
        this.send(message)
    }

    pointer(x, y, buttons = 0) {
        const message = Buffer.alloc(6)
        message[0] = 5
        message[1] = buttons
        message.writeUInt16BE(x, 2)
        message.writeUInt16BE(y, 4)
        this.send(message)
    }

    cut(text) {
        const message = Buffer.alloc(8 + text.length)
        message[0] = 6
        message.writeUInt32BE(text.length, 4)
        message.write(text, 8, 'latin1')
        this.send(message)
    }

    closed(limit_ms = 20_000) {
        return until('the tunnel is closed', () => this.close, limit_ms, 10)
    }

    leave() {
        this.socket.terminate()
    }
}
