// SPDX-License-Identifier: Apache-2.0
// Child processes and what /proc says of processes. Every command has a limit.

import { execFile, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, readdirSync, readlinkSync } from 'node:fs'

// { code, out, err, text }, whatever the code is. `input` goes to standard input.
export function command_code(words, { limit_ms = 30_000, input, env } = {}) {
    return new Promise((done) => {
        const child = execFile(
            words[0],
            words.slice(1),
            { timeout: limit_ms, killSignal: 'SIGKILL', maxBuffer: 64 << 20, ...(env && { env }) },
            (error, out, err) =>
                done({ code: error ? (error.code ?? error.signal) : 0, out, err, text: `${out}${err}` }),
        )
        child.stdin.on('error', () => {})
        child.stdin.end(input)
    })
}

// Standard output; a failure is an error that shows the command's own words.
export async function command(words, options) {
    const { code, out, text } = await command_code(words, options)
    if (code !== 0) throw new Error(`${words.join(' ').slice(0, 300)}: ${code} ${text.trim().slice(-2000)}`)
    return out
}

// A daemon in the background whose output goes to the end of a file.
export function start_daemon(words, log, options = {}) {
    const output = openSync(log, 'a')
    const child = spawn(words[0], words.slice(1), { stdio: ['ignore', output, output], ...options })
    closeSync(output)
    child.on('error', () => {})
    return child
}

const read_or_empty = (path) => {
    try {
        return readFileSync(path, 'utf8')
    } catch {
        return ''
    }
}

// When a process began, in clock ticks: with the pid it names one process for ever. '' = there is none.
export const start_time = (pid) => read_or_empty(`/proc/${pid}/stat`).split(') ')[1]?.split(' ')[19] ?? ''
export const is_process = ({ pid, began }) => began !== '' && start_time(pid) === began
export const process_mark = (pid) => ({ pid, began: start_time(pid) })
export const name_of = (pid) => read_or_empty(`/proc/${pid}/comm`).trim()
export const words_of = (pid) => read_or_empty(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim()
export const children_of = (pid) =>
    read_or_empty(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number)

export const all_pids = () =>
    readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .map(Number)

// 'pid:[4026…]' and the like; null once the process is gone.
export function namespace_of(pid, kind) {
    try {
        return readlinkSync(`/proc/${pid}/ns/${kind}`)
    } catch {
        return null
    }
}

export function signal_process(pid, signal) {
    try {
        process.kill(pid, signal)
        return true
    } catch (error) {
        if (error.code === 'ESRCH') return false
        throw error
    }
}

// Memory (RSS) in KiB, user + system CPU in seconds, open descriptors.
export function usage_of(pid) {
    const fields = read_or_empty(`/proc/${pid}/stat`).split(') ')[1]?.split(' ') ?? []
    const resident = /VmRSS:\s+(\d+)/.exec(read_or_empty(`/proc/${pid}/status`))?.[1] ?? 0
    let descriptors = 0
    try {
        descriptors = readdirSync(`/proc/${pid}/fd`).length
    } catch {
        // gone meanwhile
    }
    return {
        rss_kib: Number(resident),
        cpu_s: (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / 100,
        descriptors,
    }
}
