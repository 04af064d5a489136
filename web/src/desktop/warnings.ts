// SPDX-License-Identifier: Apache-2.0
// Which warning belongs to a time. Pure.
import type { Session } from "../api/types";
import { endOf } from "../state/lease";

export type Warning = "none" | "ten" | "five" | "one" | "grace";

const minute = 60_000;

/**
 * The warning at a server time. A lease that was short from the start is not warned about at a
 * mark that it never was above.
 */
export function warningAt(session: Pick<Session, "deadline" | "ends_at" | "ready_at" | "notice">, nowMs: number): Warning {
  const end = endOf(session);
  if (end === null) return "none";
  const deadline = Date.parse(end);
  const left = deadline - nowMs;
  if (left <= 0) return session.ends_at !== null && Date.parse(session.ends_at) > nowMs ? "grace" : "one";
  const whole = session.ready_at === null ? Infinity : deadline - Date.parse(session.ready_at);
  const passed = (mark: number): boolean => left <= mark && whole > mark;
  if (left <= minute) return "one";
  if (passed(5 * minute)) return "five";
  return passed(10 * minute) ? "ten" : "none";
}

const idleWarningMs = 2 * minute;

/** Milliseconds until the desktop stops for want of use, once that is near; else null. */
export function idleLeft(session: Pick<Session, "idle">, nowMs: number): number | null {
  if (session.idle.limit_s <= 0 || session.idle.deadline === null) return null;
  const left = Date.parse(session.idle.deadline) - nowMs;
  // A short limit would otherwise warn all the time.
  return left <= Math.min(idleWarningMs, session.idle.limit_s * 500) ? Math.max(0, left) : null;
}
