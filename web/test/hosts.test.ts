// SPDX-License-Identifier: Apache-2.0
import "./setup";
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Host } from "../src/api/host_types";
import { parseProblem } from "../src/api/request";
import { labelsText, limitOf, matchesHost, parseLabels, remoteCommands, share, shownState, suggestedName } from "../src/state/host_view";
import { nearestEdge } from "../src/desktop/bar_drag";

const nowMs = Date.parse("2026-01-01T12:00:00Z");
const checkedAgo = (s: number): string => new Date(nowMs - s * 1000).toISOString();

const host = (more: Partial<Host> = {}): Host => ({
  name: "atlas", endpoint: "ssh://berth@atlas.lab", state: "up", reason: null, engine: null, weight: 1, images: [],
  sessions: { used: 1, capacity: 4 }, creating: { used: 0, capacity: 2 }, last_check_at: checkedAgo(5), ...more,
});

test("a host is stale only if it is expected to be checked, and never down because of that", () => {
  assert.equal(shownState(host(), nowMs), "up");
  assert.equal(shownState(host({ last_check_at: checkedAgo(90) }), nowMs), "up");
  assert.equal(shownState(host({ last_check_at: checkedAgo(91) }), nowMs), "stale");
  assert.equal(shownState(host({ state: "down", last_check_at: checkedAgo(500) }), nowMs), "down");
  assert.equal(shownState(host({ state: "maintenance", last_check_at: checkedAgo(500) }), nowMs), "maintenance");
  assert.equal(shownState(host({ state: "unknown", last_check_at: null }), nowMs), "never");
});

test("the first thing that is full is what keeps a host from taking one more", () => {
  assert.equal(limitOf(host(), "up"), "none");
  assert.equal(limitOf(host(), "stale"), "state");
  assert.equal(limitOf(host({ sessions: { used: 4, capacity: 4 } }), "up"), "sessions");
  assert.equal(limitOf(host({ sessions: { used: 4, capacity: 0 } }), "up"), "none");
  assert.equal(limitOf(host({ memory: { used_bytes: 8, capacity_bytes: 8 } }), "up"), "memory");
  assert.equal(limitOf(host({ cpus: { used: 8, capacity: 8 } }), "probation"), "cpus");
  assert.equal(limitOf(host({ creating: { used: 2, capacity: 2 } }), "up"), "creating");
  assert.equal(share(5, 0), null);
  assert.equal(share(9, 3), 1);
});

test("hosts are found by name, address, state and label", () => {
  const juno = host({ name: "juno", labels: { gpu: "yes" } });
  for (const query of ["", "JUN", "atlas.lab", "gpu=yes", "up gpu"]) assert.ok(matchesHost(juno, query), query);
  assert.ok(!matchesHost(juno, "gpu=no"));
});

test("labels are read and written the same", () => {
  assert.deepEqual(parseLabels("gpu=yes, room = 3,fast"), { gpu: "yes", room: "3", fast: "" });
  assert.equal(parseLabels("=3"), null);
  assert.deepEqual(parseLabels(labelsText({ a: "1", b: "" })), { a: "1", b: "" });
});

test("the commands for the other machine never carry more of an address than a plain user name", () => {
  const commands = remoteCommands("ssh://eve;reboot@machine", "ssh-ed25519 AAAA it's").join("\n");
  assert.doesNotMatch(commands, /reboot/);
  assert.match(commands, /adduser .* berth/);
  assert.ok(commands.includes("it'\\''s"));
  assert.match(remoteCommands("ssh://ci@machine:2222", null).join("\n"), /usermod -aG docker ci/);
  assert.ok(!remoteCommands("ssh://root@machine", "k").join("\n").includes("adduser"));
});

test("a name is suggested from an address", () => {
  assert.equal(suggestedName("ssh://berth@Juno.lab.example:22"), "juno");
  assert.equal(suggestedName("nonsense"), "");
});

test("the key that a machine showed is part of the problem", () => {
  const problem = parseProblem(409, { code: "host_key_unknown", host_key: { type: "ssh-ed25519", fingerprint: "SHA256:x" } }, () => null);
  assert.deepEqual(problem.host_key, { type: "ssh-ed25519", fingerprint: "SHA256:x" });
  assert.deepEqual(parseProblem(400, { errors: [{ pointer: "/name", detail: "bad" }, 7] }, () => null).errors, [{ pointer: "/name", detail: "bad" }]);
  assert.equal(parseProblem(409, { host_key: "odd" }, () => null).host_key, undefined);
});

test("the bar goes to the edge that its handle is let go at", () => {
  assert.equal(nearestEdge(640, 5, 1280, 800), "top");
  assert.equal(nearestEdge(640, 780, 1280, 800), "bottom");
  assert.equal(nearestEdge(30, 400, 1280, 800), "left");
  assert.equal(nearestEdge(1250, 300, 1280, 800), "right");
});

test("in a small window too, and when the pointer has left it", () => {
  assert.equal(nearestEdge(10, 128, 320, 256), "left");
  assert.equal(nearestEdge(310, 128, 320, 256), "right");
  assert.equal(nearestEdge(160, 250, 320, 256), "bottom");
  assert.equal(nearestEdge(-40, 100, 320, 480), "left");
  assert.equal(nearestEdge(900, 400, 320, 480), "right");
  assert.equal(nearestEdge(160, 700, 320, 480), "bottom");
});
