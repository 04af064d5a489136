// SPDX-License-Identifier: Apache-2.0
import "./setup";
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Host } from "../src/api/host_types";
import { locale } from "../src/i18n/i18n";
import { eventWords, isFailure } from "../src/state/event_words";
import { localTime } from "../src/state/format";
import { dropHost, hosts, putHost } from "../src/state/hosts";
import { limitOf, shownState, takesDesktops } from "../src/state/host_view";
import { extentOf, niceMax, runsOf } from "../src/state/plot";
import { atMostEvery, repeatWhileVisible } from "../src/state/repeat";

const host = (more: Partial<Host> = {}): Host => ({
  name: "atlas", endpoint: "ssh://berth@atlas.lab", state: "up", reason: null, engine: null, weight: 1, images: [],
  sessions: { used: 1, capacity: 4 }, creating: { used: 0, capacity: 2 }, last_check_at: null, ...more,
});

test("a degraded host still takes desktops, and is expected to be checked", () => {
  const nowMs = Date.parse("2026-01-01T12:00:00Z");
  assert.ok(takesDesktops("degraded") && !takesDesktops("stale"));
  assert.equal(limitOf(host({ state: "degraded" }), "degraded"), "none");
  assert.equal(shownState(host({ state: "degraded", last_check_at: "2026-01-01T11:50:00Z" }), nowMs), "stale");
});

test("an answer that an event has overtaken changes nothing, nor brings back what was removed", () => {
  putHost(host({ weight: 1 }));
  const asked = 0;
  putHost(host({ weight: 9 }), asked);
  assert.equal(hosts.value.get("atlas")?.weight, 1);
  dropHost("atlas");
  putHost(host(), asked);
  assert.equal(hosts.value.size, 0);
  putHost(host({ weight: 3 }));
  assert.equal(hosts.value.get("atlas")?.weight, 3);
});

const frame = { from: 0, to: 100, max: 1 };

test("a line is broken where nothing is known and where a reading is missing", () => {
  const points = [[0, 0], [10, 1], [20, null], [30, 0.5], [90, 0.5], [100, 2]].map(([at, value]) => ({ at: at ?? 0, value: value ?? null }));
  points[2] = { at: 20, value: null };
  const runs = runsOf(points, frame, 25);
  assert.deepEqual(runs.map((r) => r.line), ["M0 100L10 0", "M30 50h0", "M90 50L100 0"]);
  assert.equal(runs[0]?.area, "M0 100L0 100L10 0L10 100Z");
});

test("what lies outside of the frame is not drawn, and no frame divides by nothing", () => {
  assert.deepEqual(runsOf([{ at: -5, value: 1 }, { at: 105, value: 1 }], frame, 1000), []);
  assert.deepEqual(runsOf([{ at: 5, value: 1 }], { from: 5, to: 5, max: 0 }, 10).map((r) => r.line), ["M0 0h0"]);
});

test("a scale has room for the highest, and an extent knows only what is known", () => {
  assert.deepEqual([niceMax([]), niceMax([3]), niceMax([7]), niceMax([8])], [4, 4, 8, 8]);
  assert.deepEqual(extentOf([0.2, null, 0.8, null]), { low: 0.2, high: 0.8, last: null });
  assert.equal(extentOf([null]), null);
});

test("what happened is said in our words, in whichever member the server puts it", () => {
  locale.value = "en";
  const words = (type: string, more: { from?: string; to?: string; text?: string } = {}) => eventWords({ type, from: "", to: "", text: "", ...more });
  assert.deepEqual(words("host.down", { from: "up", to: "down", text: "refused" }), { title: "It does not answer any more", change: "Up → Down", detail: "refused" });
  assert.deepEqual(words("host.mode", { text: "draining" }), { title: "Use of the host", change: "Draining", detail: "" });
  assert.deepEqual(words("host.mode", { text: "active" }).change, "In use");
  assert.deepEqual(words("host.mode", { from: "active", to: "draining", text: "A new disk" }), { title: "Use of the host", change: "In use → Draining", detail: "A new disk" });
  assert.deepEqual(words("host.drained", { from: "draining", to: "drained" }), { title: "Draining → Drained", change: null, detail: "" });
  assert.deepEqual(words("session.container_gone", { from: "ready", to: "stopping", text: "out_of_memory" }), { title: "A desktop broke off", change: null, detail: "It ran out of memory." });
  assert.deepEqual(words("session.failed", { from: "creating", to: "queued", text: "creating: no space" }).detail, "creating: no space");
  assert.deepEqual(words("host.probation").title, "Recovering");
  assert.deepEqual(words("host.moved", { text: "to room 3" }), { title: "host.moved", change: null, detail: "to room 3" });
  assert.deepEqual(["session.failed", "host.pull_failed", "host.down"].map((type) => isFailure({ type })), [true, true, false]);
});

test("a time goes into a field of a form and comes back as the same minute", () => {
  for (const iso of ["2026-01-15T10:42:00.000Z", "2026-07-15T23:59:00.000Z"]) assert.equal(new Date(localTime(iso)).toISOString(), iso);
});

test("nothing is asked while nobody looks, at once when somebody does again, and never twice at a time", async () => {
  const page = Object.assign(new EventTarget(), { hidden: true }) as unknown as Document & { hidden: boolean };
  let runs = 0;
  let end = (): void => undefined;
  const stop = repeatWhileVisible(() => new Promise<void>((resolve) => { runs++; end = resolve; }), 3_600_000, page);
  const look = (): boolean => page.dispatchEvent(new Event("visibilitychange"));
  look();
  assert.equal(runs, 0);
  (page as { hidden: boolean }).hidden = false;
  look();
  look();
  assert.equal(runs, 1);
  end();
  await new Promise((resolve) => setImmediate(resolve));
  look();
  assert.equal(runs, 2);
  stop();
  end();
  await new Promise((resolve) => setImmediate(resolve));
  look();
  assert.equal(runs, 2);
});

test("many calls in a row are one at once and one at the end", async () => {
  let runs = 0;
  const done = new Promise<void>((resolve) => {
    const soon = atMostEvery(5, () => {
      if (++runs === 2) resolve();
    });
    for (let i = 0; i < 5; i++) soon();
    assert.equal(runs, 1);
  });
  await done;
});
