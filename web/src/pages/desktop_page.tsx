// SPDX-License-Identifier: Apache-2.0
// /desktops/{id}: one address for the whole life of a desktop, from the first stage to the end.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Problem, Session } from "../api/types";
import { t } from "../i18n/i18n";
import { desktopPath, rewriteUrl } from "../router";
import { live } from "../state/live";
import { loadSession, sessions } from "../state/sessions";
import { Loading } from "../ui/loading";
import { Ended } from "./ended";
import { DesktopNotFound } from "./errors";
import { FailedStart, Starting } from "./starting";
import { Shell } from "./shell";
import { WebDesktop } from "./web_desktop";
import { isWeb } from "./session_card";
import { ProblemNotice } from "../ui/problem";
import { Viewer } from "../desktop/viewer";

const pollStartingMs = 2000;
const pollQuietMs = 10_000;

/** Asks for the session by itself while no events come of it: of somebody else's none are sent here. */
function usePolling(id: string, session: Session | undefined): void {
  const ended = session?.state === "ended";
  const interval = session?.state === "ready" ? pollQuietMs : pollStartingMs;
  const eventsWork = live.value === "live" && session?.mine !== false;
  useEffect(() => {
    if (ended || eventsWork) return undefined;
    const timer = setInterval(() => void loadSession(id), interval);
    return () => clearInterval(timer);
  }, [id, ended, eventsWork, interval]);
}

/** Which address belongs to which state, so that a reload or a bookmark shows the same page. */
function useAddress(session: Session | undefined): void {
  const state = session?.state;
  useEffect(() => {
    if (!session) return;
    rewriteUrl(state === "ended" && session.ready_at !== null ? `${desktopPath(session.id)}/ended` : desktopPath(session.id));
  }, [state]);
}

function Body({ session }: { session: Session }) {
  const neverReady = session.ready_at === null;
  if (session.state === "ended") {
    return neverReady && session.end?.reason !== "owner_request" ? <FailedStart session={session} /> : <Ended session={session} />;
  }
  if (session.state === "ready" || (session.state === "stopping" && !neverReady)) {
    return isWeb(session) ? <WebDesktop session={session} /> : <Viewer key={session.id} session={session} />;
  }
  return <Starting session={session} />;
}

export function DesktopPage({ id }: { id: string }) {
  const session = sessions.value.get(id);
  const problem = useSignal<Problem | null>(null);
  const load = async (): Promise<void> => {
    problem.value = await loadSession(id);
  };
  useEffect(() => {
    problem.value = null;
    void load();
  }, [id]);
  usePolling(id, session);
  useAddress(session);
  if (session) return <Body session={session} />;
  if (problem.value?.status === 404 || problem.value?.status === 403) return <DesktopNotFound />;
  return (
    <Shell focusKey={`load-${id}`} narrow>
      {problem.value ? (
        <ProblemNotice title={t("error.title")} problem={problem.value} onRetry={() => void load()} />
      ) : (
        <Loading title={t("error.title")} onRetry={() => void load()}><div class="skeleton skeleton-panel" /></Loading>
      )}
    </Shell>
  );
}
