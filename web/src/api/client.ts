// SPDX-License-Identifier: Apache-2.0
// The calls of the native API that the pages make.
import type { Me, Session, Template, Ticket } from "./types";
import { type Answer, randomKey, request } from "./request";

const v1 = "/api/v1";
const sessionPath = (id: string): string => `${v1}/sessions/${encodeURIComponent(id)}`;

export interface StartOptions {
  template: string;
  name?: string;
  resolution?: string;
  slot?: string;
}

export interface Page<T> {
  items: T[];
  next: string | null;
}

export const api = {
  login: (username: string, password: string): Promise<Answer<null>> =>
    request("POST", `${v1}/login`, { body: { username, password } }),
  logout: (): Promise<Answer<null>> => request("POST", `${v1}/logout`),
  me: (): Promise<Answer<Me>> => request("GET", `${v1}/me`),
  templates: (): Promise<Answer<{ items: Template[] }>> => request("GET", `${v1}/templates`),

  sessions: (owner: "me" | "all" = "me"): Promise<Answer<Page<Session>>> =>
    request("GET", `${v1}/sessions?state=live&owner=${owner}`),
  session: (id: string): Promise<Answer<Session>> => request("GET", sessionPath(id)),
  /** A key of its own per intent: a repeated click or a retry after a lost answer starts nothing twice. */
  start: (options: StartOptions, idempotencyKey = randomKey()): Promise<Answer<Session>> =>
    request("POST", `${v1}/sessions`, { body: options, idempotencyKey, timeoutMs: 30_000 }),
  extend: (id: string): Promise<Answer<Session>> => request("POST", `${sessionPath(id)}/extend`, { body: {} }),
  stop: (id: string): Promise<Answer<Session>> => request("DELETE", sessionPath(id)),
  ticket: (id: string, endpoint: string, rights: "control" | "view"): Promise<Answer<Ticket>> =>
    request("POST", `${sessionPath(id)}/ticket`, { body: { endpoint, rights } }),
  logs: (id: string): Promise<Answer<{ lines: string[] }>> => request("GET", `${sessionPath(id)}/logs?tail=200`),
};
