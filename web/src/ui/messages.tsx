// SPDX-License-Identifier: Apache-2.0
// What the page says by itself: short notes that go away, and announcements for screen readers.
import { signal } from "@preact/signals";
import { Icon } from "./icon";
import { Button, IconButton } from "./button";
import { t } from "../i18n/i18n";

interface Toast {
  id: number;
  text: string;
  kind: "info" | "error";
  action?: { label: string; run: () => void };
}

const toasts = signal<Toast[]>([]);
const spoken = signal("");
let nextId = 1;

export function dismissToast(id: number): void {
  toasts.value = toasts.value.filter((x) => x.id !== id);
}

export function toast(text: string, options: { kind?: Toast["kind"]; action?: Toast["action"]; ms?: number } = {}): number {
  const id = nextId++;
  const entry: Toast = { id, text, kind: options.kind ?? "info" };
  if (options.action) entry.action = options.action;
  toasts.value = [...toasts.value.slice(-2), entry];
  setTimeout(() => dismissToast(id), options.ms ?? (entry.kind === "error" ? 12_000 : 6000));
  return id;
}

/** Said by a screen reader, seen by nobody. */
export function announce(text: string): void {
  spoken.value = "";
  requestAnimationFrame(() => (spoken.value = text));
}

export function Messages() {
  return (
    <>
      <div class="sr-only" role="status" aria-live="polite">{spoken.value}</div>
      <div class="toasts">
        {toasts.value.map((x) => (
          <div key={x.id} class={`toast toast-${x.kind}`} role={x.kind === "error" ? "alert" : "status"}>
            <Icon name={x.kind === "error" ? "circle-alert" : "circle-check"} />
            <span class="toast-text">{x.text}</span>
            {x.action && (
              <Button small onClick={() => { dismissToast(x.id); x.action?.run(); }}>{x.action.label}</Button>
            )}
            <IconButton small icon="x" label={t("app.close")} onClick={() => dismissToast(x.id)} />
          </div>
        ))}
      </div>
    </>
  );
}
