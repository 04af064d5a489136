// SPDX-License-Identifier: Apache-2.0
// /admin/desktops/{id}: the course of one desktop, and why it is where it is.
import { useEffect } from "preact/hooks";
import { useSignal } from "@preact/signals";
import type { Considered, Problem, Session } from "../../api/types";
import { region, t, tMaybe } from "../../i18n/i18n";
import { hostPath } from "../../router";
import { displayName } from "../../state/actions";
import { now } from "../../state/clock";
import { dateTime, duration } from "../../state/format";
import { loadSession, sessions } from "../../state/sessions";
import { Facts } from "../../ui/facts";
import { Icon } from "../../ui/icon";
import { Link } from "../../ui/link";
import { Loading } from "../../ui/loading";
import { ProblemNotice } from "../../ui/problem";
import { type Column, Table } from "../../ui/table";
import { TimeLeft } from "../../ui/time_left";
import { useTitle } from "../../ui/use_title";
import { StateChip } from "../session_card";
import { Stages } from "../stages";
import { attemptText } from "../attempts";
import { endMore, endSentence, isBadEnd } from "../end_text";
import { AdminFrame, BackLink } from "./frame";
import { SessionActions } from "./session_actions";

const verdictKinds: Record<string, string> = { chosen: "ok", free: "muted" };

function Verdict({ considered }: { considered: Considered }) {
  const { verdict } = considered;
  return <span class={`chip chip-${verdictKinds[verdict] ?? "busy"}`}>{tMaybe(`verdict.${verdict}`) ?? verdict}</span>;
}

/** Only who could have taken it has a score. */
function scoreText({ verdict, score }: Considered): string {
  return verdict in verdictKinds && score !== null ? score.toLocaleString(region.value, { maximumFractionDigits: 3 }) : "–";
}

function Why({ session }: { session: Session }) {
  const list = session.placement ?? [];
  const columns: Column<Considered>[] = [
    { name: "host", label: t("admin.why.col.host"), cell: ({ host }) => <Link class="row-link" href={hostPath(host)}>{host}</Link> },
    { name: "verdict", label: t("admin.why.col.verdict"), cell: (c) => <Verdict considered={c} /> },
    { name: "score", label: t("admin.why.col.score"), cell: scoreText, number: true },
    { name: "text", label: t("admin.why.col.text"), cell: (c) => c.text },
  ];
  return (
    <section aria-labelledby="why">
      <h2 id="why">{t("admin.why_host")}</h2>
      {list.length === 0 ? <p class="quiet-line">{t("admin.why_none")}</p> : (
        <>
          <p class="muted">{t("admin.why_hint")}</p>
          <Table columns={columns} rows={list} labelledBy="why" testid="placement" row={({ host }) => ({ key: host })} />
        </>
      )}
    </section>
  );
}

function Attempts({ session }: { session: Session }) {
  if (!session.attempts?.length) return null;
  return (
    <section aria-labelledby="attempts">
      <h2 id="attempts">{t("admin.attempts")}</h2>
      <ul class="log" data-testid="attempts">
        {session.attempts.map((a) => (
          <li key={a.at}><Icon name="rotate-ccw" size={16} /><span>{attemptText(a)}{a.detail && <code class="log-detail">{a.detail}</code>}</span></li>
        ))}
      </ul>
    </section>
  );
}

function Body({ session }: { session: Session }) {
  const lasted = (Date.parse(session.ended_at ?? session.now) - Date.parse(session.created_at)) / 1000;
  return (
    <>
      <div class="title-row">
        <h1>{displayName(session)}</h1>
        <StateChip session={session} />
      </div>
      {session.end && (
        <p class={isBadEnd(session) ? "notice notice-error" : "notice notice-info"}><Icon name="circle-alert" /><span>{endSentence(session)} {endMore(session)}</span></p>
      )}
      <section>
        <Facts
          facts={[
            [t("admin.col.owner"), session.owner.name || session.owner.subject],
            [t("admin.col.host"), session.host && <Link href={hostPath(session.host)}>{session.host}</Link>],
            [t("ended.started"), dateTime(session.created_at)],
            [t(session.ended_at ? "ended.lasted" : "admin.running_for"), duration(lasted)],
            [t("admin.col.time"), session.state === "ready" ? <TimeLeft session={session} bare /> : null],
            [t("admin.col.viewers"), session.viewers.control + session.viewers.view],
          ]}
        />
        <SessionActions session={session} />
      </section>
      <Why session={session} />
      <Attempts session={session} />
      <section aria-labelledby="stages">
        <h2 id="stages">{t("starting.stages")}</h2>
        <div class="panel-flat"><Stages session={session} nowMs={now.value} /></div>
        {session.end?.detail && <pre tabIndex={0}>{session.end.detail}</pre>}
      </section>
    </>
  );
}

export function AdminDesktop({ id }: { id: string }) {
  const session = sessions.value.get(id);
  useTitle(session ? displayName(session) : t("admin.title"));
  const problem = useSignal<Problem | null>(null);
  const load = async (): Promise<void> => {
    problem.value = await loadSession(id);
  };
  useEffect(() => void load(), [id]);
  return (
    <AdminFrame focusKey={`admin-desktop-${id}-${session !== undefined}`}>
      <BackLink href="/admin/desktops">{t("admin.back_desktops")}</BackLink>
      {session ? <Body session={session} /> : (
        <>
          <h1>{t("admin.title")}</h1>
          {problem.value ? (
            <ProblemNotice title={t("error.title")} problem={problem.value} onRetry={() => void load()} />
          ) : (
            <Loading title={t("error.title")} onRetry={() => void load()}><div class="skeleton skeleton-panel" /></Loading>
          )}
        </>
      )}
    </AdminFrame>
  );
}
