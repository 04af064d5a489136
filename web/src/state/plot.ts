// SPDX-License-Identifier: Apache-2.0
// Where the line of a plot goes. Pure; x and y in per cent of the picture, y downwards.

export interface Point {
  at: number;
  /** null: not known, the line is broken there. */
  value: number | null;
}

export interface Frame {
  from: number;
  to: number;
  max: number;
}

export interface Run {
  line: string;
  area: string;
}

const round = (n: number): number => Math.round(n * 100) / 100;

/** One run for each stretch without a gap; `gapMs`: neighbours further apart than this are not joined. */
export function runsOf(points: readonly Point[], { from, to, max }: Frame, gapMs: number): Run[] {
  const runs: [number, number][][] = [];
  let before = -Infinity;
  let isOpen = false;
  for (const { at, value } of points) {
    if (value === null || at < from || at > to) {
      isOpen = false;
      continue;
    }
    const place: [number, number] = [round(((at - from) / (to - from || 1)) * 100), round(100 - Math.min(1, Math.max(0, value / (max || 1))) * 100)];
    if (isOpen && at - before <= gapMs) runs.at(-1)?.push(place);
    else runs.push([place]);
    isOpen = true;
    before = at;
  }
  return runs.map(drawn);
}

function drawn(places: [number, number][]): Run {
  const [first, last] = [places[0] ?? [0, 100], places.at(-1) ?? [0, 100]];
  // A single reading is a dot: a line of no length with round ends.
  const line = `M${places.map((p) => p.join(" ")).join("L")}${places.length === 1 ? "h0" : ""}`;
  return { line, area: `M${first[0]} 100L${places.map((p) => p.join(" ")).join("L")}L${last[0]} 100Z` };
}

/** The upper end of a scale of whole things: 4, or the next even number that has room for the highest. */
export const niceMax = (values: readonly number[]): number => Math.max(4, Math.ceil(Math.max(0, ...values) / 2) * 2);

export interface Extent {
  low: number;
  high: number;
  last: number | null;
}

/** null: nothing is known at all. */
export function extentOf(values: readonly (number | null)[]): Extent | null {
  const known = values.filter((v) => v !== null);
  if (known.length === 0) return null;
  return { low: Math.min(...known), high: Math.max(...known), last: values.at(-1) ?? null };
}
