// SPDX-License-Identifier: Apache-2.0
// Live updates: one event stream; where it fails, polling every ten seconds until it is back.
import { signal } from "@preact/signals";
import type { Host } from "../api/host_types";
import type { Session } from "../api/types";
import { account, loadAccount } from "./account";
import { type BrowserStream, openStream } from "./browser_stream";
import { distrustClock, noteServerDate } from "./clock";
import type { EventType, StreamListener } from "./event_stream";
import { dropHost, hostHeard, putHost } from "./hosts";
import { loadSessions, loadTemplates, putSession } from "./sessions";

export type LiveState = "connecting" | "live" | "polling" | "offline";
export const live = signal<LiveState>("connecting");

export const pollMs = 10_000;
const reopenMs = [1000, 2000, 5000, 10_000, 30_000];

/** What a page shows beside sessions and templates is fetched again with them. */
const refetchers = new Set<() => Promise<unknown>>();
export function onRefetch(load: () => Promise<unknown>): () => void {
  refetchers.add(load);
  return () => refetchers.delete(load);
}

let stream: BrowserStream | null = null;
let opened = 0;
let reopenTimer: ReturnType<typeof setTimeout> | undefined;
let pollTimer: ReturnType<typeof setInterval> | undefined;
let wanted = false;
let scope = "";

async function refetch(): Promise<void> {
  await Promise.all([loadSessions(), loadTemplates(), loadAccount(), ...[...refetchers].map((load) => load())]);
}

function parse<T>(data: string): T | null {
  try {
    return JSON.parse(data) as T;
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

function take(type: EventType, data: string): void {
  if (type === "reset") return void refetch();
  if (type === "hello") {
    // Only one way is measured, so this counts for little beside a real round trip.
    const hello = parse<{ now: string }>(data);
    if (hello) noteServerDate(hello.now, performance.now() - 2000, performance.now());
  } else if (type === "session") {
    const session = parse<Session>(data);
    if (session) putSession(session);
  } else if (type === "host_removed") {
    const gone = parse<{ name: string }>(data);
    if (gone) dropHost(gone.name);
  } else {
    const host = parse<Host>(data);
    if (!host) return;
    putHost(host);
    hostHeard.value = { name: host.name };
  }
}

function reopenLater(): void {
  const delay = reopenMs[Math.min(opened++, reopenMs.length - 1)] ?? 30_000;
  reopenTimer = setTimeout(() => {
    if (wanted) void loadAccount().then(() => account.value.state === "signed_in" && open());
  }, delay);
}

function open(): void {
  clearTimeout(reopenTimer);
  stream?.close();
  const who = account.value.state === "signed_in" ? account.value.me.id : "";
  const listener: StreamListener = {
    opened: (missed) => {
      // What was fetched before the first stream was open may be out of date by now, too.
      const wasDeaf = live.peek() !== "live";
      live.value = "live";
      opened = 0;
      stopPolling();
      if (missed || wasDeaf) void refetch();
    },
    broken: (refused) => {
      startPolling();
      if (refused) reopenLater();
    },
    event: take,
  };
  stream = openStream(scope, who, listener);
}

export function startLive(all = false): void {
  const nextScope = all ? "?scope=all" : "";
  if (wanted && scope === nextScope && stream && live.peek() !== "polling") return;
  wanted = true;
  scope = nextScope;
  open();
}

export function stopLive(): void {
  wanted = false;
  clearTimeout(reopenTimer);
  stopPolling();
  stream?.close();
  stream = null;
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
      return;
    }
    stream?.check();
    if (wanted && Date.now() - hiddenAt > 60_000) {
      distrustClock();
      void refetch();
    }
  });
}
