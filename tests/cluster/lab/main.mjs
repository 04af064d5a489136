// SPDX-License-Identifier: Apache-2.0
// usage: main.mjs up [HOSTS] | clean [--all] | watch FOLDER MILLISECONDS
//   up     starts hosts, says how to reach them, and stops them at the end of standard input or at SIGINT
//   clean  removes what labs left behind whose process is gone; --all: also those in use
import { clean, watch } from './record.mjs'
import { Lab } from './lab.mjs'

const [verb, ...words] = process.argv.slice(2)

async function up(count) {
    const lab = await Lab.start(count)
    for (const host of lab.hosts)
        console.log(`${host.name}  ${host.endpoint}  unix://${host.socket}  namespace of process ${host.init.pid}`)
    console.log(`ssh -F ${lab.client}/config root@${lab.hosts[0].address}`)
    await new Promise((done) => {
        process.stdin.resume().on('end', done)
        process.on('SIGINT', done)
        process.on('SIGTERM', done)
    })
    await lab.stop()
}

switch (verb) {
    case 'up':
        await up(Number(words[0] ?? 2))
        process.exit(0)
        break
    case 'clean':
        await clean(words.includes('--all'), console.log)
        break
    case 'watch':
        await watch(words[0], Number(words[1]))
        break
    default:
        console.error('usage: main.mjs up [HOSTS] | clean [--all] | watch FOLDER MILLISECONDS')
        process.exit(2)
}
