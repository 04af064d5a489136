// SPDX-License-Identifier: Apache-2.0
// Runs tests one after the other, each with a hard limit, and counts them.

import { performance } from 'node:perf_hooks'

export class Skipped extends Error {}

const usual_limit_ms = 120_000

export class Runner {
    passed = 0
    failed = 0
    skipped = 0
    failures = []

    constructor(filter) {
        this.filter = filter
    }

    async test(name, body, limit_ms = usual_limit_ms) {
        if (this.filter && !name.includes(this.filter)) return
        const began = performance.now()
        const took = () => `${Math.round(performance.now() - began)} ms`
        try {
            await limited(body(), limit_ms, name)
            ++this.passed
            console.log(`ok       ${name} (${took()})`)
        } catch (error) {
            if (error instanceof Skipped) {
                ++this.skipped
                console.log(`SKIPPED  ${name}: ${error.message}`)
                return
            }
            this.fail(name, error, ` (${took()})`)
        }
    }

    // Also of what is no test, whatever was chosen.
    fail(name, error, took = '') {
        ++this.failed
        this.failures.push(name)
        console.log(`FAILED   ${name}${took}\n${indented(error.stack ?? String(error))}`)
    }
}

const indented = (text) =>
    text
        .split('\n')
        .filter((line) => !line.includes('node:internal'))
        .map((line) => `         ${line}`)
        .join('\n')

async function limited(promise, limit_ms, what) {
    let timer
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`not done after ${limit_ms} ms: ${what}`)), limit_ms)
    })
    try {
        return await Promise.race([promise, late])
    } finally {
        clearTimeout(timer)
    }
}
