// SPDX-License-Identifier: Apache-2.0
// Everybody's desktops as rows, on a page of their own or on that of their host.
import { useSignal } from "@preact/signals";
import type { Session } from "../../api/types";
import { t } from "../../i18n/i18n";
import { adminDesktopPath, desktopPath, hostPath } from "../../router";
import { displayName } from "../../state/actions";
import { sessions } from "../../state/sessions";
import { Button } from "../../ui/button";
import { Link } from "../../ui/link";
import { TimeLeft } from "../../ui/time_left";
import { ExtendButton, StateChip } from "../session_card";
import { StopDialog } from "../stop_dialog";

const columns = ["desktop", "owner", "state", "host", "time", "viewers", "actions"] as const;
type Column = (typeof columns)[number];

function Row({ session, shown, onStop }: { session: Session; shown: readonly Column[]; onStop: () => void }) {
  const ready = session.state === "ready";
  const cells: Record<Column, preact.ComponentChild> = {
    desktop: <strong><Link class="row-link" href={adminDesktopPath(session.id)}>{displayName(session)}</Link></strong>,
    owner: <span title={session.owner.subject}>{session.owner.name || session.owner.subject}</span>,
    state: <StateChip session={session} />,
    host: session.host ? <Link class="row-link" href={hostPath(session.host)}>{session.host}</Link> : "–",
    time: ready ? <TimeLeft session={session} bare /> : "–",
    viewers: session.viewers.control + session.viewers.view,
    actions: (
      <div class="actions">
        {ready && session.endpoints.some((e) => e.protocol === "rfb") && (
          <Link class="btn btn-plain btn-small" href={desktopPath(session.id)}>{session.mine ? t("card.open") : t("admin.watch")}</Link>
        )}
        {ready && <ExtendButton session={session} small />}
        {session.state !== "stopping" && <Button small kind="quiet" icon="power" testid="stop" onClick={onStop}>{t("card.stop")}</Button>}
      </div>
    ),
  };
  return (
    <tr data-testid="admin-session" data-id={session.id}>
      {shown.map((c) => <td key={c}>{cells[c]}</td>)}
    </tr>
  );
}

/** `host`: only those on it. */
export function SessionTable({ labelledBy, host }: { labelledBy: string; host?: string }) {
  const stopping = useSignal<Session | null>(null);
  const list = [...sessions.value.values()]
    .filter((s) => s.state !== "ended" && (host === undefined || s.host === host))
    .sort((a, b) => b.created_at.localeCompare(a.created_at));
  if (list.length === 0) return <p class="quiet-line">{t(host === undefined ? "admin.no_sessions" : "admin.no_sessions_here")}</p>;
  const shown = columns.filter((c) => c !== "host" || host === undefined);
  return (
    <>
      <div class="table-wrap" role="group" aria-labelledby={labelledBy} tabIndex={0}>
        <table class="table">
          <thead><tr>{shown.map((c) => <th key={c} scope="col">{t(`admin.col.${c}`)}</th>)}</tr></thead>
          <tbody>{list.map((s) => <Row key={s.id} session={s} shown={shown} onStop={() => (stopping.value = s)} />)}</tbody>
        </table>
      </div>
      {stopping.value && <StopDialog session={stopping.value} onClose={() => (stopping.value = null)} />}
    </>
  );
}
