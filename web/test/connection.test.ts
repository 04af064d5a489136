// SPDX-License-Identifier: Apache-2.0
import "./setup";
import assert from "node:assert/strict";
import { test } from "node:test";
import { afterClose, backoffMs, closeCodeOfProblem, closeText } from "../src/desktop/close_codes";
import { parseProblem } from "../src/api/request";

test("a broken network, a restarting server and a lost host are tried again", () => {
  assert.equal(afterClose(1006), "retry");
  assert.equal(afterClose(1001), "retry_fast");
  assert.equal(afterClose(1012), "retry_fast");
  assert.equal(afterClose(1013), "retry_slow");
  assert.equal(afterClose(4502), "retry");
});

test("what the person or the server ended is not tried again", () => {
  for (const code of [1000, 4403, 4408, 4409, 4423, 4429]) assert.equal(afterClose(code), "stay", String(code));
  for (const code of [4404, 4410]) assert.equal(afterClose(code), "over", String(code));
  assert.equal(afterClose(4401), "sign_in");
});

test("an unknown private code leaves the choice to the person, an unknown protocol code retries", () => {
  assert.equal(afterClose(4999), "stay");
  assert.equal(afterClose(1011), "retry");
});

test("the back-off is 0.5, 1, 2, 4, 8, then 10 seconds", () => {
  const middle = [1, 2, 3, 4, 5, 6, 7, 50].map((n) => backoffMs("retry", n, 0.5));
  assert.deepEqual(middle, [500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000]);
});

test("jitter stays within a fifth", () => {
  assert.equal(backoffMs("retry", 3, 0), 1600);
  assert.ok(backoffMs("retry", 3, 0.999999) <= 2400);
});

test("a busy server is asked slowly and a restarting one never waits long", () => {
  assert.ok(backoffMs("retry_slow", 1, 0.5) >= 4000);
  assert.equal(backoffMs("retry_fast", 20, 0.5), 2000);
});

test("every close code of the contract has a sentence of its own", () => {
  const codes = [1000, 1001, 1006, 1013, 4401, 4403, 4404, 4408, 4409, 4410, 4423, 4429, 4502];
  const sentences = codes.map(closeText);
  assert.equal(new Set(sentences).size, codes.length);
  assert.equal(closeText(1012), closeText(1001));
  assert.match(closeText(4777), /4777/);
});

test("a refused ticket is read as the close code it stands for", () => {
  const problem = (status: number, code: string) => parseProblem(status, { code }, () => null);
  assert.equal(closeCodeOfProblem(problem(401, "unauthenticated")), 4401);
  assert.equal(closeCodeOfProblem(problem(404, "not_found")), 4404);
  assert.equal(closeCodeOfProblem(problem(409, "ended")), 4410);
  assert.equal(closeCodeOfProblem(problem(503, "unavailable")), 1013);
});

test("a problem keeps its code, its request id and its Retry-After", () => {
  const header = (name: string): string | null => ({ "Retry-After": "20", "X-Request-Id": "r1" })[name] ?? null;
  const problem = parseProblem(429, { code: "rate_limited", detail: "slow down" }, header);
  assert.equal(problem.code, "rate_limited");
  assert.equal(problem.retry_after_s, 20);
  assert.equal(problem.request_id, "r1");
});

test("an answer that is no problem document becomes one", () => {
  assert.equal(parseProblem(502, "<html>", () => null).code, "unavailable");
  assert.equal(parseProblem(404, null, () => null).code, "not_found");
  assert.equal(parseProblem(500, [1], () => null).retry_after_s, null);
});
