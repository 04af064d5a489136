// SPDX-License-Identifier: Apache-2.0
// Starts a process that outlives this one, however it ends, and takes away what the record in `folder` names.

import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const life_ms = 3 * 3600 * 1000

export function start_watchdog(folder) {
    const program = fileURLToPath(new URL('./main.mjs', import.meta.url))
    const child = fork(program, ['watch', folder, String(life_ms)], { detached: true, stdio: 'ignore' })
    child.disconnect()
    child.unref()
}
