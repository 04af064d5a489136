// SPDX-License-Identifier: Apache-2.0
import { useSignal } from "@preact/signals";
import type { Problem, Session } from "../api/types";
import { t } from "../i18n/i18n";
import { displayName, stopSession } from "../state/actions";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { ProblemNotice } from "../ui/problem";

export function StopDialog({ session, onClose }: { session: Session; onClose: () => void }) {
  const busy = useSignal(false);
  const problem = useSignal<Problem | null>(null);
  const stop = async (): Promise<void> => {
    busy.value = true;
    problem.value = await stopSession(session.id);
    busy.value = false;
    if (problem.value === null) onClose();
  };
  return (
    <Dialog alert title={t("stop.title", { name: displayName(session) })} onClose={onClose}>
      {!session.mine && <p>{t("stop.owner", { name: session.owner.name || session.owner.subject })}</p>}
      <p>{t("stop.body")}</p>
      {problem.value && <ProblemNotice title={t("stop.failed")} problem={problem.value} />}
      <div class="dialog-actions">
        <Button data-autofocus onClick={onClose}>{t("app.cancel")}</Button>
        <Button kind="danger" icon="power" busy={busy.value} testid="confirm-stop" onClick={() => void stop()}>{t("stop.confirm")}</Button>
      </div>
    </Dialog>
  );
}
