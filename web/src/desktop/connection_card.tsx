// SPDX-License-Identifier: Apache-2.0
// What lies over the picture while there is no connection.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Session } from "../api/types";
import { t } from "../i18n/i18n";
import { duration } from "../state/format";
import { Button } from "../ui/button";
import { Icon } from "../ui/icon";
import { Link } from "../ui/link";
import { isOutOfReach } from "../pages/session_card";
import { closeText } from "./close_codes";
import type { Phase } from "./connection";
import type { ViewModel } from "./view_model";

function useSecondsUntil(at: number): number {
  const left = (): number => Math.max(0, Math.ceil((at - Date.now()) / 1000));
  const value = useSignal(left());
  useEffect(() => {
    value.value = left();
    const timer = setInterval(() => (value.value = left()), 250);
    return () => clearInterval(timer);
  }, [at]);
  return value.value;
}

function Back() {
  return <Link href="/" class="btn btn-plain"><Icon name="house" /><span class="btn-label">{t("desk.back")}</span></Link>;
}

function Lost({ vm, phase, session }: { vm: ViewModel; phase: Extract<Phase, { kind: "lost" }>; session: Session }) {
  const seconds = useSecondsUntil(phase.retryAt);
  return (
    <>
      <h2>{t("desk.lost")}</h2>
      <p role="status">{isOutOfReach(session) ? t("card.no_answer") : closeText(phase.code)}</p>
      <p class="muted">
        {seconds > 0 ? t("desk.lost.in", { count: seconds, n: phase.attempt }) : t("desk.lost.now", { n: phase.attempt })}{" "}
        {vm.connection.wasConnected && t("desk.lost.input")}
      </p>
      <div class="actions">
        <Button kind="primary" icon="rotate-cw" testid="retry-now" onClick={() => vm.connection.retryNow()}>{t("desk.retry_now")}</Button>
        <Back />
      </div>
    </>
  );
}

function Closed({ vm, phase, session }: { vm: ViewModel; phase: Extract<Phase, { kind: "closed" }>; session: Session }) {
  const over = phase.code === 4410 || phase.code === 4404 || phase.code === 4401;
  const kept = session.disconnected.limit_s;
  const stays = kept > 0 ? t("desk.disconnected.kept", { time: duration(kept) }) : t("desk.disconnected.body");
  return (
    <>
      <h2>{t("desk.disconnected.title")}</h2>
      <p role="status">{isOutOfReach(session) ? t("card.no_answer") : closeText(phase.code)}</p>
      {!over && phase.code !== 4403 && <p class="muted">{stays}</p>}
      <div class="actions">
        {!over && phase.code !== 4403 && (
          <Button kind="primary" icon="rotate-cw" testid="reconnect" onClick={() => vm.connection.retryNow()}>
            {phase.code === 4409 ? t("desk.use_here") : t("desk.reconnect")}
          </Button>
        )}
        <Back />
      </div>
    </>
  );
}

/** An attempt under way. Why it is needed stays said while it lasts. */
function Connecting({ session }: { session: Session }) {
  return (
    <>
      {isOutOfReach(session) && <p role="status">{t("card.no_answer")}</p>}
      <p role="status" class="cover-connecting"><span class="spinner" aria-hidden="true" />{t("desk.connecting")}</p>
      {isOutOfReach(session) && <div class="actions"><Back /></div>}
    </>
  );
}

export function ConnectionCard({ vm, session }: { vm: ViewModel; session: Session }) {
  const phase = vm.connection.phase.value;
  if (phase.kind === "connected") return null;
  // Words over the last picture need a ground.
  const bare = phase.kind === "connecting" && !vm.connection.wasConnected && !isOutOfReach(session);
  return (
    <div class="cover">
      <div class={bare ? "cover-card cover-quiet" : "cover-card"} data-testid="connection" data-code={"code" in phase ? phase.code : undefined}>
        {phase.kind === "connecting" && <Connecting session={session} />}
        {phase.kind === "lost" && <Lost vm={vm} phase={phase} session={session} />}
        {phase.kind === "closed" && <Closed vm={vm} phase={phase} session={session} />}
      </div>
    </div>
  );
}
