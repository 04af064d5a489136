// SPDX-License-Identifier: Apache-2.0
// Numbers that look random and come again with the same seed (mulberry32).

export class Dice {
    #state

    constructor(seed) {
        this.#state = seed >>> 0
    }

    // In [0, 1).
    chance() {
        this.#state = (this.#state + 0x6d2b79f5) >>> 0
        let mixed = this.#state
        mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
        mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
        return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
    }

    between = (least, most) => least + this.chance() * (most - least)
    whole = (least, most) => least + Math.floor(this.chance() * (most - least + 1))
    one_of = (list) => list[Math.floor(this.chance() * list.length)]
}
