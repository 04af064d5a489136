// SPDX-License-Identifier: Apache-2.0
// Before a host is drained: whether its people are told something, and whether what is left is ended.
import { useSignal } from "@preact/signals";
import type { Host } from "../../api/host_types";
import { type Announcement, hostsApi } from "../../api/hosts_client";
import type { Problem } from "../../api/types";
import { t } from "../../i18n/i18n";
import { putHost } from "../../state/hosts";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { ProblemNotice } from "../../ui/problem";
import { fieldError, Field, readAnnouncement, TimeField } from "./host_fields";
import { sayDrained } from "./host_modes";
import { remainingText } from "./host_parts";

/** The server counts bytes; this keeps most people from going over. */
const messageLimit = 500;

export function DrainDialog({ host, onClose }: { host: Host; onClose: () => void }) {
  const busy = useSignal(false);
  const problem = useSignal<Problem | null>(null);
  const isDraining = host.mode === "draining";
  const submit = async (e: SubmitEvent): Promise<void> => {
    e.preventDefault();
    if (busy.value) return;
    const said: Announcement = readAnnouncement(new FormData(e.currentTarget as HTMLFormElement));
    busy.value = true;
    // Without a body where nothing is said; a change says it even then, to take back what was said before.
    const answer = await hostsApi.drain(host.name, isDraining || Object.keys(said).length > 0 ? said : undefined);
    busy.value = false;
    if (!answer.ok) {
      problem.value = answer.problem;
      return;
    }
    putHost(answer.value);
    if (!isDraining) sayDrained(answer.value);
    onClose();
  };
  return (
    <Dialog title={t(isDraining ? "drain.change_title" : "drain.title", { name: host.name })} onClose={onClose}>
      <form onSubmit={(e) => void submit(e)} data-testid="drain-form">
        <p>{!isDraining && t("drain.body")} <strong data-testid="remaining">{remainingText(host)}</strong></p>
        <Field name="message" label={t("drain.message")} hint={t("drain.message_hint")} value={host.drain?.message ?? ""} maxLength={messageLimit} error={fieldError(problem.value, "message")} />
        <TimeField name="until" label={t("drain.until")} hint={t("drain.until_hint")} value={host.drain?.until ?? null} error={fieldError(problem.value, "until")} />
        {problem.value && <ProblemNotice title={t("host.action_failed")} problem={problem.value} detailed />}
        <div class="dialog-actions">
          <Button onClick={onClose}>{t("app.cancel")}</Button>
          <Button type="submit" kind="primary" icon={isDraining ? "send" : "circle-arrow-down"} busy={busy.value} data-autofocus testid="confirm">{t(isDraining ? "drain.change_submit" : "drain.submit")}</Button>
        </div>
      </form>
    </Dialog>
  );
}
