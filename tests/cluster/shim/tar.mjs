// SPDX-License-Identifier: Apache-2.0
// Reads the regular files of a tar archive; enough for what Berth puts into a container.

const block = 512
const octal = (bytes) => parseInt(bytes.toString('latin1').replace(/[\0 ].*$/s, '') || '0', 8)

export function read_tar(bytes) {
    const files = []
    for (let at = 0; at + block <= bytes.length;) {
        const head = bytes.subarray(at, at + block)
        if (head.every((byte) => byte === 0)) break
        const size = octal(head.subarray(124, 136))
        const kind = String.fromCharCode(head[156])
        const name = head.subarray(0, 100).toString('utf8').replace(/\0.*$/s, '')
        const content = bytes.subarray(at + block, at + block + size)
        if (kind === '0' || kind === '\0') files.push({ name, content, mode: octal(head.subarray(100, 108)) })
        at += block + Math.ceil(size / block) * block
    }
    return files
}
