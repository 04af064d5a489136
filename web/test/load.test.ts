// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Problem } from "../src/api/types";
import { failed, ready } from "../src/state/load";

const problem: Problem = { status: 503, code: "network", title: "no", detail: "", request_id: null, retry_after_s: null };

test("what was good last is remembered over several failures, and by nothing that never was", () => {
  const good = ready();
  assert.ok(good.state === "ready");
  const once = failed(good, problem);
  const twice = failed(once, problem);
  assert.deepEqual([once, twice].map((l) => l.state === "error" && l.goodAt), [good.at, good.at]);
  const never = failed({ state: "loading" }, problem);
  assert.equal(never.state === "error" && never.goodAt, null);
});
