// SPDX-License-Identifier: Apache-2.0
// Live updates: one event stream; where it fails, polling every ten seconds until it is back.
import { signal } from "@preact/signals";
import type { Host, Session } from "../api/types";
import { account, loadAccount } from "./account";
import { distrustClock, noteServerDate } from "./clock";
import { loadSessions, loadTemplates, putSession } from "./sessions";

export type LiveState = "connecting" | "live" | "polling" | "offline";
export const live = signal<LiveState>("connecting");

export const pollMs = 10_000;
const reopenMs = [1000, 2000, 5000, 10_000, 30_000];

const hostListeners = new Set<(host: Host) => void>();
export function onHostEvent(listener: (host: Host) => void): () => void {
  hostListeners.add(listener);
  return () => hostListeners.delete(listener);
}

let source: EventSource | null = null;
let opened = 0;
let reopenTimer: ReturnType<typeof setTimeout> | undefined;
let pollTimer: ReturnType<typeof setInterval> | undefined;
let wanted = false;
let scope = "";

async function refetch(): Promise<void> {
  await Promise.all([loadSessions(), loadTemplates(), loadAccount()]);
}

function parse<T>(event: MessageEvent<string>): T | null {
  try {
    return JSON.parse(event.data) as T;
  } catch {
    return null;
  }
}

function startPolling(): void {
  live.value = navigator.onLine ? "polling" : "offline";
  pollTimer ??= setInterval(() => void refetch(), pollMs);
}

function stopPolling(): void {
  clearInterval(pollTimer);
  pollTimer = undefined;
}

function open(): void {
  clearTimeout(reopenTimer);
  source?.close();
  const es = new EventSource(`/api/v1/events${scope}`);
  source = es;
  es.onopen = () => {
    const missed = live.peek() === "polling" || live.peek() === "offline";
    live.value = "live";
    opened = 0;
    stopPolling();
    if (missed) void refetch();
  };
  es.onerror = () => {
    if (source !== es) return;
    startPolling();
    // The browser retries a broken stream itself; after a refusal it never does.
    if (es.readyState === EventSource.CLOSED) {
      const delay = reopenMs[Math.min(opened++, reopenMs.length - 1)] ?? 30_000;
      reopenTimer = setTimeout(() => {
        if (wanted) void loadAccount().then(() => account.value.state === "signed_in" && open());
      }, delay);
    }
  };
  es.addEventListener("hello", (e: MessageEvent<string>) => {
    // Only one way is measured, so this counts for little beside a real round trip.
    const hello = parse<{ now: string }>(e);
    if (hello) noteServerDate(hello.now, performance.now() - 2000, performance.now());
  });
  es.addEventListener("session", (e: MessageEvent<string>) => {
    const session = parse<Session>(e);
    if (session) putSession(session);
  });
  es.addEventListener("host", (e: MessageEvent<string>) => {
    const host = parse<Host>(e);
    if (host) for (const listener of hostListeners) listener(host);
  });
  es.addEventListener("reset", () => void refetch());
}

export function startLive(all = false): void {
  const nextScope = all ? "?scope=all" : "";
  if (wanted && scope === nextScope && source && source.readyState !== EventSource.CLOSED) return;
  wanted = true;
  scope = nextScope;
  open();
}

export function stopLive(): void {
  wanted = false;
  clearTimeout(reopenTimer);
  stopPolling();
  source?.close();
  source = null;
  live.value = "connecting";
}

export function watchNetwork(): void {
  window.addEventListener("online", () => {
    if (wanted) open();
  });
  window.addEventListener("offline", () => {
    if (wanted) live.value = "offline";
  });
  let hiddenAt = 0;
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      hiddenAt = Date.now();
    } else if (wanted && Date.now() - hiddenAt > 60_000) {
      distrustClock();
      void refetch();
    }
  });
}
