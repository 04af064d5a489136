// SPDX-License-Identifier: Apache-2.0
// The form for one more host. A key that nobody has confirmed is shown first and never accepted silently.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Host, NewHost } from "../../api/host_types";
import { hostsApi } from "../../api/hosts_client";
import type { Problem } from "../../api/types";
import { t } from "../../i18n/i18n";
import { suggestedName } from "../../state/host_view";
import { Button } from "../../ui/button";
import { ProblemNotice } from "../../ui/problem";
import { ConfirmKey, type ShownKey } from "./confirm_key";
import { Field, fieldError, HostFields, readSettings, useChoices } from "./host_fields";

interface Offer extends ShownKey {
  host: NewHost;
}

interface Props {
  onAdded: (host: Host) => void;
  onEndpoint: (text: string) => void;
  /** Filled in and sent at once: what is missing is only the word about the key. */
  start: { name: string; endpoint: string } | null;
}

export function AddForm({ onAdded, onEndpoint, start }: Props) {
  const form = useRef<HTMLFormElement>(null);
  const busy = useSignal(false);
  const problem = useSignal<Problem | null>(null);
  const offer = useSignal<Offer | null>(null);
  const labelError = useSignal(false);
  const choices = useChoices();

  const add = async (host: NewHost): Promise<void> => {
    busy.value = true;
    const answer = await hostsApi.add(host);
    busy.value = false;
    if (answer.ok) return onAdded(answer.value);
    const shown = answer.problem.code === "host_key_unknown" ? answer.problem.host_key : undefined;
    offer.value = shown ? { host, ...shown } : null;
    problem.value = shown ? null : answer.problem;
    if (!shown) requestAnimationFrame(() => form.current?.querySelector<HTMLElement>("[aria-invalid]")?.focus());
    if (shown) requestAnimationFrame(() => form.current?.querySelector("[data-testid=confirm-key]")?.scrollIntoView({ block: "nearest" }));
  };
  const wrong = (field: string): string | null => fieldError(problem.value, field);
  const submit = (e: Event): void => {
    e.preventDefault();
    if (busy.value || !form.current) return;
    const data = new FormData(form.current);
    const settings = readSettings(data, choices.value);
    labelError.value = settings === null;
    if (settings === null) return;
    const text = (name: string): string => String(data.get(name) ?? "").trim();
    void add({ name: text("name"), endpoint: text("endpoint"), ...settings });
  };
  useEffect(() => {
    if (start) void add({ name: start.name, endpoint: start.endpoint });
  }, []);
  const onInput = (e: Event): void => {
    // What was confirmed belongs to what was typed.
    offer.value = null;
    const input = e.target as HTMLInputElement;
    if (input.name !== "endpoint") return;
    onEndpoint(input.value);
    const name = form.current?.querySelector<HTMLInputElement>("[name=name]");
    if (name && !name.dataset["typed"]) name.value = suggestedName(input.value);
  };
  const onNameInput = (e: Event): void => {
    const input = e.target as HTMLInputElement;
    if (input.name === "name") input.dataset["typed"] = "yes";
  };
  return (
    <section class="panel-flat" aria-labelledby="by-hand">
      <h2 id="by-hand">{t("add.by_hand")}</h2>
      <form class="form" ref={form} onSubmit={submit} onInput={(e) => { onNameInput(e); onInput(e); }} data-testid="add-form">
        <div class="field-grid">
          <Field name="endpoint" value={start?.endpoint ?? ""} label={t("add.endpoint")} hint={t("add.endpoint_hint")} error={wrong("endpoint")} required />
          <Field name="name" value={start?.name ?? ""} label={t("add.name")} hint={t("add.name_hint")} error={wrong("name")} required />
        </div>
        <details class="more">
          <summary>{t("add.more")}</summary>
          <div class="form"><HostFields choices={choices} labelError={labelError.value} /></div>
        </details>
        {problem.value && <ProblemNotice title={t("add.failed")} problem={problem.value} detailed />}
        {offer.value && (
          <ConfirmKey
            shown={offer.value} busy={busy.value} onCancel={() => (offer.value = null)}
            onConfirm={() => offer.value && void add({ ...offer.value.host, accept_host_key: offer.value.fingerprint })}
          />
        )}
        {!offer.value && <div class="actions"><Button type="submit" kind="primary" icon="plus" busy={busy.value} testid="add-submit">{t("add.submit")}</Button></div>}
      </form>
    </section>
  );
}
