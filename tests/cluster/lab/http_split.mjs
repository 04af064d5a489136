// SPDX-License-Identifier: Apache-2.0
// Where the requests of a connection begin and end: enough of HTTP/1.1 for a relay that picks out single ones.

const head_end = Buffer.from('\r\n\r\n')
const line_end = Buffer.from('\r\n')
const largest_head = 64 * 1024

export class RequestSplitter {
    #bytes = Buffer.alloc(0)
    #wanted = 0 // bytes of the present body still to come
    #state = 'head' // head, body, chunk_size, chunk, trailer, raw

    // `on_head(line)` is asked before a request's first byte is handed on and may return 'stop';
    // `on_bytes` gets everything in order.
    constructor(on_head, on_bytes) {
        this.on_head = on_head
        this.on_bytes = on_bytes
    }

    feed(chunk) {
        this.#bytes = this.#bytes.length ? Buffer.concat([this.#bytes, chunk]) : chunk
        while (this.#bytes.length > 0 && this.#step());
    }

    // False when more bytes are needed.
    #step() {
        if (this.#state === 'head') return this.#head()
        if (this.#state === 'body' || this.#state === 'chunk') return this.#body()
        if (this.#state === 'chunk_size' || this.#state === 'trailer') return this.#line()
        this.#hand_on(this.#bytes.length)
        return false
    }

    #hand_on(size) {
        this.on_bytes(this.#bytes.subarray(0, size))
        this.#bytes = this.#bytes.subarray(size)
    }

    #head() {
        const end = this.#bytes.indexOf(head_end)
        if (end < 0) {
            if (this.#bytes.length > largest_head) this.#state = 'raw'
            return this.#state === 'raw'
        }
        const head = this.#bytes.subarray(0, end).toString('latin1')
        if (this.on_head(head.split('\r\n')[0]) === 'stop') {
            this.#bytes = Buffer.alloc(0)
            return false
        }
        this.#wanted = Number(/\r\ncontent-length:\s*(\d+)/i.exec(head)?.[1] ?? 0)
        if (/\r\nupgrade:/i.test(head)) this.#state = 'raw'
        else if (/\r\ntransfer-encoding:\s*chunked/i.test(head)) this.#state = 'chunk_size'
        else if (this.#wanted > 0) this.#state = 'body'
        this.#hand_on(end + head_end.length)
        return true
    }

    #body() {
        const size = Math.min(this.#wanted, this.#bytes.length)
        this.#wanted -= size
        if (this.#wanted === 0) this.#state = this.#state === 'chunk' ? 'chunk_size' : 'head'
        this.#hand_on(size)
        return true
    }

    #line() {
        const end = this.#bytes.indexOf(line_end)
        if (end < 0) return false
        const line = this.#bytes.subarray(0, end).toString('latin1')
        if (this.#state === 'trailer') {
            if (line === '') this.#state = 'head'
        } else {
            const size = parseInt(line, 16)
            this.#wanted = size + line_end.length
            this.#state = size > 0 ? 'chunk' : 'trailer'
        }
        this.#hand_on(end + line_end.length)
        return true
    }
}
