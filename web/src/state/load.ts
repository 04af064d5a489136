// SPDX-License-Identifier: Apache-2.0
// How it stands with something that is fetched.
import type { Problem } from "../api/types";
import { now } from "./clock";

export type Load =
  | { state: "loading" }
  | { state: "ready"; at: number }
  /** `goodAt`: of what is still shown; null = nothing is. */
  | { state: "error"; problem: Problem; goodAt: number | null };

export const ready = (): Load => ({ state: "ready", at: now.peek() });

export function failed(before: Load, problem: Problem): Load {
  const goodAt = before.state === "ready" ? before.at : before.state === "error" ? before.goodAt : null;
  return { state: "error", problem, goodAt };
}
