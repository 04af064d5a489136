// SPDX-License-Identifier: Apache-2.0
// What a lab made outside of its hosts' name spaces, written down before it is made, and how it is taken away.
// Only what a record names is ever removed.

import {
    existsSync,
    mkdtempSync,
    readFileSync,
    readdirSync,
    renameSync,
    rmSync,
    rmdirSync,
    statSync,
} from 'node:fs'
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { pause, until } from '../../api/lib/wait.mjs'
import { command_code, is_process, process_mark, signal_process } from '../lib/process.mjs'

const prefix = 'berth-cluster-'
const cgroups = '/sys/fs/cgroup'

export class Record {
    static make() {
        const folder = mkdtempSync(join(tmpdir(), prefix))
        const id = randomBytes(4).toString('hex')
        const record = new Record(folder, {
            id,
            owner: process_mark(process.pid),
            bridge: `bcl${id}`,
            cgroup: `berth-cluster-${id}`,
            processes: [],
        })
        record.save()
        return record
    }

    // null where there is none, or none that root wrote.
    static read(folder) {
        const file = join(folder, 'record.json')
        if (!existsSync(file) || statSync(file).uid !== process.getuid()) return null
        return new Record(folder, JSON.parse(readFileSync(file, 'utf8')))
    }

    static all() {
        return readdirSync(tmpdir())
            .filter((name) => name.startsWith(prefix))
            .map((name) => Record.read(join(tmpdir(), name)))
            .filter(Boolean)
    }

    constructor(folder, values) {
        this.folder = folder
        this.values = values
    }

    save() {
        const file = join(this.folder, 'record.json')
        writeFileSync(`${file}.new`, JSON.stringify(this.values))
        renameSync(`${file}.new`, file)
    }

    add_process(pid) {
        this.values.processes.push(process_mark(pid))
        this.save()
    }

    has_owner() {
        return is_process(this.values.owner)
    }

    // Everything that is still there, as text; empty after a good removal.
    async left_over() {
        const left = this.values.processes.filter(is_process).map(({ pid }) => `process ${pid}`)
        const { code } = await command_code(['ip', 'link', 'show', this.values.bridge])
        if (code === 0) left.push(`bridge ${this.values.bridge}`)
        left.push(...this.cgroup_folders().map((path) => `cgroup ${path}`))
        const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
        left.push(...mounts.filter((line) => line.includes(this.folder)).map((line) => `mount ${line}`))
        if (existsSync(this.folder)) left.push(`folder ${this.folder}`)
        return left
    }

    cgroup_folders() {
        return [cgroups, ...readdirSync(cgroups).map((name) => join(cgroups, name))]
            .map((path) => join(path, this.values.cgroup))
            .filter((path) => existsSync(path))
    }

    async remove() {
        for (const mark of this.values.processes) if (is_process(mark)) signal_process(mark.pid, 'SIGKILL')
        await until('the processes of the lab are gone', () => !this.values.processes.some(is_process), 20_000)
        await command_code(['ip', 'link', 'del', this.values.bridge])
        await until('the control groups of the lab are gone', () => this.remove_cgroups(), 20_000, 100)
        if (basename(this.folder).startsWith(prefix)) rmSync(this.folder, { recursive: true, force: true })
    }

    // From the inside out; a process on its way out keeps its group a moment longer.
    remove_cgroups() {
        const remove = (path) => {
            for (const entry of readdirSync(path, { withFileTypes: true }))
                if (entry.isDirectory()) remove(join(path, entry.name))
            rmdirSync(path)
        }
        for (const path of this.cgroup_folders()) remove(path)
        return true
    }
}

// Removes the labs whose owner is gone, or with `all` every one; says what it did.
export async function clean(all = false, say = () => {}) {
    for (const record of Record.all()) {
        if (record.has_owner() && !all) continue
        say(`removing lab ${record.values.id} of process ${record.values.owner.pid}`)
        await record.remove()
    }
}

// Removes the lab of `folder` once its owner is gone or `life_ms` are over.
export async function watch(folder, life_ms) {
    const end = Date.now() + life_ms
    for (;;) {
        const record = Record.read(folder)
        if (!record) return
        if (!record.has_owner() || Date.now() > end) return record.remove()
        await pause(500)
    }
}
