// SPDX-License-Identifier: Apache-2.0
// What a WebSocket close code means for the person and for the next attempt. Pure.
import type { Problem } from "../api/types";
import { t, tMaybe } from "../i18n/i18n";

/**
 * retry: back-off; retry_fast: the server is coming back; retry_slow: it asked for mercy;
 * sign_in: the login is over; over: the desktop itself is; stay: only the person can decide to connect again.
 */
export type AfterClose = "retry" | "retry_fast" | "retry_slow" | "sign_in" | "over" | "stay";

const table: Record<number, AfterClose> = {
  1000: "stay",
  1001: "retry_fast",
  1006: "retry",
  1012: "retry_fast",
  1013: "retry_slow",
  4401: "sign_in",
  4403: "stay",
  4404: "over",
  4408: "stay",
  4409: "stay",
  4410: "over",
  4423: "stay",
  4429: "stay",
  4502: "retry",
};

export function afterClose(code: number): AfterClose {
  return table[code] ?? (code < 4000 ? "retry" : "stay");
}

const delaysMs = [500, 1000, 2000, 4000, 8000, 10_000];

/** Back-off of attempt n (from 1) with ±20 % jitter; `random` is in [0,1). */
export function backoffMs(after: AfterClose, attempt: number, random: number): number {
  const at = (i: number): number => delaysMs[Math.min(Math.max(i, 0), delaysMs.length - 1)] ?? 10_000;
  const base = after === "retry_fast" ? Math.min(at(attempt - 1), 2000) : after === "retry_slow" ? at(attempt + 2) : at(attempt - 1);
  return Math.round(base * (0.8 + 0.4 * random));
}

/** A refused ticket, spoken of as the close code that the socket would have had. */
export function closeCodeOfProblem(problem: Problem): number {
  switch (problem.code) {
    case "unauthenticated":
      return 4401;
    case "forbidden":
      return 4403;
    case "not_found":
      return 4404;
    case "ended":
      return 4410;
    case "rate_limited":
      return 1013;
    case "host_unreachable":
    case "engine_error":
    case "not_ready":
      return 4502;
    case "shutting_down":
      return 1012;
    case "network":
      return 1006;
    default:
      return problem.status >= 500 ? 1013 : 4502;
  }
}

export function closeText(code: number): string {
  const key = code === 1012 ? 1001 : code === 1005 ? 1006 : code;
  return tMaybe(`close.${key}`) ?? t("close.other", { code: String(code) });
}
