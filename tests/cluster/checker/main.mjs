// SPDX-License-Identifier: Apache-2.0
// usage: main.mjs DATABASE HOST=SOCKET…
// Applies every rule to a database and the engines of its hosts as they are now; the last line counts.

import { Engine } from '../lib/engine.mjs'
import { report } from './checker.mjs'
import { look } from './gather.mjs'

const [database, ...pairs] = process.argv.slice(2)
if (!database || pairs.length === 0 || pairs.some((pair) => !pair.includes('='))) {
    console.error('usage: main.mjs DATABASE HOST=SOCKET…')
    process.exit(2)
}
const hosts = pairs.map((pair) => {
    const [name, ...socket] = pair.split('=')
    return { name, engine: new Engine(socket.join('=')) }
})
const { passed, failed } = report(await look({ database, hosts }))
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
