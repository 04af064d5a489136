// SPDX-License-Identifier: Apache-2.0
import { useEffect } from "preact/hooks";
import type { Session } from "../api/types";
import { t } from "../i18n/i18n";
import { displayName } from "../state/actions";
import { timeLeft } from "../state/format";
import { msLeft, urgency } from "../ui/time_left";

/** The tab says whose it is and how long it lasts: "Kali · 12:34 left". */
export function useSessionTitle(session: Session): void {
  const ms = msLeft(session);
  const name = displayName(session);
  const left = ms === null ? "" : ` · ${t("card.time_left", { time: timeLeft(ms) })}`;
  const title = `${urgency(ms) === "calm" ? "" : "⚠ "}${name}${left}`;
  useEffect(() => {
    document.title = title;
  }, [title]);
}
