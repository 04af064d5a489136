// SPDX-License-Identifier: Apache-2.0
// What buttons do: call, take the answer into the store, say what happened.
import { api, type StartOptions } from "../api/client";
import type { Problem, Session } from "../api/types";
import { t } from "../i18n/i18n";
import { desktopPath, navigate } from "../router";
import { announce, toast } from "../ui/messages";
import { problemText } from "../ui/problem";
import { loadAccount } from "./account";
import { clockTime } from "./format";
import { putSession } from "./sessions";

export const displayName = (s: Pick<Session, "name" | "title" | "template">): string => s.name || s.title || s.template;

/** Starts one and goes to its page; on failure the problem is returned for the place of the click. */
export async function startDesktop(options: StartOptions): Promise<Problem | null> {
  const answer = await api.start(options);
  if (!answer.ok) return answer.problem;
  putSession(answer.value);
  void loadAccount();
  navigate(desktopPath(answer.value.id));
  return null;
}

export async function extendSession(session: Session): Promise<boolean> {
  const answer = await api.extend(session.id);
  if (!answer.ok) {
    const text = answer.problem.code === "quota_exceeded" ? t("warn.no_extension") : problemText(answer.problem);
    toast(`${t("extend.failed")} ${text}`, { kind: "error" });
    return false;
  }
  putSession(answer.value);
  if (answer.value.deadline) {
    const text = t("card.extended", { time: clockTime(answer.value.deadline) });
    toast(text);
    announce(text);
  }
  return true;
}

export async function stopSession(id: string): Promise<Problem | null> {
  const answer = await api.stop(id);
  if (!answer.ok) return answer.problem;
  putSession(answer.value);
  void loadAccount();
  return null;
}
