// SPDX-License-Identifier: Apache-2.0
// People who start, look at, extend and stop desktops all the time, until they are told to rest.

import { Viewer } from '../../api/lib/rfb.mjs'
import { pause } from '../../api/lib/wait.mjs'
import { Dice } from './dice.mjs'

const slots = ['a', 'b', 'c', 'd']
// Of berth.mjs and of the part; BERTH_CLUSTER_TEMPLATES leaves out what has a known defect.
const templates = process.env.BERTH_CLUSTER_TEMPLATES?.split(',') ?? ['rfb', 'brief', 'brief', 'own', 'deaf']
const between_deeds_ms = [300, 1800]
const live = ({ state }) => state !== 'ended'

export class Person {
    counts = { starts: 0, extended: 0, stopped: 0, greeted: 0, not_greeted: 0 }
    #is_resting = true
    #life = null

    constructor(browser, watch, seed) {
        this.browser = browser
        this.watch = watch
        this.dice = new Dice(seed)
    }

    wake() {
        this.#is_resting = false
        this.#life = this.#live().catch((error) => this.watch.complain(error.message))
    }

    async rest() {
        this.#is_resting = true
        await this.#life
    }

    ask = (method, path, json) => this.watch.ask(this.browser, method, path, json)

    async #live() {
        while (!this.#is_resting) {
            await pause(this.dice.between(...between_deeds_ms))
            const list = await this.ask('GET', '/api/v1/sessions')
            if (list?.status !== 200) continue
            await this.#one_deed(list.json.items.filter(live))
        }
    }

    async #one_deed(mine) {
        const ready = mine.filter(({ state }) => state === 'ready')
        const luck = this.dice.chance()
        if (mine.length === 0 || luck < 0.35) await this.#start()
        else if (luck < 0.55 && ready.length) await this.#view(this.dice.one_of(ready))
        else if (luck < 0.65 && ready.length) await this.#extend(this.dice.one_of(ready))
        else if (luck < 0.85) await this.#stop(this.dice.one_of(mine))
        else await this.ask('GET', `/api/v1/sessions/${this.dice.one_of(mine).id}`)
    }

    async #start() {
        const [template, slot] = [this.dice.one_of(templates), this.dice.one_of(slots)]
        const answer = await this.ask('POST', '/api/v1/sessions', { template, slot })
        if (answer?.status === 202) ++this.counts.starts
    }

    async #extend({ id }) {
        const answer = await this.ask('POST', `/api/v1/sessions/${id}/extend`, {})
        if (answer?.status === 200) ++this.counts.extended
    }

    async #stop({ id }) {
        const answer = await this.ask('DELETE', `/api/v1/sessions/${id}`)
        if (answer?.status === 202) ++this.counts.stopped
    }

    // A desktop on a hurt host need not answer; those that do are counted.
    async #view({ id }) {
        const answer = await this.ask('POST', `/api/v1/sessions/${id}/ticket`, {})
        if (answer?.status !== 201) return
        let viewer
        try {
            viewer = await Viewer.open(this.browser.server, { ticket: answer.json.ticket })
            await viewer.shake_hands()
            ++this.counts.greeted
        } catch {
            ++this.counts.not_greeted
        } finally {
            viewer?.leave()
        }
    }
}
