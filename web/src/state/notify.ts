// SPDX-License-Identifier: Apache-2.0
// Notifications of the browser: only if asked for, only for what somebody in another tab would miss.
import { effect, signal } from "@preact/signals";
import type { Session } from "../api/types";
import { t } from "../i18n/i18n";
import { desktopPath, navigate } from "../router";
import { displayName } from "./actions";
import { now } from "./clock";
import { prefs, setPref } from "./prefs";
import { mySessions, sessions } from "./sessions";
import { warningAt } from "../desktop/warnings";

export type Permission = "granted" | "denied" | "default" | "missing";

const read = (): Permission => (typeof Notification === "undefined" ? "missing" : Notification.permission);
export const permission = signal<Permission>(read());

/** Asks the browser if it has not been asked yet; whether notifications are on afterwards. */
export async function turnOn(): Promise<boolean> {
  if (read() === "default") await Notification.requestPermission().catch(() => undefined);
  permission.value = read();
  const on = permission.value === "granted";
  setPref("notifications", on);
  return on;
}

export function turnOff(): void {
  setPref("notifications", false);
}

/** The same tag replaces: several tabs with the same news show it once. */
function show(tag: string, title: string, body: string, session: Session): void {
  if (!prefs.peek().notifications || read() !== "granted" || !document.hidden) return;
  try {
    const shown = new Notification(title, { body, tag: `berth-${session.id}-${tag}`, icon: "/assets/icon.svg" });
    shown.onclick = () => {
      window.focus();
      navigate(desktopPath(session.id));
      shown.close();
    };
  } catch {
    // Some browsers offer the name and refuse the use.
  }
}

/** What was seen last of each of our own desktops: only a change is news. */
interface Seen {
  wasStarting: boolean;
  warning: string;
}

export function watchForNews(): void {
  const seen = new Map<string, Seen>();
  effect(() => {
    for (const session of sessions.value.values()) {
      if (!session.mine) continue;
      const before = seen.get(session.id);
      const isStarting = /^(queued|creating|starting|probing)$/.test(session.state);
      if (before?.wasStarting && session.state === "ready") {
        show("ready", t("notify.ready", { name: displayName(session) }), t("notify.ready_body"), session);
      }
      if (before?.wasStarting && session.state === "ended" && session.end?.reason === "failed") {
        show("ready", t("notify.failed", { name: displayName(session) }), session.end.message, session);
      }
      seen.set(session.id, { wasStarting: isStarting, warning: before?.warning ?? "none" });
    }
  });
  effect(() => {
    for (const session of mySessions.value) {
      const known = seen.get(session.id);
      if (!known || session.state !== "ready") continue;
      const warning = warningAt(session, now.value);
      if (warning === known.warning) continue;
      known.warning = warning;
      if (warning === "five") show("time", displayName(session), t("warn.left", { count: 5 }), session);
      if (warning === "one") show("time", displayName(session), t("warn.last"), session);
    }
  });
}
