// SPDX-License-Identifier: Apache-2.0
// What a person's ~/.ssh would be: a key, a configuration, the host keys known so far.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { command } from '../lib/process.mjs'

// Makes the folder; the public key comes back.
export async function make_client(folder) {
    mkdirSync(folder, { mode: 0o700 })
    await command(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'lab', '-f', join(folder, 'id_ed25519')])
    const lines = [
        'Host *',
        `  IdentityFile ${folder}/id_ed25519`,
        '  IdentitiesOnly yes',
        '  IdentityAgent none',
        `  UserKnownHostsFile ${folder}/known_hosts`,
        '  GlobalKnownHostsFile none',
        '  StrictHostKeyChecking yes',
        '  BatchMode yes',
        '  ConnectTimeout 10',
    ]
    writeFileSync(join(folder, 'config'), `${lines.join('\n')}\n`)
    write_known_hosts(folder, [])
    return readFileSync(join(folder, 'id_ed25519.pub'), 'utf8')
}

export function write_known_hosts(folder, hosts) {
    const lines = hosts.map(({ address, host_key }) => `${address} ${host_key}\n`)
    writeFileSync(join(folder, 'known_hosts'), lines.join(''), { mode: 0o600 })
}
