// SPDX-License-Identifier: Apache-2.0
// The questions before a host is changed, put aside, trusted again or forgotten.
import { useSignal } from "@preact/signals";
import type { Host } from "../../api/host_types";
import { hostsApi } from "../../api/hosts_client";
import type { Problem } from "../../api/types";
import { t } from "../../i18n/i18n";
import { navigate } from "../../router";
import { isOut } from "../../state/host_view";
import { dropHost, putHost } from "../../state/hosts";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { Facts } from "../../ui/facts";
import { toast } from "../../ui/messages";
import { ProblemNotice } from "../../ui/problem";
import { Field, HostFields, readAnnouncement, readSettings, TimeField, useChoices } from "./host_fields";

interface Props {
  host: Host;
  onClose: () => void;
}

function useCall() {
  const busy = useSignal(false);
  const problem = useSignal<Problem | null>(null);
  return { busy, problem };
}

export function MaintenanceDialog({ host, onClose }: Props) {
  const { busy, problem } = useCall();
  const submit = async (e: SubmitEvent): Promise<void> => {
    e.preventDefault();
    const said = readAnnouncement(new FormData(e.currentTarget as HTMLFormElement));
    busy.value = true;
    const answer = await hostsApi.maintain(host.name, said);
    busy.value = false;
    if (!answer.ok) {
      problem.value = answer.problem;
      return;
    }
    putHost(answer.value);
    onClose();
  };
  return (
    <Dialog title={t("host.maintain.title", { name: host.name })} onClose={onClose}>
      <form onSubmit={(e) => void submit(e)}>
        <p>{t("host.maintain.body")}</p>
        <Field name="message" label={t("host.maintain.message")} hint={t("host.maintain.message_hint")} autofocus />
        <TimeField name="until" label={t("host.maintain.until")} hint={t("host.maintain.until_hint")} />
        {problem.value && <ProblemNotice title={t("host.action_failed")} problem={problem.value} detailed />}
        <div class="dialog-actions">
          <Button onClick={onClose}>{t("app.cancel")}</Button>
          <Button type="submit" kind="primary" icon="wrench" busy={busy.value} testid="confirm">{t("host.maintain.submit")}</Button>
        </div>
      </form>
    </Dialog>
  );
}

export function EditDialog({ host, onClose }: Props) {
  const { busy, problem } = useCall();
  const choices = useChoices(host);
  const labelError = useSignal(false);
  const submit = async (e: SubmitEvent): Promise<void> => {
    e.preventDefault();
    const settings = readSettings(new FormData(e.currentTarget as HTMLFormElement), choices.value, host);
    labelError.value = settings === null;
    if (settings === null) return;
    if (Object.keys(settings).length === 0) return onClose();
    busy.value = true;
    const answer = await hostsApi.change(host.name, settings);
    busy.value = false;
    if (!answer.ok) {
      problem.value = answer.problem;
      return;
    }
    putHost(answer.value);
    toast(t("host.edit.saved"));
    onClose();
  };
  return (
    <Dialog title={t("host.edit.title", { name: host.name })} onClose={onClose}>
      <form onSubmit={(e) => void submit(e)} noValidate>
        <HostFields host={host} choices={choices} labelError={labelError.value} />
        {problem.value && <ProblemNotice title={t("host.action_failed")} problem={problem.value} detailed />}
        <div class="dialog-actions">
          <Button onClick={onClose}>{t("app.cancel")}</Button>
          <Button type="submit" kind="primary" busy={busy.value} testid="confirm">{t("host.edit.submit")}</Button>
        </div>
      </form>
    </Dialog>
  );
}

export function RemoveDialog({ host, onDrain, onClose }: Props & { onDrain: () => void }) {
  const { busy, problem } = useCall();
  const used = host.sessions.used;
  const fromFile = host.origin === "file";
  const remove = async (): Promise<void> => {
    busy.value = true;
    const answer = await hostsApi.remove(host.name);
    busy.value = false;
    if (!answer.ok) {
      problem.value = answer.problem;
      return;
    }
    onClose();
    navigate("/admin/hosts", { replace: true });
    dropHost(host.name);
  };
  const body = fromFile ? t("host.remove.from_file") : used > 0 ? t("host.remove.not_empty", { count: used }) : t("host.remove.body");
  return (
    <Dialog alert title={t("host.remove.title", { name: host.name })} onClose={onClose}>
      <p>{body}</p>
      {problem.value && <ProblemNotice title={t("host.action_failed")} problem={problem.value} detailed />}
      <div class="dialog-actions">
        <Button data-autofocus onClick={onClose}>{t("app.cancel")}</Button>
        {!fromFile && used > 0 && !isOut(host) && (
          <Button kind="primary" icon="circle-arrow-down" testid="drain-instead" onClick={() => { onClose(); onDrain(); }}>{t("drain.submit")}</Button>
        )}
        {!fromFile && used === 0 && (
          <Button kind="danger" icon="trash-2" busy={busy.value} testid="confirm" onClick={() => void remove()}>{t("host.remove.submit")}</Button>
        )}
      </div>
    </Dialog>
  );
}

export function AcceptKeyDialog({ host, fingerprint, onClose }: Props & { fingerprint: string }) {
  const { busy, problem } = useCall();
  const accept = async (): Promise<void> => {
    busy.value = true;
    // Exactly what was read here, and not what the machine shows by then.
    const answer = await hostsApi.acceptKey(host.name, fingerprint);
    busy.value = false;
    if (!answer.ok) {
      problem.value = answer.problem;
      return;
    }
    putHost(answer.value);
    toast(t("host.key.accepted"));
    onClose();
  };
  return (
    <Dialog alert title={t("host.key.accept_title", { name: host.name })} onClose={onClose}>
      <p>{t("host.key.accept_body")}</p>
      <Facts facts={[[t("host.key.old"), <code>{host.host_key?.known_fingerprint ?? "–"}</code>], [t("host.key.new"), <code>{fingerprint}</code>]]} />
      {problem.value && <ProblemNotice title={t("host.action_failed")} problem={problem.value} detailed />}
      <div class="dialog-actions">
        <Button data-autofocus onClick={onClose}>{t("app.cancel")}</Button>
        <Button kind="danger" icon="key-round" busy={busy.value} testid="confirm" onClick={() => void accept()}>{t("host.key.accept")}</Button>
      </div>
    </Dialog>
  );
}
