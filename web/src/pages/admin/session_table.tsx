// SPDX-License-Identifier: Apache-2.0
// Everybody's desktops as rows, on a page of their own or on that of their host.
import type { Session } from "../../api/types";
import { t } from "../../i18n/i18n";
import { adminDesktopPath, hostPath } from "../../router";
import { displayName } from "../../state/actions";
import { sessions } from "../../state/sessions";
import { Link } from "../../ui/link";
import { type Column, Table } from "../../ui/table";
import { TimeLeft } from "../../ui/time_left";
import { StateChip } from "../session_card";
import { SessionActions } from "./session_actions";

/** `host`: only those on it. */
export function SessionTable({ labelledBy, host }: { labelledBy: string; host?: string }) {
  const list = [...sessions.value.values()]
    .filter((s) => s.state !== "ended" && (host === undefined || s.host === host))
    .sort((a, b) => b.created_at.localeCompare(a.created_at));
  if (list.length === 0) return <p class="quiet-line">{t(host === undefined ? "admin.no_sessions" : "admin.no_sessions_here")}</p>;
  const where: Column<Session> = { name: "host", label: t("admin.col.host"), free: true, cell: (s) => (s.host ? <Link class="row-link" href={hostPath(s.host)}>{s.host}</Link> : "–") };
  const columns: Column<Session>[] = [
    { name: "desktop", label: t("admin.col.desktop"), cell: (s) => <Link class="row-link" href={adminDesktopPath(s.id)}>{displayName(s)}</Link> },
    { name: "owner", label: t("admin.col.owner"), free: true, cell: (s) => <span title={s.owner.subject}>{s.owner.name || s.owner.subject}</span> },
    { name: "state", label: t("admin.col.state"), cell: (s) => <StateChip session={s} /> },
    ...(host === undefined ? [where] : []),
    { name: "time", label: t("admin.col.time"), cell: (s) => (s.state === "ready" ? <TimeLeft session={s} bare /> : "–") },
    { name: "viewers", label: t("admin.col.viewers"), cell: (s) => s.viewers.control + s.viewers.view },
    { name: "actions", label: t("admin.col.actions"), cell: (s) => <SessionActions session={s} small /> },
  ];
  return <Table columns={columns} rows={list} labelledBy={labelledBy} row={(s) => ({ key: s.id, "data-testid": "admin-session", "data-id": s.id })} />;
}
