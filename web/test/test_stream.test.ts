// SPDX-License-Identifier: Apache-2.0
import "./setup";
import assert from "node:assert/strict";
import { test } from "node:test";
import { EventParser } from "../src/api/event_parser";
import type { TestStep } from "../src/api/host_types";
import { testHost } from "../src/api/test_stream";

const stream = ': hello\n\nevent: step\ndata: {"name":"tcp"}\n\nevent:done\r\ndata: {"a":\r\ndata: "ü"}\r\n\r\nevent: half\ndata: x\n';
const expected = [{ type: "step", data: '{"name":"tcp"}' }, { type: "done", data: '{"a":\n"ü"}' }];

test("events are the same however the text is cut", () => {
  for (let size = 1; size <= stream.length; size++) {
    const parser = new EventParser();
    const events = [];
    for (let at = 0; at < stream.length; at += size) events.push(...parser.push(stream.slice(at, at + size)));
    assert.deepEqual(events, expected, `in pieces of ${size}`);
  }
});

test("an event without data is none, and its type does not stick to the next", () => {
  assert.deepEqual(new EventParser().push("event: step\n\ndata: 1\n\n"), [{ type: "message", data: "1" }]);
});

async function run(body: string, type: string, status = 200, signal = new AbortController().signal) {
  const real = globalThis.fetch;
  const accepts: unknown[] = [];
  globalThis.fetch = (_, init) => {
    accepts.push((init?.headers as Record<string, string>)["Accept"]);
    return Promise.resolve(new Response(body, { status, headers: { "Content-Type": type } }));
  };
  const steps: TestStep[] = [];
  try {
    return { answer: await testHost("/test", (s) => steps.push(s), { signal, quietMs: 1000 }), steps, accepts };
  } finally {
    globalThis.fetch = real;
  }
}

const sse = "text/event-stream; charset=utf-8";

test("each step is told as it comes, and the end is the answer", async () => {
  const { answer, steps, accepts } = await run('event: step\ndata: {"name":"tcp"}\n\nevent: done\ndata: {"steps":[{"name":"tcp"}],"host":{"name":"juno"}}\n\n', sse);
  assert.deepEqual(steps.map((s) => s.name), ["tcp"]);
  assert.equal(answer.ok && answer.value.host.name, "juno");
  assert.deepEqual(accepts, ["text/event-stream"]);
});

test("a server that does not stream is understood too", async () => {
  const { answer, steps } = await run('{"steps":[{"name":"tcp"}],"host":{"name":"juno"}}', "application/json");
  assert.equal(answer.ok && answer.value.steps.length, 1);
  assert.deepEqual(steps, []);
  const refused = await run('{"code":"rate_limited"}', "application/problem+json", 429);
  assert.equal(refused.answer.ok ? "" : refused.answer.problem.code, "rate_limited");
});

test("a problem on the way, and an end without a last word, are failures", async () => {
  const failed = await run('event: problem\ndata: {"status":502,"code":"host_unreachable"}\n\n', sse);
  assert.deepEqual(failed.answer.ok ? null : [failed.answer.problem.code, failed.answer.problem.status], ["host_unreachable", 502]);
  const cut = await run('event: step\ndata: {"name":"tcp"}\n\n', sse);
  assert.equal(cut.answer.ok ? "taken for an answer" : cut.answer.problem.code, "network");
});
