// SPDX-License-Identifier: Apache-2.0
// A desktop of a shim: RFB 3.8 with VNC authentication by the session's secret and a picture of a few pixels whose
// name is the container's, so that a viewer can tell whose desktop it sees.

import { createCipheriv, randomBytes } from 'node:crypto'

const version = 'RFB 003.008\n'
const width = 32
const height = 16
const longest_message = 64 * 1024

const reversed = (byte) => {
    let bits = 0
    for (let i = 0; i < 8; ++i) if (byte & (1 << i)) bits |= 128 >> i
    return bits
}

// DES with the bits of each key byte reversed (RFC 6143 7.2.2); triple DES with three equal keys is plain DES.
export function vnc_answer(secret, challenge) {
    const key = Buffer.alloc(8)
    Buffer.from(secret, 'latin1').copy(key, 0, 0, 8)
    for (let i = 0; i < 8; ++i) key[i] = reversed(key[i])
    const cipher = createCipheriv('des-ede3-ecb', Buffer.concat([key, key, key]), null)
    return cipher.setAutoPadding(false).update(challenge)
}

const u32 = (number) => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(number)
    return bytes
}
const text = (words) => Buffer.concat([u32(Buffer.byteLength(words)), Buffer.from(words)])

function server_init(name) {
    const head = Buffer.from([0, width, 0, height, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0])
    return Buffer.concat([head, text(name)])
}

function picture() {
    const head = Buffer.from([0, 0, 0, 1, 0, 0, 0, 0, 0, width, 0, height, 0, 0, 0, 0])
    return Buffer.concat([head, Buffer.alloc(width * height * 4, 0x60)])
}

// The handshake: how many bytes the client sends, and what it sends next.
const parts = {
    version: { size: 12, then: 'choice' },
    choice: { size: 1, then: 'proof' },
    proof: { size: 16, then: 'share' },
    share: { size: 1, then: 'message' },
}

// Size of a client's message by its first bytes; 0 = more is needed, -1 = it is not understood.
function message_size(bytes) {
    switch (bytes[0]) {
        case 0:
            return 20
        case 2:
            return bytes.length < 4 ? 0 : 4 + 4 * bytes.readUInt16BE(2)
        case 3:
            return 10
        case 4:
            return 8
        case 5:
            return 6
        case 6:
            return bytes.length < 8 ? 0 : 8 + bytes.readUInt32BE(4)
        default:
            return -1
    }
}

// Serves one connection; `secret` and `name` are the desktop's.
export function serve_desktop(socket, secret, name) {
    const challenge = randomBytes(16)
    let bytes = Buffer.alloc(0)
    let part = 'version'

    const take = (size) => {
        const taken = bytes.subarray(0, size)
        bytes = bytes.subarray(size)
        return taken
    }
    const refuse = () => socket.end(Buffer.concat([u32(1), text('authentication failed')]))

    const on_message = () => {
        const size = message_size(bytes)
        if (size < 0 || size > longest_message) return socket.destroy()
        if (size === 0 || bytes.length < size) return false
        const message = take(size)
        const is_whole = message[0] === 3 && message[1] === 0
        if (is_whole) socket.write(picture())
        return true
    }
    const answers = {
        version: () => socket.write(Buffer.from([1, 2])),
        choice: ([type]) => (type === 2 ? socket.write(challenge) : socket.destroy()),
        proof: (answer) => (answer.equals(vnc_answer(secret, challenge)) ? socket.write(u32(0)) : refuse()),
        share: () => socket.write(server_init(name)),
    }
    const step = () => {
        if (part === 'message') return on_message()
        const { size, then } = parts[part]
        if (bytes.length < size) return false
        answers[part](take(size))
        part = then
        return !socket.writableEnded
    }

    socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
        bytes = bytes.length ? Buffer.concat([bytes, chunk]) : chunk
        while (!socket.destroyed && bytes.length > 0 && step() === true);
    })
    socket.write(version)
}
