// SPDX-License-Identifier: Apache-2.0
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Problem, Session } from "../api/types";
import { t } from "../i18n/i18n";
import { displayName, startDesktop } from "../state/actions";
import { dateTime, duration } from "../state/format";
import { Button } from "../ui/button";
import { Icon } from "../ui/icon";
import type { IconName } from "../ui/icon_names";
import { Link } from "../ui/link";
import { announce } from "../ui/messages";
import { ProblemNotice } from "../ui/problem";
import { useTitle } from "../ui/use_title";
import { endMore, endSentence, isBadEnd } from "./end_text";
import { Shell } from "./shell";

function endIcon(session: Session): IconName {
  if (isBadEnd(session)) return "triangle-alert";
  if (session.end?.reason === "host_maintenance") return "wrench";
  return session.end?.reason === "owner_request" ? "circle-check" : "clock";
}

export function Ended({ session }: { session: Session }) {
  const name = displayName(session);
  const title = t("ended.title", { name });
  useTitle(title);
  const busy = useSignal(false);
  const problem = useSignal<Problem | null>(null);
  useEffect(() => announce(title), []);
  const again = async (): Promise<void> => {
    busy.value = true;
    problem.value = await startDesktop({ template: session.template, ...(session.name ? { name: session.name } : {}) });
    busy.value = false;
  };
  const began = session.ready_at ?? session.created_at;
  return (
    <Shell focusKey={`ended-${session.id}`} narrow>
      <div class="panel ended" data-testid="ended" data-reason={session.end?.reason}>
        <span class={isBadEnd(session) ? "ended-icon ended-bad" : "ended-icon"}><Icon name={endIcon(session)} size={28} /></span>
        <h1>{title}</h1>
        <p class="ended-why">{endSentence(session)}</p>
        {endMore(session) && <p class="muted">{endMore(session)}</p>}
        <dl class="summary">
          <div><dt>{t("ended.started")}</dt><dd><time dateTime={began}>{dateTime(began)}</time></dd></div>
          {session.ended_at && <div><dt>{t("ended.ended")}</dt><dd><time dateTime={session.ended_at}>{dateTime(session.ended_at)}</time></dd></div>}
          {session.ended_at && <div><dt>{t("ended.lasted")}</dt><dd>{duration((Date.parse(session.ended_at) - Date.parse(began)) / 1000)}</dd></div>}
        </dl>
        {session.end?.detail && <pre class="detail" tabIndex={0}>{session.end.detail}</pre>}
        {problem.value && <ProblemNotice title={t("start.failed")} problem={problem.value} onRetry={() => void again()} />}
        <div class="actions">
          {session.mine && <Button kind="primary" icon="rotate-cw" busy={busy.value} testid="start-again" onClick={() => void again()}>{t("ended.again")}</Button>}
          <Link href="/" class="btn btn-plain" testid="home"><Icon name="house" /><span class="btn-label">{t("ended.home")}</span></Link>
        </div>
      </div>
    </Shell>
  );
}
