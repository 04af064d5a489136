// SPDX-License-Identifier: Apache-2.0
import { useSignal } from "@preact/signals";
import type { StartOptions } from "../api/client";
import type { Problem, Template } from "../api/types";
import { t } from "../i18n/i18n";
import { startDesktop } from "../state/actions";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { ProblemNotice } from "../ui/problem";

export function OptionsDialog({ template, onClose }: { template: Template; onClose: () => void }) {
  const busy = useSignal(false);
  const problem = useSignal<Problem | null>(null);
  const submit = async (e: SubmitEvent): Promise<void> => {
    e.preventDefault();
    if (busy.value) return;
    const data = new FormData(e.currentTarget as HTMLFormElement);
    const name = String(data.get("name") ?? "").trim();
    const resolution = String(data.get("resolution") ?? "");
    const options: StartOptions = { template: template.name };
    if (name) options.name = name;
    if (resolution) options.resolution = resolution;
    busy.value = true;
    problem.value = await startDesktop(options);
    busy.value = false;
  };
  return (
    <Dialog title={t("options.title", { title: template.title })} onClose={onClose}>
      <form onSubmit={(e) => void submit(e)}>
        <div class="field">
          <label for="option-name">{t("options.name")}</label>
          <input id="option-name" name="name" class="input" maxLength={64} autocomplete="off" data-autofocus aria-describedby="option-name-hint" />
          <p id="option-name-hint" class="hint">{t("options.name_hint")}</p>
        </div>
        {template.resolutions.length > 0 && (
          <div class="field">
            <label for="option-resolution">{t("options.resolution")}</label>
            <select id="option-resolution" name="resolution" class="input">
              <option value="">{t("options.resolution.match")}</option>
              {template.resolutions.map((r) => <option key={r} value={r}>{r.replace("x", " × ")}</option>)}
            </select>
          </div>
        )}
        {problem.value && <ProblemNotice title={t("start.failed")} problem={problem.value} />}
        <div class="dialog-actions">
          <Button onClick={onClose}>{t("app.cancel")}</Button>
          <Button type="submit" kind="primary" icon="play" busy={busy.value}>{t("template.start")}</Button>
        </div>
      </form>
    </Dialog>
  );
}
