// SPDX-License-Identifier: Apache-2.0
// The server's time, seen from here. Measured against performance.now(), so that somebody who sets
// the local clock does not move a countdown.
import { signal } from "@preact/signals";

interface Sample {
  serverMs: number;
  atPerf: number;
  /** Half the round trip: how wrong the sample can be. */
  errorMs: number;
}

let best: Sample | null = null;
const maxSampleAgeMs = 5 * 60_000;

/** Takes a sample if it is better than the one we have, or that one is old. */
export function noteServerDate(iso: string | undefined, sentPerf: number, receivedPerf: number): void {
  const serverMs = iso ? Date.parse(iso) : NaN;
  if (!Number.isFinite(serverMs)) return;
  const errorMs = (receivedPerf - sentPerf) / 2;
  const old = best !== null && receivedPerf - best.atPerf > maxSampleAgeMs;
  if (best === null || old || errorMs <= best.errorMs) {
    best = { serverMs: serverMs + errorMs, atPerf: receivedPerf, errorMs };
  }
}

/** Forget what was measured, e.g. after the machine slept and performance.now() may have paused. */
export function distrustClock(): void {
  if (best) best = { ...best, errorMs: Number.MAX_VALUE };
}

export function serverNow(): number {
  return best ? best.serverMs + (performance.now() - best.atPerf) : Date.now();
}

/** The server's time, moving once a second; what every countdown reads. */
export const now = signal(serverNow());

export function startClock(): void {
  const tick = (): void => {
    now.value = serverNow();
    // Aim just behind the next full second, so that no second is skipped or shown twice.
    setTimeout(tick, 1000 - (now.value % 1000) + 5);
  };
  tick();
}
