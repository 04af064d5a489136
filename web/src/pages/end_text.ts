// SPDX-License-Identifier: Apache-2.0
// Why a desktop ended, in the reader's language.
import type { Session } from "../api/types";
import { t } from "../i18n/i18n";

const bad = new Set(["failed", "container_died", "out_of_memory", "removed_outside", "host_lost"]);
/** Here the server has more to say than the reason: an administrator's message, the cause of a failure. */
const saysMore = new Set(["admin_request", "failed"]);

/** Whether it ended though nobody and no rule wanted it. */
export const isBadEnd = (session: Session): boolean => bad.has(session.end?.reason ?? "");

export function endSentence(session: Session): string {
  const reason = session.end?.reason ?? "owner_request";
  return reason === "owner_request" && !session.mine ? t("end.by_owner") : t(`end.${reason}`);
}

/** The server's own words where they are more than the reason; else nothing. */
export function endMore(session: Session): string {
  const { end, notice } = session;
  // What people were told beforehand is what they know it by.
  if (end?.reason === "host_maintenance") return notice?.message ?? "";
  return end && saysMore.has(end.reason) ? end.message : "";
}
