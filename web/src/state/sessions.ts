// SPDX-License-Identifier: Apache-2.0
// The sessions this page knows: fetched, then kept up to date by events.
import { computed, type Signal, signal } from "@preact/signals";
import { api } from "../api/client";
import type { Problem, Session, Template } from "../api/types";
import { failed, type Load, ready } from "./load";
import { forgetThumbnail } from "./thumbnails";

export const sessions = signal<ReadonlyMap<string, Session>>(new Map());
export const sessionsLoad = signal<Load>({ state: "loading" });
/** Those of everyone, for staff. */
export const allSessionsLoad = signal<Load>({ state: "loading" });
export const templates = signal<Template[] | null>(null);
export const templatesLoad = signal<Load>({ state: "loading" });

/** Own sessions that are not over, the newest first. */
export const mySessions = computed(() =>
  [...sessions.value.values()]
    .filter((s) => s.mine && s.state !== "ended")
    .sort((a, b) => b.created_at.localeCompare(a.created_at)),
);

/** Takes each view unless a newer one is already here (events and answers may cross). */
function putSessions(list: readonly Session[]): void {
  const next = new Map(sessions.value);
  const newer = list.filter((session) => (next.get(session.id)?.now ?? "") <= session.now);
  if (newer.length === 0) return;
  for (const session of newer) {
    next.set(session.id, session);
    if (session.state === "ended") forgetThumbnail(session.id);
  }
  sessions.value = next;
}

export const putSession = (session: Session): void => putSessions([session]);

async function take(owner: "me" | "all", load: Signal<Load>): Promise<void> {
  const answer = await api.sessions(owner);
  if (!answer.ok) {
    load.value = failed(load.value, answer.problem);
    return;
  }
  const live = new Set(answer.value.items.map((s) => s.id));
  putSessions(answer.value.items);
  // One that is no longer listed ended while we were not listening: its own view says why.
  for (const [id, s] of sessions.value) if ((owner === "all" || s.mine) && s.state !== "ended" && !live.has(id)) void loadSession(id);
  load.value = ready();
}

export const loadSessions = (): Promise<void> => take("me", sessionsLoad);
export const loadAllSessions = (): Promise<void> => take("all", allSessionsLoad);

export async function loadTemplates(): Promise<void> {
  const answer = await api.templates();
  if (answer.ok) {
    templates.value = answer.value.items;
    templatesLoad.value = ready();
  } else {
    templatesLoad.value = failed(templatesLoad.value, answer.problem);
  }
}

export function forgetSessions(): void {
  sessions.value = new Map();
  sessionsLoad.value = { state: "loading" };
  allSessionsLoad.value = { state: "loading" };
  templates.value = null;
  templatesLoad.value = { state: "loading" };
}

function dropSession(id: string): void {
  const next = new Map(sessions.value);
  if (next.delete(id)) sessions.value = next;
}

/** Fetches one session; the problem if that failed. */
export async function loadSession(id: string): Promise<Problem | null> {
  const answer = await api.session(id);
  if (!answer.ok) {
    if (answer.problem.status === 404) dropSession(id);
    return answer.problem;
  }
  putSession(answer.value);
  return null;
}

export function templateOf(session: Session): Template | undefined {
  return templates.value?.find((x) => x.name === session.template);
}
