// SPDX-License-Identifier: Apache-2.0
import "./setup";
import assert from "node:assert/strict";
import { test } from "node:test";
import { request } from "../src/api/request";

type Body = ConstructorParameters<typeof Response>[0];

async function answer(body: Body, status: number) {
  const real = globalThis.fetch;
  globalThis.fetch = () => Promise.resolve(new Response(body, { status }));
  try {
    return await request<unknown>("GET", "/api/v1/me");
  } finally {
    globalThis.fetch = real;
  }
}

/** A body that breaks off after its first bytes. */
const cutOff = (): ReadableStream =>
  new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('{"ticket":'));
      controller.error(new Error("the connection broke"));
    },
  });

test("an answer without a body is an answer", async () => {
  assert.deepEqual(await answer(null, 204), { ok: true, status: 204, value: null });
  assert.deepEqual(await answer('{"a":1}', 200), { ok: true, status: 200, value: { a: 1 } });
});

test("an answer that breaks off, or is no JSON, is none", async () => {
  for (const body of [cutOff(), '{"ticket":', "<html>"]) {
    const got = await answer(body, 201);
    assert.equal(got.ok ? "taken for an answer" : got.problem.code, "network");
  }
});

test("an error is one with whatever body", async () => {
  for (const body of ["", "<html>", '{"code":"rate_limited"}']) {
    const got = await answer(body, 429);
    assert.equal(got.ok ? "taken for an answer" : got.problem.code, "rate_limited");
  }
});
