// SPDX-License-Identifier: Apache-2.0
import type { Session } from "../api/types";
import { t } from "../i18n/i18n";
import { now } from "../state/clock";
import { dateTime, timeLeft } from "../state/format";
import { endOf } from "../state/lease";

/** Milliseconds to the session's end; null where there is none. */
export function msLeft(session: Session): number | null {
  const end = endOf(session);
  return end === null ? null : Date.parse(end) - now.value;
}

export type Urgency = "calm" | "soon" | "now";
export function urgency(ms: number | null): Urgency {
  if (ms === null || ms > 10 * 60_000) return "calm";
  return ms > 60_000 ? "soon" : "now";
}

/** "1 h 12 min left", exact end on hover; not announced every second. */
export function TimeLeft({ session, bare = false }: { session: Session; bare?: boolean }) {
  const ms = msLeft(session);
  const end = endOf(session);
  if (ms === null || end === null) return <span class="time-left">{bare ? "∞" : t("card.no_end")}</span>;
  const text = timeLeft(ms);
  return (
    <time class={`time-left time-${urgency(ms)}`} dateTime={end} title={dateTime(end)} data-testid="countdown">
      {bare ? text : t("card.time_left", { time: text })}
    </time>
  );
}

/** A thin bar under the words; the words carry the meaning. */
export function TimeBar({ session, totalS }: { session: Session; totalS: number }) {
  const ms = msLeft(session);
  if (ms === null || totalS <= 0) return null;
  const share = Math.max(0, Math.min(1, ms / (totalS * 1000)));
  return (
    <svg class={`time-bar time-${urgency(ms)}`} viewBox="0 0 100 3" preserveAspectRatio="none" aria-hidden="true" focusable="false">
      <rect class="time-bar-track" width="100" height="3" />
      <rect class="time-bar-fill" width={share * 100} height="3" />
    </svg>
  );
}
