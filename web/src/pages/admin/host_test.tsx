// SPDX-License-Identifier: Apache-2.0
// The checklist of a test: every step of the way to the engine, with its time and what helps.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Host, TestStep } from "../../api/host_types";
import { hostsApi } from "../../api/hosts_client";
import type { Problem } from "../../api/types";
import { t, tMaybe } from "../../i18n/i18n";
import { putHost } from "../../state/hosts";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { Icon } from "../../ui/icon";
import type { IconName } from "../../ui/icon_names";
import { announce } from "../../ui/messages";
import { ProblemNotice } from "../../ui/problem";

const icons: Record<TestStep["state"], IconName> = { ok: "check", failed: "x", skipped: "circle-minus" };
const stageOf: Record<TestStep["state"], string> = { ok: "done", failed: "failed", skipped: "pending" };

/** Our words for a step of a known name, else the server's. */
const titleOf = (step: TestStep): string => tMaybe(`step.${step.name}`) ?? step.title;

function Step({ step }: { step: TestStep }) {
  return (
    <li class={`stage stage-${stageOf[step.state]}`} data-testid="test-step" data-step={step.name} data-state={step.state}>
      <span class="stage-mark"><Icon name={icons[step.state]} size={15} /></span>
      <span class="stage-text">
        <span class="stage-name">{titleOf(step)}</span>
        <span class="sr-only">, {t(`host.test.state.${step.state}`)}</span>
        {step.text && <span class="stage-detail">{step.text}</span>}
      </span>
      <span class="stage-time">{step.ms === null || step.state === "skipped" ? "" : t("host.ms", { n: step.ms })}</span>
      {step.state === "failed" && step.remedy && (
        <span class="remedy"><strong>{t("host.test.remedy")}:</strong> {step.remedy}</span>
      )}
    </li>
  );
}

function summary(steps: TestStep[]): string {
  const failed = steps.find((s) => s.state === "failed");
  return failed ? t("host.test.failed", { step: titleOf(failed) }) : t("host.test.ok");
}

export function TestDialog({ host, onClose }: { host: Host; onClose: () => void }) {
  const steps = useSignal<TestStep[] | null>(null);
  const problem = useSignal<Problem | null>(null);
  const busy = useSignal(false);
  const run = async (): Promise<void> => {
    busy.value = true;
    problem.value = null;
    const answer = await hostsApi.test(host.name);
    busy.value = false;
    if (!answer.ok) {
      problem.value = answer.problem;
      return;
    }
    steps.value = answer.value.steps;
    putHost(answer.value.host);
    announce(summary(answer.value.steps));
  };
  useEffect(() => void run(), []);
  const failed = steps.value?.some((s) => s.state === "failed");
  return (
    <Dialog title={t("host.test.title", { name: host.name })} onClose={onClose}>
      {busy.value && <p class="working" role="status"><span class="spinner" aria-hidden="true" /> {t("host.test.running")}</p>}
      {problem.value && <ProblemNotice title={t("host.action_failed")} problem={problem.value} detailed />}
      {steps.value && !busy.value && (
        <p class={failed ? "notice notice-error" : "notice notice-ok"} data-testid="test-summary">
          <Icon name={failed ? "circle-alert" : "circle-check"} size={20} /><span>{summary(steps.value)}</span>
        </p>
      )}
      {steps.value && <ol class={busy.value ? "stages stages-dense stale" : "stages stages-dense"}>{steps.value.map((s) => <Step key={s.name} step={s} />)}</ol>}
      <div class="dialog-actions">
        <Button icon="rotate-cw" busy={busy.value} testid="test-again" onClick={() => void run()}>{t("host.test.again")}</Button>
        <Button kind="primary" data-autofocus onClick={onClose}>{t("app.close")}</Button>
      </div>
    </Dialog>
  );
}
