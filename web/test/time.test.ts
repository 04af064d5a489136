// SPDX-License-Identifier: Apache-2.0
import "./setup";
import assert from "node:assert/strict";
import { test } from "node:test";
import { locale } from "../src/i18n/i18n";
import { bytes, duration, stopwatch, timeLeft } from "../src/state/format";
import { idleLeft, warningAt } from "../src/desktop/warnings";
import { workedMs } from "../src/pages/stages";
import { endOf, mayExtend } from "../src/state/lease";
import { noteServerDate, serverNow } from "../src/state/clock";

const at = (ms: number): string => new Date(ms).toISOString();
const lease = (leftMs: number, wholeMs = 7_200_000) => ({
  deadline: at(1_000_000_000 + leftMs),
  ends_at: at(1_000_000_000 + leftMs + 60_000),
  ready_at: at(1_000_000_000 + leftMs - wholeMs),
});
const nowMs = 1_000_000_000;

test("from ten minutes up time is in words, below it counts seconds", () => {
  assert.equal(timeLeft(72 * 60_000), "1 h 12 min");
  assert.equal(timeLeft(600_000), "10 min");
  assert.equal(timeLeft(599_000), "9:59");
  assert.equal(timeLeft(61_000), "1:01");
  assert.equal(timeLeft(-5), "0:00");
});

test("durations use the largest useful units", () => {
  assert.equal(duration(9), "9 s");
  assert.equal(duration(1800), "30 min");
  assert.equal(duration(7200), "2 h");
  assert.equal(duration(5400), "1 h 30 min");
});

test("a stage shows tenths while it is short, in the reader's own notation", () => {
  assert.equal(stopwatch(840), "0.8 s");
  assert.equal(stopwatch(65_000), "1:05");
  locale.value = "de";
  assert.equal(stopwatch(840), "0,8 s");
  locale.value = "en";
});

test("warnings come at ten, five and one minute, and in the grace", () => {
  assert.equal(warningAt(lease(11 * 60_000), nowMs), "none");
  assert.equal(warningAt(lease(10 * 60_000), nowMs), "ten");
  assert.equal(warningAt(lease(5 * 60_000), nowMs), "five");
  assert.equal(warningAt(lease(60_000), nowMs), "one");
  assert.equal(warningAt(lease(-1000), nowMs), "grace");
});

test("a lease that began below a mark is not warned about it", () => {
  assert.equal(warningAt(lease(4 * 60_000, 5 * 60_000), nowMs), "none");
  assert.equal(warningAt(lease(8 * 60_000, 9 * 60_000), nowMs), "none");
  assert.equal(warningAt(lease(30_000, 5 * 60_000), nowMs), "one");
});

test("a session without a limit is never warned about", () => {
  assert.equal(warningAt({ deadline: null, ends_at: null, ready_at: null }, nowMs), "none");
});

test("the service of its machine ends a desktop before its lease does, and then more time does not help", () => {
  const serviced = (leftMs: number) => ({ ...lease(7_200_000), ready_at: at(nowMs - 3_600_000), notice: { message: "", ends_at: at(nowMs + leftMs) } });
  const extendable = { lease: { extension_s: 1800, extensions_used: 0, extensions_left: 4, hard_limit_at: null } };
  assert.equal(warningAt(serviced(5 * 60_000), nowMs), "five");
  assert.equal(endOf(serviced(1000)), at(nowMs + 1000));
  assert.equal(endOf({ ...serviced(1000), deadline: null }), at(nowMs + 1000));
  assert.ok(!mayExtend({ ...serviced(1000), ...extendable }));
  const later = serviced(9_000_000);
  assert.equal(endOf(later), later.deadline);
  assert.ok(mayExtend({ ...later, ...extendable }) && mayExtend({ deadline: null, notice: { message: "soon", ends_at: null }, ...extendable }));
});

test("the idle question comes two minutes before, and only with a limit", () => {
  const idle = (leftMs: number, limit = 900) => ({ idle: { limit_s: limit, deadline: at(nowMs + leftMs) } });
  assert.equal(idleLeft(idle(121_000), nowMs), null);
  assert.equal(idleLeft(idle(119_000), nowMs), 119_000);
  assert.equal(idleLeft(idle(59_000, 60), nowMs), null);
  assert.equal(idleLeft(idle(1000, 0), nowMs), null);
});

test("the clock follows the server and prefers the sample with the shorter way", () => {
  const perf = performance.now();
  noteServerDate(at(5_000_000), perf - 100, perf);
  assert.ok(Math.abs(serverNow() - 5_000_050) < 100);
  noteServerDate(at(9_000_000), perf - 4000, perf);
  assert.ok(Math.abs(serverNow() - 5_000_050) < 100);
  noteServerDate(at(6_000_000), perf - 10, perf);
  assert.ok(Math.abs(serverNow() - 6_000_005) < 100);
});

test("the time in the queue is not taken for a slow start", () => {
  const stage = (ended_at: string | null) => ({ name: "queued" as const, state: "done" as const, started_at: at(0), ended_at });
  const place = { position: 3, estimate_s: 60 };
  assert.equal(workedMs({ created_at: at(0), queue: place, stages: [stage(null)] }, 90_000), null);
  assert.equal(workedMs({ created_at: at(0), queue: null, stages: [stage(at(90_000))] }, 92_000), 2000);
  assert.equal(workedMs({ created_at: at(0), queue: null, stages: [] }, 2000), 2000);
});

test("an amount is not parted from its unit", () => {
  locale.value = "en";
  assert.equal(bytes(2_600_000_000), "2.6\u00a0GB");
});
