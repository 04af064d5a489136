// SPDX-License-Identifier: Apache-2.0
// The test of a host, step by step where the server streams it, all at once where it does not.
import { EventParser } from "./event_parser";
import type { TestResult, TestStep } from "./host_types";
import { type Answer, networkProblem, parseProblem, readAnswer } from "./request";

interface Options {
  signal: AbortSignal;
  /** A server that says nothing for this long is given up. */
  quietMs: number;
}

/** The result that an event brings, if it is the last one. */
function take(type: string, data: string, onStep: (step: TestStep) => void): Answer<TestResult> | null {
  const value = JSON.parse(data) as unknown;
  if (type === "step") onStep(value as TestStep);
  if (type === "done") return { ok: true, status: 200, value: value as TestResult };
  if (type !== "problem") return null;
  const status = Number((value as { status?: unknown } | null)?.status) || 500;
  return { ok: false, problem: parseProblem(status, value, () => null) };
}

export async function testHost(path: string, onStep: (step: TestStep) => void, { signal, quietMs }: Options): Promise<Answer<TestResult>> {
  const leave = new AbortController();
  const onAbort = (): void => leave.abort();
  signal.addEventListener("abort", onAbort, { once: true });
  let timer = setTimeout(onAbort, quietMs);
  try {
    const response = await fetch(path, {
      method: "POST", headers: { Accept: "text/event-stream" }, credentials: "same-origin", cache: "no-store", signal: leave.signal,
    });
    if (!response.body || !/^text\/event-stream\b/.test(response.headers.get("Content-Type") ?? "")) return await readAnswer(response, path);
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    const parser = new EventParser();
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      clearTimeout(timer);
      timer = setTimeout(onAbort, quietMs);
      for (const event of parser.push(decoder.decode(piece.value, { stream: true }))) {
        const last = take(event.type, event.data, onStep);
        if (last) return last;
      }
    }
    return { ok: false, problem: networkProblem("the stream ended before the test did") };
  } catch (cause) {
    return { ok: false, problem: networkProblem(cause instanceof Error ? cause.message : "") };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
    leave.abort();
  }
}
