// SPDX-License-Identifier: Apache-2.0
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { t } from "../i18n/i18n";
import { bytes } from "../state/format";
import { Button } from "../ui/button";
import { clipboardLimit } from "./clipboard";
import type { ViewModel } from "./view_model";

export function ClipboardPanel({ vm }: { vm: ViewModel }) {
  const { level, canAsk, remote, wasCut, waiting } = vm.clipboard;
  const text = useSignal(remote.value);
  const note = useSignal("");
  useEffect(() => {
    text.value = remote.value;
    waiting.value = false;
  }, [remote.value]);
  if (vm.viewOnly) return <p>{t("clip.view_only")}</p>;
  const send = (): void => {
    vm.clipboard.sendAgain(text.value);
    note.value = wasCut.value ? t("clip.too_long", { limit: bytes(clipboardLimit) }) : t("clip.sent");
  };
  const copy = async (): Promise<void> => {
    const ok = await (navigator.clipboard?.writeText(text.value) ?? Promise.reject(new Error())).then(() => true, () => false);
    note.value = ok ? t("app.copied") : t("clip.denied");
  };
  return (
    <>
      <p class="panel-head"><strong>{t("clip.title")}</strong><span class="chip chip-muted" data-testid="clipboard-level" data-level={level.value}>{t(`clip.level.${level.value}`)}</span></p>
      <p class="hint">{t(`clip.hint.${level.value}`)}</p>
      <textarea
        class="input" rows={4} aria-label={t("clip.text")} placeholder={t("clip.text")} data-testid="clipboard-text" spellcheck={false}
        value={text.value} onInput={(e) => { text.value = e.currentTarget.value; note.value = ""; }}
      />
      <p class="hint" role="status">{note.value}</p>
      <div class="actions">
        <Button kind="primary" small icon="send" testid="clipboard-send" disabled={text.value === ""} onClick={send}>{t("clip.send")}</Button>
        <Button small icon="copy" testid="clipboard-copy" disabled={text.value === ""} onClick={() => void copy()}>{t("clip.copy")}</Button>
        {canAsk.value && level.value !== "automatic" && <Button small kind="quiet" onClick={() => void vm.clipboard.allow()}>{t("clip.allow")}</Button>}
      </div>
    </>
  );
}
