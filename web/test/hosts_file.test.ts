// SPDX-License-Identifier: Apache-2.0
import "./setup";
import assert from "node:assert/strict";
import { test } from "node:test";
import type { FileHost } from "../src/api/host_types";
import { addChosen, canBeAdded, countOf, type Outcome } from "../src/state/hosts_file";

const item = (name: string, more: Partial<FileHost> = {}): FileHost => {
  const endpoint = `ssh://berth@${name}`;
  return { name, endpoint, problem: null, imported_as: null, host: { name, endpoint }, ...more };
};

test("only what has no problem and is not there yet can be added", () => {
  assert.deepEqual([item("a"), item("b", { problem: "no user" }), item("c", { imported_as: "c" })].map(canBeAdded), [true, false, false]);
});

test("hosts are added in turn; a key is asked for as long as another is shown, and a failure stops nobody else", async () => {
  const problem = { status: 409, code: "already_exists", title: "", detail: "", request_id: null, retry_after_s: null } as const;
  const answers: Record<string, Outcome[]> = {
    a: [{ state: "asked", type: "t", fingerprint: "1" }, { state: "asked", type: "t", fingerprint: "2" }, { state: "added", name: "a" }],
    b: [{ state: "not_added", problem }],
    c: [{ state: "asked", type: "t", fingerprint: "3" }],
  };
  const sent: [string, string | undefined][] = [];
  const told = new Map<number, string[]>();
  const last = new Map<number, Outcome>();
  await addChosen([item("a"), item("b"), item("c"), item("d")], [0, 1, 2], {
    add: (h) => {
      sent.push([h.name, h.accept_host_key]);
      return Promise.resolve(answers[h.name]?.shift() ?? { state: "left_out" });
    },
    confirm: (_, key) => Promise.resolve(key.fingerprint !== "3"),
    tell: (i, o) => {
      told.set(i, [...(told.get(i) ?? []), o.state]);
      last.set(i, o);
    },
  });
  assert.deepEqual(sent, [["a", undefined], ["a", "1"], ["a", "2"], ["b", undefined], ["c", undefined]]);
  assert.deepEqual(told.get(0), ["waiting", "adding", "asked", "adding", "asked", "adding", "added"]);
  assert.deepEqual([told.get(1)?.at(-1), told.get(2)?.at(-1), told.has(3)], ["not_added", "left_out", false]);
  assert.deepEqual(countOf(last.values()), { added: 1, missing: 2 });
});
