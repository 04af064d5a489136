// SPDX-License-Identifier: Apache-2.0
// Waiting that ends: by the condition, or by a limit that says what was waited for.

export const pause = (ms) => new Promise((done) => setTimeout(done, ms))

// The first value of `look` that is not false, null or undefined.
export async function until(what, look, limit_ms = 30_000, every_ms = 50) {
    const end = Date.now() + limit_ms
    let last
    for (;;) {
        try {
            const found = await look()
            if (found !== false && found !== null && found !== undefined) return found
            last = undefined
        } catch (error) {
            if (error.is_final) throw error
            last = error
        }
        if (Date.now() > end)
            throw new Error(`after ${limit_ms} ms still not: ${what}${last ? ` (${last.message})` : ''}`)
        await pause(every_ms)
    }
}
