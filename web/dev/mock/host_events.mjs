// SPDX-License-Identifier: Apache-2.0
// What happened to the hosts of the mock.
import { send } from "./answers.mjs";
import { iso } from "./world.mjs";

const minute = 60_000;
const event = (ago, type, more = {}) => ({ at: iso(Date.now() - ago * minute), type, session: null, from: "", to: "", actor: "", text: "", ...more });

const past = () => [
  event(3, "host.up", { from: "probation", to: "up" }),
  event(4, "host.down", { from: "up", to: "down", text: "Timed out after 10 s while connecting." }),
  event(9, "host.pulled", { actor: "root", text: "berth/kali:latest" }),
  event(12, "host.pull", { actor: "root", text: "berth/kali:latest" }),
  event(14, "host.pull_failed", { actor: "root", text: "berth/kali:latest: toomanyrequests: rate exceeded" }),
  event(31, "session.failed", { session: "d_0a1b2c3d4e5f6071", text: "the display did not come up within 30 s, while waiting" }),
  event(70, "host.mode", { actor: "root", text: "active" }),
  event(80, "host.drained", { from: "draining", to: "drained" }),
  event(90, "host.mode", { from: "active", to: "draining", actor: "root", text: "The room gets new machines." }),
  event(300, "host.key_accepted", { actor: "root", text: "ssh-ed25519 SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDXcr9cMr5TLSJuq0I" }),
  event(310, "host.changed", { actor: "root", text: "weight, labels" }),
  ...Array.from({ length: 6 }, (_, i) => event(1500 + i * 60, i % 2 ? "host.down" : "host.up", i % 2 ? { from: "up", to: "down", text: "Connection refused" } : { from: "down", to: "up" })),
  event(9000, "host.added", { actor: "root" }),
];

/** Newest first; what happens while the mock runs comes before. */
export function eventsOf({ world, response, url }, h) {
  const limit = Number(url.searchParams.get("limit") ?? 50);
  const mine = world.hostEvents.filter((e) => e.host === h.name).map(({ host, ...e }) => e);
  const all = [...mine.reverse(), ...(world.faults.host_events === "empty" ? [] : past())];
  send(response, 200, { items: all.slice(0, limit).map((e, i) => ({ seq: all.length - i, ...e })) });
}

export function note(world, host, type, more = {}) {
  world.hostEvents.push({ host, ...event(0, type, more) });
}
