// SPDX-License-Identifier: Apache-2.0
// Hosts and everybody's desktops, for operators and administrators.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { api } from "../api/client";
import type { Host, Me, Problem, Session } from "../api/types";
import { t } from "../i18n/i18n";
import { desktopPath } from "../router";
import { displayName } from "../state/actions";
import { onHostEvent } from "../state/live";
import { putSession, sessions } from "../state/sessions";
import { Button } from "../ui/button";
import { Link } from "../ui/link";
import { Loading } from "../ui/loading";
import { ProblemNotice } from "../ui/problem";
import { TimeLeft } from "../ui/time_left";
import { useTitle } from "../ui/use_title";
import { HostCard } from "./host_card";
import { ExtendButton, StateChip } from "./session_card";
import { Shell } from "./shell";
import { StopDialog } from "./stop_dialog";

function Row({ session, onStop }: { session: Session; onStop: () => void }) {
  const ready = session.state === "ready";
  return (
    <tr data-testid="admin-session" data-id={session.id}>
      <td><strong>{displayName(session)}</strong></td>
      <td title={session.owner.subject}>{session.owner.name || session.owner.subject}</td>
      <td><StateChip session={session} /></td>
      <td>{session.host ?? "–"}</td>
      <td>{ready ? <TimeLeft session={session} bare /> : "–"}</td>
      <td>{session.viewers.control + session.viewers.view}</td>
      <td>
        <div class="actions">
          {ready && session.endpoints.some((e) => e.protocol === "rfb") && (
            <Link class="btn btn-plain btn-small" href={desktopPath(session.id)}>{session.mine ? t("card.open") : t("admin.watch")}</Link>
          )}
          {ready && <ExtendButton session={session} small />}
          {session.state !== "stopping" && <Button small kind="quiet" icon="power" testid="stop" onClick={onStop}>{t("card.stop")}</Button>}
        </div>
      </td>
    </tr>
  );
}

const columns = ["desktop", "owner", "state", "host", "time", "viewers", "actions"] as const;

function SessionTable() {
  const list = [...sessions.value.values()]
    .filter((s) => s.state !== "ended")
    .sort((a, b) => b.created_at.localeCompare(a.created_at));
  const stopping = useSignal<Session | null>(null);
  if (list.length === 0) return <p class="quiet-line">{t("admin.no_sessions")}</p>;
  return (
    <>
      <div class="table-wrap" role="group" aria-labelledby="all-sessions" tabIndex={0}>
        <table class="table">
          <thead><tr>{columns.map((c) => <th key={c} scope="col">{t(`admin.col.${c}`)}</th>)}</tr></thead>
          <tbody>{list.map((s) => <Row key={s.id} session={s} onStop={() => (stopping.value = s)} />)}</tbody>
        </table>
      </div>
      {stopping.value && <StopDialog session={stopping.value} onClose={() => (stopping.value = null)} />}
    </>
  );
}

export function AdminPage({ me }: { me: Me }) {
  useTitle(t("admin.title"));
  const hosts = useSignal<Host[] | null>(null);
  const problem = useSignal<Problem | null>(null);
  const load = async (): Promise<void> => {
    const [h, all] = await Promise.all([api.hosts(), api.sessions("all")]);
    if (h.ok) hosts.value = h.value.items;
    if (all.ok) all.value.items.forEach(putSession);
    problem.value = !h.ok ? h.problem : !all.ok ? all.problem : null;
  };
  const take = (host: Host): void => {
    hosts.value = hosts.value?.map((h) => (h.name === host.name ? host : h)) ?? [host];
  };
  useEffect(() => {
    void load();
    return onHostEvent(take);
  }, []);
  return (
    <Shell focusKey="admin">
      <h1>{t("admin.title")}</h1>
      {problem.value && <ProblemNotice title={t("error.title")} problem={problem.value} onRetry={() => void load()} />}
      <section aria-labelledby="hosts">
        <h2 id="hosts">{t("admin.hosts")}</h2>
        {hosts.value === null && !problem.value && (
          <Loading title={t("error.title")} onRetry={() => void load()}><div class="skeleton skeleton-session" /></Loading>
        )}
        <ul class="hosts">
          {hosts.value?.map((h) => <li key={h.name}><HostCard host={h} mayChange={me.role === "admin"} onChange={take} /></li>)}
        </ul>
      </section>
      <section aria-labelledby="all-sessions">
        <h2 id="all-sessions">{t("admin.sessions")}</h2>
        <SessionTable />
      </section>
    </Shell>
  );
}
