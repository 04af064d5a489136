// SPDX-License-Identifier: Apache-2.0
// What the engines tell of their containers, written down while it happens. A stream that breaks is opened again at
// the second it broke; what is told twice counts once.

const actions = ['create', 'start', 'die', 'oom', 'kill', 'stop', 'destroy', 'pause', 'unpause']
const retry_ms = 200

export class Recorder {
    log = []
    blackouts = []
    #streams = new Map()
    #known = new Set()
    #is_over = false

    // `hosts`: [{ name, engine }]
    constructor(hosts) {
        for (const host of hosts) this.#open(host, Math.floor(Date.now() / 1000))
    }

    #open(host, since) {
        if (this.#is_over) return
        const stream = host.engine.watch((event) => this.#note(host.name, event), since)
        this.#streams.set(host.name, stream)
        const timer = setInterval(() => {
            if (!stream.is_over) return
            clearInterval(timer)
            this.#open(host, Math.floor(Date.now() / 1000) - 2)
        }, retry_ms)
        timer.unref()
    }

    #note(host, { Action, Actor, timeNano }) {
        const action = Action.split(':')[0]
        if (!actions.includes(action)) return
        const key = `${host} ${Actor.ID} ${action} ${timeNano}`
        if (this.#known.has(key)) return
        this.#known.add(key)
        const at = Math.floor(timeNano / 1e6)
        this.log.push({ host, at, action, container: Actor.ID, labels: Actor.Attributes })
    }

    // Everything that runs on a host ends now: its power is cut, or its engine becomes another one. Afterwards an
    // engine shows its containers as exited, or knows none, and tells of no death.
    note_blackout(host) {
        this.blackouts.push({ host, at: Date.now() })
    }

    stop() {
        this.#is_over = true
        for (const stream of this.#streams.values()) stream.close()
    }
}
