// SPDX-License-Identifier: Apache-2.0
// The settings of a host as form fields, for adding and for changing it.
import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import type { DataPath, Host, HostSettings, Transport } from "../../api/host_types";
import type { Announcement } from "../../api/hosts_client";
import type { Problem } from "../../api/types";
import { t } from "../../i18n/i18n";
import { localTime } from "../../state/format";
import { labelsText, parseLabels } from "../../state/host_view";
import { Segmented } from "../settings";

const gigabyte = 1e9;

interface FieldProps {
  name: string;
  label: string;
  hint?: string;
  value?: string | number;
  type?: "text" | "number";
  error?: string | null;
  autofocus?: boolean;
  required?: boolean;
  step?: string;
  maxLength?: number;
}

export function Field({ name, label, hint, value, type = "text", error, autofocus, required, step, maxLength }: FieldProps) {
  const id = useId();
  const number = type === "number" ? { min: 0, step: step ?? "any", inputMode: "decimal" as const } : { spellcheck: false, autocapitalize: "none" as const };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id} name={name} type={type as "text"} class="input" defaultValue={value === undefined ? "" : String(value)} autocomplete="off" required={required ?? false} maxLength={maxLength}
        aria-invalid={error ? true : undefined} aria-describedby={error || hint ? `${id}-hint` : undefined} data-autofocus={autofocus ? "" : undefined} {...number}
      />
      {(error || hint) && <p id={`${id}-hint`} class={error ? "hint hint-error" : "hint"}>{error ?? hint}</p>}
    </div>
  );
}

/** What the server says against a field. */
export const fieldError = (problem: Problem | null, field: string): string | null => problem?.errors?.find((e) => e.pointer === `/${field}`)?.detail ?? null;

/** A time, entered as the browser does it; `value` as the server writes it. */
export function TimeField({ name, label, hint, value, error }: { name: string; label: string; hint: string; value?: string | null; error?: string | null }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id} name={name} type="datetime-local" class="input" defaultValue={value ? localTime(value) : ""}
        aria-invalid={error ? true : undefined} aria-describedby={`${id}-hint`}
      />
      <p id={`${id}-hint`} class={error ? "hint hint-error" : "hint"}>{error ?? hint}</p>
    </div>
  );
}

/** The fields `message` and `until` of a form; only what was filled in. */
export function readAnnouncement(data: FormData): Announcement {
  const message = String(data.get("message") ?? "").trim();
  const until = String(data.get("until") ?? "");
  return { ...(message ? { message } : {}), ...(until ? { until: new Date(until).toISOString() } : {}) };
}

export interface Choices {
  data_path: DataPath;
  transport: Transport;
}

/** What is chosen and not typed. */
export function useChoices(host?: Host) {
  return useSignal<Choices>({ data_path: host?.data_path ?? "tunnel", transport: host?.transport ?? "automatic" });
}

export function HostFields({ host, choices, labelError }: { host?: Host; choices: ReturnType<typeof useChoices>; labelError: boolean }) {
  const set = (part: Partial<Choices>): void => {
    choices.value = { ...choices.value, ...part };
  };
  const memory = host?.memory ? Math.round((host.memory.capacity_bytes / gigabyte) * 10) / 10 : 0;
  return (
    <>
      <div class="field-grid">
        <Field name="weight" type="number" step="1" label={t("set.weight")} hint={t("set.weight_hint")} value={host?.weight ?? 1} autofocus={host !== undefined} />
        <Field name="capacity" type="number" step="1" label={t("set.capacity")} hint={t("set.zero")} value={host?.sessions.capacity ?? 0} />
        <Field name="memory" type="number" label={t("set.memory")} hint={t("set.zero")} value={memory} />
        <Field name="cpus" type="number" label={t("set.cpus")} hint={t("set.zero")} value={host?.cpus?.capacity ?? 0} />
      </div>
      <Field name="labels" label={t("set.labels")} hint={t("set.labels_hint")} error={labelError ? t("set.labels_bad") : null} value={labelsText(host?.labels)} />
      <Segmented
        legend={t("set.data_path")} value={choices.value.data_path} onChange={(v) => set({ data_path: v })}
        options={[{ value: "tunnel", label: t("set.data_path.tunnel") }, { value: "direct", label: t("set.data_path.direct") }]}
      />
      <Segmented
        legend={t("set.transport")} value={choices.value.transport} onChange={(v) => set({ transport: v })}
        options={(["automatic", "libssh", "openssh"] as const).map((v) => ({ value: v, label: t(`set.transport.${v}`) }))}
      />
      <Field name="public_name" label={t("set.public_name")} hint={t("set.public_name_hint")} value={host?.public_name ?? ""} />
    </>
  );
}

/** What the form says; null if the labels cannot be read. Only what differs from `host` is in it. */
export function readSettings(data: FormData, choices: Choices, host?: Host): HostSettings | null {
  const text = (name: string): string => String(data.get(name) ?? "").trim();
  const number = (name: string): number => Math.max(0, Number(text(name).replace(",", ".")) || 0);
  const labels = parseLabels(text("labels"));
  if (labels === null) return null;
  const all: Required<HostSettings> = {
    weight: Math.round(number("weight")) || 1, capacity_sessions: Math.round(number("capacity")), memory_bytes: Math.round(number("memory") * gigabyte), cpus: number("cpus"),
    labels, data_path: choices.data_path, transport: choices.transport, public_name: text("public_name"),
  };
  const before: Required<HostSettings> = {
    weight: host?.weight ?? 1, capacity_sessions: host?.sessions.capacity ?? 0, memory_bytes: host?.memory?.capacity_bytes ?? 0, cpus: host?.cpus?.capacity ?? 0,
    labels: host?.labels ?? {}, data_path: host?.data_path ?? "tunnel", transport: host?.transport ?? "automatic", public_name: host?.public_name ?? "",
  };
  const isSame = (key: keyof HostSettings): boolean =>
    // The field shows tenths of a gigabyte: an untouched one is no change.
    key === "memory_bytes" ? Math.abs(all.memory_bytes - before.memory_bytes) < gigabyte / 20 : JSON.stringify(all[key]) === JSON.stringify(before[key]);
  return Object.fromEntries(Object.entries(all).filter(([key]) => !isSame(key as keyof HostSettings))) as HostSettings;
}
