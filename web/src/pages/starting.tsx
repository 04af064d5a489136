// SPDX-License-Identifier: Apache-2.0
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { api } from "../api/client";
import type { Problem, Session } from "../api/types";
import { t, tMaybe } from "../i18n/i18n";
import { navigate } from "../router";
import { account, isStaff } from "../state/account";
import { displayName, startDesktop, stopSession } from "../state/actions";
import { serverNow } from "../state/clock";
import { permission, turnOn } from "../state/notify";
import { prefs } from "../state/prefs";
import { templateOf } from "../state/sessions";
import { Button } from "../ui/button";
import { Icon } from "../ui/icon";
import { Link } from "../ui/link";
import { announce, toast } from "../ui/messages";
import { ProblemNotice, problemText } from "../ui/problem";
import { TemplateArt } from "../ui/template_art";
import { useTitle } from "../ui/use_title";
import { Retried } from "./attempts";
import { isWeb } from "./session_card";
import { Expectation, Stages } from "./stages";
import { Shell } from "./shell";

/** The server's time, five times a second: stages last fractions of one. */
function useFastNow(running: boolean): number {
  const value = useSignal(serverNow());
  useEffect(() => {
    if (!running) return undefined;
    const timer = setInterval(() => (value.value = serverNow()), 200);
    return () => clearInterval(timer);
  }, [running]);
  return value.value;
}

function Head({ session, title }: { session: Session; title: string }) {
  return (
    <div class="starting-head">
      <TemplateArt name={session.template} icon={templateOf(session)?.icon} web={isWeb(session)} />
      <h1>{title}</h1>
    </div>
  );
}

/** Offered where the browser can: a notification once it is ready. */
function TellMe() {
  if (permission.value === "missing" || permission.value === "denied") return null;
  if (prefs.value.notifications && permission.value === "granted") return <p class="tell-me" data-testid="notify-on"><Icon name="bell" size={16} /> {t("starting.notify_on")}</p>;
  return <Button kind="quiet" icon="bell" testid="notify" onClick={() => void turnOn()}>{t("starting.notify")}</Button>;
}

export function Starting({ session }: { session: Session }) {
  const name = displayName(session);
  useTitle(t("starting.title", { name }));
  const nowMs = useFastNow(true);
  const cancelling = useSignal(false);
  const active = session.stages.find((s) => s.state === "active")?.name;
  useEffect(() => {
    if (active) announce(t(`stage.${active}`));
  }, [active]);
  const cancel = async (): Promise<void> => {
    cancelling.value = true;
    const problem = await stopSession(session.id);
    cancelling.value = false;
    if (problem) toast(`${t("stop.failed")} ${problemText(problem)}`, { kind: "error" });
    else navigate("/", { replace: true });
  };
  const stopping = session.state === "stopping";
  return (
    <Shell focusKey={`starting-${session.id}`} narrow>
      <div class="panel starting">
        <Head session={session} title={t("starting.title", { name })} />
        <Expectation session={session} typicalMs={templateOf(session)?.typical_start_ms ?? null} nowMs={nowMs} />
        <Retried session={session} />
        <Stages session={session} nowMs={nowMs} />
        <p class="muted">{t("starting.lead")}</p>
        <div class="actions">
          <Button busy={cancelling.value || stopping} icon="x" testid="cancel" onClick={() => void cancel()}>
            {cancelling.value || stopping ? t("starting.cancelling") : t("starting.cancel")}
          </Button>
          <TellMe />
          <Link href="/" class="btn btn-quiet"><span class="btn-label">{t("desk.back")}</span></Link>
        </div>
      </div>
    </Shell>
  );
}

function StaffDetails({ session }: { session: Session }) {
  const lines = useSignal<string[] | null>(null);
  const load = async (): Promise<void> => {
    const answer = await api.logs(session.id);
    lines.value = answer.ok ? answer.value.lines : [problemText(answer.problem)];
  };
  return (
    <details class="staff-details">
      <summary>{t("failed.details")}</summary>
      {session.end?.detail && <pre tabIndex={0}>{session.end.detail}</pre>}
      {lines.value ? <pre tabIndex={0}>{lines.value.join("\n")}</pre> : <Button small onClick={() => void load()}>{t("failed.log")}</Button>}
    </details>
  );
}

export function FailedStart({ session }: { session: Session }) {
  const name = displayName(session);
  useTitle(t("failed.title", { name }));
  const busy = useSignal(false);
  const problem = useSignal<Problem | null>(null);
  const who = account.value;
  const stage = session.end?.stage ?? session.stages.find((s) => s.state === "failed")?.name;
  const stageName = stage ? (tMaybe(`stage.${stage}`) ?? stage) : null;
  const retry = async (): Promise<void> => {
    busy.value = true;
    problem.value = await startDesktop({ template: session.template, ...(session.name ? { name: session.name } : {}) });
    busy.value = false;
  };
  return (
    <Shell focusKey={`failed-${session.id}`} narrow>
      <div class="panel starting" data-testid="ended">
        <Head session={session} title={t("failed.title", { name })} />
        <div class="notice notice-error" role="alert" data-testid="error">
          <Icon name="circle-alert" size={20} />
          <div class="notice-text">
            <strong>{session.end?.message || t(`end.${session.end?.reason ?? "failed"}`)}</strong>
            <p>{stageName && t("failed.stage", { stage: stageName })} {t("failed.cleaned")}</p>
          </div>
        </div>
        <Retried session={session} />
        <Stages session={session} nowMs={serverNow()} />
        {who.state === "signed_in" && isStaff(who.me) && <StaffDetails session={session} />}
        {problem.value && <ProblemNotice title={t("start.failed")} problem={problem.value} />}
        <div class="actions">
          {session.mine && <Button kind="primary" icon="rotate-cw" busy={busy.value} testid="start-again" onClick={() => void retry()}>{t("failed.retry")}</Button>}
          <Link href="/" class="btn btn-plain"><Icon name="house" /><span class="btn-label">{t("ended.home")}</span></Link>
        </div>
      </div>
    </Shell>
  );
}
