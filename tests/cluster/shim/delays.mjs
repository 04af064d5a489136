// SPDX-License-Identifier: Apache-2.0
// How long an engine takes, as measured on two idle cores with engine 20.10, a bridge and two published ports:
// create 8 ms, start 235 ms alone, create and start together 632 ms at 4 and 1151 ms at 8 at once, remove 213 ms alone,
// 282 at 4, 389 at 8.

const starts = [
    [1, 235],
    [4, 624],
    [8, 1143],
]
const removals = [
    [1, 213],
    [4, 282],
    [8, 389],
]

// Between the measured points by a straight line, beyond them by the last one's slope.
function at(points, count) {
    let [from, to] = points
    for (let i = 1; i < points.length; ++i) {
        ;[from, to] = [points[i - 1], points[i]]
        if (count <= to[0]) break
    }
    return from[1] + ((count - from[0]) * (to[1] - from[1])) / (to[0] - from[0])
}

export const create_ms = 8
export const stop_ms = 20
export const start_ms = (at_once) => at(starts, at_once)
export const remove_ms = (at_once) => at(removals, at_once)
