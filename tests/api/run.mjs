// SPDX-License-Identifier: Apache-2.0
// usage: BERTH_BINARY=… node run.mjs [--only TEXT] [part…]; without a part all of them. The last line counts.

import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { Runner } from './lib/runner.mjs'

const parts = [
    'document',
    'identity',
    'matrix',
    'sessions',
    'gateway',
    'web',
    'ends',
    'limits',
    'bad_input',
    'doors',
    'engine',
    'hosts',
    'hosts_ssh',
    'pulls',
    'pools',
    'isolation',
    'restart',
    'crash',
    'cli',
    'config',
]

const words = process.argv.slice(2)
const only = words.indexOf('--only')
const filter = only < 0 ? '' : words.splice(only, 2)[1]
const unknown = words.filter((word) => !parts.includes(word))
if (unknown.length || !process.env.BERTH_BINARY || !existsSync(process.env.BERTH_BINARY)) {
    console.error(
        unknown.length
            ? `no such part: ${unknown}; there are ${parts.join(' ')}`
            : 'BERTH_BINARY must name the program',
    )
    process.exit(2)
}
process.env.BERTH_BINARY = resolve(process.env.BERTH_BINARY)

const runner = new Runner(filter)
for (const name of words.length ? words : parts) {
    console.log(`--- ${name}`)
    const began = Date.now()
    const part = await import(new URL(`parts/${name}.mjs`, import.meta.url))
    await part.default(runner)
    console.log(`    ${name}: ${((Date.now() - began) / 1000).toFixed(1)} s`)
}
if (!words.length && !filter) await (await import('./parts/document.mjs')).coverage(runner)
if (runner.failures.length) console.log(`\nfailed:\n${runner.failures.map((name) => `  ${name}`).join('\n')}`)
console.log(`${runner.passed} passed, ${runner.failed} failed${runner.skipped ? `, ${runner.skipped} skipped` : ''}`)
process.exit(runner.failed === 0 && runner.passed > 0 ? 0 : 1)
