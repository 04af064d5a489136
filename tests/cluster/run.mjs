// SPDX-License-Identifier: Apache-2.0
// usage: BERTH_BINARY=… node run.mjs [--only TEXT] [part…]; without a part: lab shims checker smoke browser.
// The last line counts. Sizes of fleet, rush and nemesis: BERTH_CLUSTER_HOSTS, BERTH_CLUSTER_SECONDS, … (README.md).

import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { Runner } from '../api/lib/runner.mjs'
import { clean } from './lab/record.mjs'

const own = ['lab', 'shims', 'checker'] // need no program under test
const parts = [...own, 'smoke', 'browser', 'faults', 'fleet', 'rush', 'nemesis']
const usual = [...own, 'smoke', 'browser']

const words = process.argv.slice(2)
const only = words.indexOf('--only')
const filter = only < 0 ? '' : words.splice(only, 2)[1]
const unknown = words.filter((word) => !parts.includes(word))
const chosen = words.length ? words : usual
const needs_program = chosen.some((part) => !own.includes(part))
const problem = unknown.length
    ? `no such part: ${unknown}; there are ${parts.join(' ')}`
    : process.getuid() !== 0
      ? 'these tests need root: they make hosts in name spaces'
      : needs_program && !existsSync(process.env.BERTH_BINARY ?? '')
        ? 'BERTH_BINARY must name the program'
        : ''
if (problem) {
    console.error(problem)
    process.exit(2)
}
if (process.env.BERTH_BINARY) process.env.BERTH_BINARY = resolve(process.env.BERTH_BINARY)

await clean(false, console.log)
const runner = new Runner(filter)
for (const name of chosen) {
    console.log(`--- ${name}`)
    const began = Date.now()
    const part = await import(new URL(`parts/${name}.mjs`, import.meta.url))
    await part.default(runner)
    console.log(`    ${name}: ${((Date.now() - began) / 1000).toFixed(1)} s`)
}
if (runner.failures.length) console.log(`\nfailed:\n${runner.failures.map((name) => `  ${name}`).join('\n')}`)
console.log(
    `${runner.passed} passed, ${runner.failed} failed${runner.skipped ? `, ${runner.skipped} skipped` : ''}`,
)
process.exit(runner.failed === 0 && runner.passed > 0 ? 0 : 1)
