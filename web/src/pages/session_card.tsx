// SPDX-License-Identifier: Apache-2.0
import { useSignal } from "@preact/signals";
import type { Session } from "../api/types";
import { t } from "../i18n/i18n";
import { desktopPath } from "../router";
import { displayName, extendSession } from "../state/actions";
import { now } from "../state/clock";
import { clockTime, dateTime, duration, timeLeft } from "../state/format";
import { mayExtend } from "../state/lease";
import { templateOf } from "../state/sessions";
import { readThumbnail } from "../state/thumbnails";
import { Button } from "../ui/button";
import { Icon } from "../ui/icon";
import { Link } from "../ui/link";
import { TemplateArt } from "../ui/template_art";
import { TimeBar, TimeLeft } from "../ui/time_left";
import { ServiceNote } from "./service_notice";
import { StopDialog } from "./stop_dialog";

/** Its host does not answer at the moment. Nothing has ended. */
export const isOutOfReach = (session: Session): boolean => session.condition === "unknown" && session.state !== "ended";

export const stateWord = (session: Session): string => (isOutOfReach(session) ? t("card.no_answer_short") : t(`state.${session.state}`));

export function StateChip({ session }: { session: Session }) {
  const away = isOutOfReach(session);
  const kind = away ? "busy" : session.state === "ready" ? "ok" : session.state === "stopping" || session.state === "ended" ? "muted" : "busy";
  return <span class={`chip chip-${kind}`} data-state={away ? "unreachable" : session.state}>{stateWord(session)}</span>;
}

function Viewers({ session }: { session: Session }) {
  const count = session.viewers.control + session.viewers.view;
  if (count > 0) return <span class="meta"><Icon name="users" size={15} />{t("card.viewers", { count })}</span>;
  const kept = session.disconnected.deadline;
  return (
    <span class="meta">
      <Icon name="unplug" size={15} />
      {kept ? t("card.kept", { time: timeLeft(Date.parse(kept) - now.value) }) : t("card.nobody")}
    </span>
  );
}

export function isWeb(session: Session): boolean {
  return !session.endpoints.some((e) => e.protocol === "rfb") && session.endpoints.some((e) => e.protocol === "web");
}

function Picture({ session }: { session: Session }) {
  const thumbnail = readThumbnail(session.id);
  if (thumbnail) return <img class="thumb" src={thumbnail} alt="" />;
  return <TemplateArt name={session.template} icon={templateOf(session)?.icon} web={isWeb(session)} />;
}

export function ExtendButton({ session, small = false }: { session: Session; small?: boolean }) {
  const busy = useSignal(false);
  const { extension_s, extensions_left } = session.lease;
  if (session.deadline === null || extension_s <= 0) return null;
  const run = async (): Promise<void> => {
    busy.value = true;
    await extendSession(session);
    busy.value = false;
  };
  const none = !mayExtend(session);
  const left = extensions_left > 0 ? ` · ${t("card.extend_left", { count: extensions_left })}` : "";
  const label = none ? t("card.no_extension") : t("card.extend", { time: duration(extension_s) });
  return (
    <Button
      icon={small ? undefined : "timer"} testid="extend" small={small} busy={busy.value} disabled={none} title={none ? label : label + left}
      aria-label={small ? label : undefined} onClick={() => void run()}
    >
      {small ? t("bar.extend") : label}
    </Button>
  );
}

export function SessionCard({ session }: { session: Session }) {
  const stopping = useSignal(false);
  const name = displayName(session);
  const ready = session.state === "ready";
  const going = session.state === "stopping";
  const total = templateOf(session)?.lease.initial_s ?? 0;
  return (
    <article class="session-card" data-testid="session-card" data-id={session.id} data-state={session.state} aria-label={name}>
      <Link href={desktopPath(session.id)} class="session-picture" tabIndex={-1} aria-hidden="true"><Picture session={session} /></Link>
      <div class="session-body">
        <div class="session-title">
          <h3><Link href={desktopPath(session.id)}>{name}</Link></h3>
          <StateChip session={session} />
        </div>
        <p class="session-meta">
          {ready && <span class="meta"><Icon name="clock" size={15} /><TimeLeft session={session} /></span>}
          {ready && <Viewers session={session} />}
          {!ready && session.queue && <span class="meta"><Icon name="hourglass" size={15} />{t("stage.position", { position: session.queue.position })}</span>}
          <span class="meta meta-quiet"><time dateTime={session.created_at} title={dateTime(session.created_at)}>{t("card.started", { time: clockTime(session.created_at) })}</time></span>
          {session.host && <span class="meta meta-quiet">{t("card.host", { host: session.host })}</span>}
        </p>
        {isOutOfReach(session) && <p class="host-note" role="status" data-testid="no-answer"><Icon name="hourglass" size={16} /><span>{t("card.no_answer")}</span></p>}
        <ServiceNote session={session} />
        {ready && <TimeBar session={session} totalS={total} />}
        {!going && (
          <div class="actions">
            <Link href={desktopPath(session.id)} class="btn btn-primary" testid="open">
              <Icon name={ready ? "arrow-right" : "activity"} />
              <span class="btn-label">{ready ? t("card.open") : t("card.continue")}</span>
            </Link>
            {ready && <ExtendButton session={session} />}
            <Button kind="quiet" icon="power" testid="stop" aria-label={t("card.stop_named", { name })} onClick={() => (stopping.value = true)}>{t("card.stop")}</Button>
          </div>
        )}
      </div>
      {stopping.value && <StopDialog session={session} onClose={() => (stopping.value = false)} />}
    </article>
  );
}
