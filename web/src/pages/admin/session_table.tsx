// SPDX-License-Identifier: Apache-2.0
// Everybody's desktops as rows, on a page of their own or on that of their host.
import type { Session } from "../../api/types";
import { t } from "../../i18n/i18n";
import { adminDesktopPath, hostPath } from "../../router";
import { displayName } from "../../state/actions";
import { now } from "../../state/clock";
import { clockTime, dateTime, timeOrDate } from "../../state/format";
import { endOf } from "../../state/lease";
import { allSessionsLoad, loadAllSessions, sessions } from "../../state/sessions";
import { Link } from "../../ui/link";
import { Loading } from "../../ui/loading";
import { ProblemNotice } from "../../ui/problem";
import type { Order } from "../../ui/sorting";
import { type Column, Table } from "../../ui/table";
import { TimeLeft } from "../../ui/time_left";
import { StateChip, stateWord } from "../session_card";
import { SessionActions } from "./session_actions";

const newestFirst: Order = { column: "started", descending: true };

const ownerName = ({ owner }: Session): string => owner.name || owner.subject;
const viewers = (s: Session): number => s.viewers.control + s.viewers.view;

/** One without a limit ends last; one that is not ready has no end yet. */
function endsAt(s: Session): number | null {
  if (s.state !== "ready") return null;
  const end = endOf(s);
  return end === null ? Infinity : Date.parse(end);
}

function Started({ session: { created_at } }: { session: Session }) {
  return <time dateTime={created_at} title={dateTime(created_at)}>{timeOrDate(created_at, now.value)}</time>;
}

function Rows({ list, labelledBy, withHost }: { list: Session[]; labelledBy: string; withHost: boolean }) {
  const where: Column<Session> = {
    name: "host", label: t("admin.col.host"), free: true, sort: (s) => s.host,
    cell: (s) => (s.host ? <Link class="row-link" href={hostPath(s.host)}>{s.host}</Link> : "–"),
  };
  const columns: Column<Session>[] = [
    { name: "desktop", label: t("admin.col.desktop"), sort: displayName, cell: (s) => <Link class="row-link" href={adminDesktopPath(s.id)}>{displayName(s)}</Link> },
    { name: "owner", label: t("admin.col.owner"), free: true, sort: ownerName, cell: (s) => <span title={s.owner.subject}>{ownerName(s)}</span> },
    { name: "state", label: t("admin.col.state"), sort: stateWord, cell: (s) => <StateChip session={s} /> },
    ...(withHost ? [where] : []),
    { name: "started", label: t("admin.col.started"), sort: (s) => Date.parse(s.created_at), cell: (s) => <Started session={s} /> },
    { name: "time", label: t("admin.col.time"), sort: endsAt, cell: (s) => (s.state === "ready" ? <TimeLeft session={s} bare /> : "–") },
    { name: "viewers", label: t("admin.col.viewers"), sort: viewers, cell: viewers },
    { name: "actions", label: t("admin.col.actions"), cell: (s) => <SessionActions session={s} small /> },
  ];
  return (
    <Table
      columns={columns} rows={list} labelledBy={labelledBy} order={newestFirst}
      row={(s) => ({ key: s.id, "data-testid": "admin-session", "data-id": s.id })}
    />
  );
}

interface Props {
  labelledBy: string;
  /** Only those on it. */
  host?: string;
}

export function SessionTable({ labelledBy, host }: Props) {
  const load = allSessionsLoad.value;
  const retry = (): void => void loadAllSessions();
  const list = [...sessions.value.values()]
    .filter((s) => s.state !== "ended" && (host === undefined || s.host === host))
    .sort((a, b) => b.created_at.localeCompare(a.created_at));
  if (load.state === "loading") {
    return <Loading title={t("admin.sessions_failed")} onRetry={retry}><div class="skeleton skeleton-rows" /></Loading>;
  }
  return (
    <>
      {load.state === "error" && (
        <ProblemNotice
          title={t("admin.sessions_failed")} problem={load.problem} onRetry={retry}
          stale={list.length > 0 && load.goodAt !== null ? clockTime(load.goodAt) : null}
        />
      )}
      {load.state === "ready" && list.length === 0 && <p class="quiet-line">{t(host === undefined ? "admin.no_sessions" : "admin.no_sessions_here")}</p>}
      {list.length > 0 && <div class={load.state === "error" ? "stale" : undefined}><Rows list={list} labelledBy={labelledBy} withHost={host === undefined} /></div>}
    </>
  );
}
