// SPDX-License-Identifier: Apache-2.0
// Who is signed in. A 401 anywhere leads to the sign-in page and back to where the person was.
import { signal } from "@preact/signals";
import { api } from "../api/client";
import { setUnauthenticatedListener } from "../api/request";
import type { Me, Problem } from "../api/types";
import { navigate, route } from "../router";
import { noteServerDate } from "./clock";
import { forgetHosts } from "./hosts";
import { forgetSessions } from "./sessions";
import { forgetThumbnails } from "./thumbnails";

export type Account =
  | { state: "unknown" }
  | { state: "signed_out" }
  | { state: "signed_in"; me: Me }
  | { state: "error"; problem: Problem };

export const account = signal<Account>({ state: "unknown" });

export const isStaff = (me: Me): boolean => me.role !== "user";

export async function loadAccount(): Promise<void> {
  const sentAt = performance.now();
  const answer = await api.me();
  if (answer.ok) {
    noteServerDate(answer.value.server.now, sentAt, performance.now());
    account.value = { state: "signed_in", me: answer.value };
  } else if (answer.problem.status !== 401 && account.value.state !== "signed_in") {
    account.value = { state: "error", problem: answer.problem };
  }
}

/** Whoever signs in next must find nothing of the one before. */
function leave(why: "expired" | "signed_out" | null): void {
  forgetThumbnails();
  forgetSessions();
  forgetHosts();
  account.value = { state: "signed_out" };
  if (route.value.page === "sign_in") return;
  const query = new URLSearchParams();
  const next = location.pathname + location.search;
  if (why !== "signed_out" && next !== "/") query.set("next", next);
  if (why) query.set("why", why);
  const text = query.toString();
  navigate(`/sign-in${text ? `?${text}` : ""}`, { replace: why !== "signed_out" });
}

/** Ask the person to sign in again; they return to this address. */
export function signInAgain(): void {
  leave("expired");
}

export async function signOut(): Promise<void> {
  await api.logout();
  leave("signed_out");
}

export function startAccount(): void {
  setUnauthenticatedListener(() => leave(account.value.state === "signed_in" ? "expired" : null));
}
