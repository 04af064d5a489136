// SPDX-License-Identifier: Apache-2.0
// usage: delay_process.mjs ADDRESS PORT, forked with a message channel: a way to that address on which every byte takes
// longer, since the kernel here cannot delay packets. Verbs: listen → { port }; set { ms, bytes_per_second }.

import net from 'node:net'

const [address, port] = process.argv.slice(2)
const most_waiting = 4 << 20
let ms = 0
let bytes_per_second = 0 // 0 = as fast as it goes

// One direction: bytes are handed on in order, `ms` after they came, no faster than allowed.
function pipe(from, to) {
    let last = 0
    let waiting = 0
    from.on('data', (chunk) => {
        const paced = bytes_per_second > 0 ? (chunk.length * 1000) / bytes_per_second : 0
        last = Math.max(last + paced, Date.now() + ms)
        waiting += chunk.length
        if (waiting > most_waiting) from.pause()
        setTimeout(() => {
            waiting -= chunk.length
            if (from.isPaused()) from.resume()
            to.write(chunk)
        }, last - Date.now())
    })
    from.on('error', () => {})
    from.on('close', () => setTimeout(() => to.destroy(), Math.max(0, last - Date.now())))
}

const server = net.createServer((client) => {
    const host = net.connect(Number(port), address)
    client.setNoDelay(true)
    host.setNoDelay(true)
    pipe(client, host)
    pipe(host, client)
})

const verbs = {
    listen: () => new Promise((done) => server.listen(0, '127.0.0.1', () => done({ port: server.address().port }))),
    set(values) {
        ms = values.ms ?? 0
        bytes_per_second = values.bytes_per_second ?? 0
    },
}
process.on('message', async ({ number, verb, ...message }) =>
    process.send({ number, ...(await verbs[verb](message)) }),
)
process.on('disconnect', () => process.exit(0))
