// SPDX-License-Identifier: Apache-2.0
// Additions to tests/api/lib/runner.mjs.

// A test that is also done when a filter leaves it out: it takes something away.
export async function always(t, name, body) {
    const is_left_out = t.filter && !name.includes(t.filter)
    if (is_left_out) await body()
    else await t.test(name, body, 180_000)
}
