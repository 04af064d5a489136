// SPDX-License-Identifier: Apache-2.0
// A session whose endpoint is a web application: it has an origin of its own and opens in its own tab.
import { useSignal } from "@preact/signals";
import type { Problem, Session } from "../api/types";
import { api } from "../api/client";
import { t } from "../i18n/i18n";
import { displayName } from "../state/actions";
import { templateOf } from "../state/sessions";
import { networkProblem } from "../api/request";
import { Button } from "../ui/button";
import { Icon } from "../ui/icon";
import { Link } from "../ui/link";
import { ProblemNotice } from "../ui/problem";
import { TemplateArt } from "../ui/template_art";
import { TimeLeft } from "../ui/time_left";
import { ExtendButton, StateChip } from "./session_card";
import { ServiceNote } from "./service_notice";
import { StopDialog } from "./stop_dialog";
import { useSessionTitle } from "../desktop/use_session_title";
import { Shell } from "./shell";

/** The ticket travels in a form body, never in a URL. */
function submitTicket(url: string, ticket: string): void {
  const form = document.createElement("form");
  form.method = "post";
  form.action = url;
  form.target = "_blank";
  form.rel = "noopener";
  const field = document.createElement("input");
  field.type = "hidden";
  field.name = "ticket";
  field.value = ticket;
  form.append(field);
  document.body.append(form);
  form.submit();
  form.remove();
}

/** Opens a web endpoint; the problem if that failed. */
export async function openWebEndpoint(session: Session, endpoint: string): Promise<Problem | null> {
  const answer = await api.ticket(session.id, endpoint, "control");
  if (!answer.ok) return answer.problem;
  if (!answer.value.enter_url) return networkProblem("");
  submitTicket(answer.value.enter_url, answer.value.ticket);
  return null;
}

export function WebDesktop({ session }: { session: Session }) {
  const name = displayName(session);
  useSessionTitle(session);
  const busy = useSignal(false);
  const stopping = useSignal(false);
  const problem = useSignal<Problem | null>(null);
  const endpoint = session.endpoints.find((e) => e.protocol === "web")?.name ?? "web";
  const open = async (): Promise<void> => {
    busy.value = true;
    problem.value = await openWebEndpoint(session, endpoint);
    busy.value = false;
  };
  return (
    <Shell focusKey={`web-${session.id}`} narrow>
      <div class="panel starting">
        <div class="starting-head">
          <TemplateArt name={session.template} icon={templateOf(session)?.icon} web />
          <h1>{t("web.title", { name })}</h1>
        </div>
        <p class="session-meta">
          <StateChip session={session} />
          <span class="meta"><Icon name="clock" size={15} /><TimeLeft session={session} /></span>
        </p>
        <ServiceNote session={session} />
        {session.mine ? <p class="muted">{t("web.lead")}</p> : <p class="muted" data-testid="owner-only">{t("web.owner_only")}</p>}
        {problem.value && <ProblemNotice title={t("web.failed")} problem={problem.value} onRetry={() => void open()} />}
        {session.state === "ready" && (
          <div class="actions">
            {session.mine && <Button kind="primary" icon="external-link" busy={busy.value} testid="open-app" onClick={() => void open()}>{t("web.open")}</Button>}
            <ExtendButton session={session} />
            <Button kind="quiet" icon="power" testid="stop" onClick={() => (stopping.value = true)}>{t("card.stop")}</Button>
            <Link href="/" class="btn btn-quiet"><span class="btn-label">{t("desk.back")}</span></Link>
          </div>
        )}
      </div>
      {stopping.value && <StopDialog session={session} onClose={() => (stopping.value = false)} />}
    </Shell>
  );
}
