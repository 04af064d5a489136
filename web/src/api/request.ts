// SPDX-License-Identifier: Apache-2.0
// One fetch for every call. Failures are values: a Problem, never an exception.
import type { Problem } from "./types";
import { noteServerDate } from "../state/clock";

export type Answer<T> = { ok: true; status: number; value: T } | { ok: false; problem: Problem };

export interface RequestOptions {
  body?: unknown;
  idempotencyKey?: string;
  timeoutMs?: number;
  signal?: AbortSignal;
}

type Listener = (problem: Problem) => void;
let onUnauthenticated: Listener = () => undefined;

/** Called for every 401 except the one of a failed sign-in. */
export function setUnauthenticatedListener(listener: Listener): void {
  onUnauthenticated = listener;
}

export function networkProblem(detail: string): Problem {
  return { status: 0, code: "network", title: "No answer", detail, request_id: null, retry_after_s: null };
}

/** Reads a problem+json body; anything else becomes a problem of the same status. */
export function parseProblem(status: number, body: unknown, header: (name: string) => string | null): Problem {
  const b = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  const text = (v: unknown): string => (typeof v === "string" ? v : "");
  const key = b["host_key"] as Problem["host_key"] | undefined;
  const shown = typeof key?.fingerprint === "string" ? { host_key: { type: text(key.type), fingerprint: key.fingerprint } } : {};
  const retry = Number(b["retry_after_s"] ?? header("Retry-After") ?? NaN);
  return {
    status,
    code: (text(b["code"]) || fallbackCode(status)) as Problem["code"],
    title: text(b["title"]),
    detail: text(b["detail"]),
    request_id: text(b["request_id"]) || header("X-Request-Id"),
    retry_after_s: Number.isFinite(retry) ? retry : null,
    ...shown,
    ...(text(b["operator_detail"]) ? { operator_detail: text(b["operator_detail"]) } : {}),
    ...(Array.isArray(b["errors"]) ? { errors: (b["errors"] as unknown[]).filter(isFieldError) } : {}),
  };
}

function isFieldError(entry: unknown): entry is { pointer: string; detail: string } {
  const e = entry as { pointer?: unknown; detail?: unknown } | null;
  return typeof e?.pointer === "string" && typeof e.detail === "string";
}

function fallbackCode(status: number): Problem["code"] {
  if (status === 401) return "unauthenticated";
  if (status === 403) return "forbidden";
  if (status === 404) return "not_found";
  if (status === 429) return "rate_limited";
  return status >= 502 && status <= 504 ? "unavailable" : "internal";
}

/** What should be there and is no JSON throws; what explains an error may be anything. */
function parseBody(text: string, isAnswer: boolean): unknown {
  if (text === "") return null;
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (isAnswer) throw error;
    return null;
  }
}

/** Throws where the body is cut off while it is read: that is no answer. An error may come without a body. */
export async function readAnswer<T>(response: Response, path: string): Promise<Answer<T>> {
  const body = parseBody(await response.text(), response.ok);
  if (response.ok) return { ok: true, status: response.status, value: body as T };
  const problem = parseProblem(response.status, body, (name) => response.headers.get(name));
  if (response.status === 401 && path !== "/api/v1/login") onUnauthenticated(problem);
  return { ok: false, problem };
}

export async function request<T>(method: string, path: string, options: RequestOptions = {}): Promise<Answer<T>> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (options.body !== undefined) headers["Content-Type"] = "application/json";
  if (options.idempotencyKey) headers["Idempotency-Key"] = options.idempotencyKey;
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), options.timeoutMs ?? 15_000);
  options.signal?.addEventListener("abort", () => timeout.abort(), { once: true });
  const sentAt = performance.now();
  try {
    const response = await fetch(path, {
      method,
      headers,
      body: options.body === undefined ? null : JSON.stringify(options.body),
      credentials: "same-origin",
      cache: "no-store",
      signal: timeout.signal,
    });
    const answer = await readAnswer<T>(response, path);
    if (answer.ok) noteServerDate((answer.value as { now?: string } | null)?.now, sentAt, performance.now());
    return answer;
  } catch (cause) {
    return { ok: false, problem: networkProblem(cause instanceof Error ? cause.message : "") };
  } finally {
    clearTimeout(timer);
  }
}

/** 128 random bits; works on plain HTTP, where crypto.randomUUID does not exist. */
export function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}
