// SPDX-License-Identifier: Apache-2.0
// Time as people read it. Pure; the words come from the message files.
import { region, t } from "../i18n/i18n";

/** "1 h 12 min" from ten minutes up, "9:59" below. Never negative. */
export function timeLeft(ms: number): string {
  const s = Math.max(0, Math.ceil(ms / 1000));
  if (s < 600) return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
  return duration(s);
}

/** Whole minutes and hours, seconds only below one minute. */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return t("time.seconds", { n: s });
  const minutes = Math.floor(s / 60);
  if (minutes < 60) return t("time.minutes", { n: minutes });
  const hours = Math.floor(minutes / 60);
  if (hours < 48) {
    return minutes % 60 === 0
      ? t("time.hours", { n: hours })
      : t("time.hours_minutes", { h: hours, m: minutes % 60 });
  }
  return t("time.days", { n: Math.floor(hours / 24) });
}

/** For screen readers: no colon, which some of them read as a time of day. */
export function timeLeftSpoken(ms: number): string {
  const s = Math.max(0, Math.ceil(ms / 1000));
  if (s < 60) return t("spoken.seconds", { count: s });
  return t("spoken.minutes", { count: Math.round(s / 60) });
}

/** "0.8 s", "12 s", "1:05": how long a stage took. */
export function stopwatch(ms: number): string {
  const s = Math.max(0, ms) / 1000;
  if (s < 10) return t("time.seconds", { n: s.toLocaleString(region.value, { maximumFractionDigits: 1, minimumFractionDigits: 1 }) });
  if (s < 60) return t("time.seconds", { n: Math.round(s) });
  return `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, "0")}`;
}

export function clockTime(iso: string | number): string {
  return new Date(iso).toLocaleTimeString(region.value, { hour: "2-digit", minute: "2-digit" });
}

/** The time of day, with the date unless that is today's. */
export function timeOrDate(iso: string, nowMs: number): string {
  const time = new Date(iso);
  if (time.toDateString() === new Date(nowMs).toDateString()) return clockTime(iso);
  return time.toLocaleString(region.value, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
}

export function dateTime(iso: string): string {
  return new Date(iso).toLocaleString(region.value, { dateStyle: "medium", timeStyle: "short" });
}

/** As a field of the kind datetime-local has it: this browser's own time, to the minute. */
export function localTime(iso: string): string {
  const time = new Date(iso);
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

export function bytes(n: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let i = 0;
  while (n >= 1000 && i < units.length - 1) {
    n /= 1000;
    i++;
  }
  // Not to be parted from its unit at the end of a line.
  return `${n.toLocaleString(region.value, { maximumFractionDigits: n < 10 ? 1 : 0 })}\u00a0${units[i]}`;
}
