// SPDX-License-Identifier: Apache-2.0
// The checklist of a test, as it goes on: every step of the way to the engine, with its time and what helps.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
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

/** What is done next is known to the server alone. */
function NextStep() {
  return (
    <li class="stage stage-active" data-testid="test-next">
      <span class="stage-mark"><span class="spinner" aria-hidden="true" /></span>
      <span class="stage-text"><span class="stage-name">{t("host.test.next")}</span></span>
    </li>
  );
}

/** Runs when it is shown, and again when asked; what is under way is left when it goes. */
function useTest(host: Host) {
  const steps = useSignal<TestStep[]>([]);
  const problem = useSignal<Problem | null>(null);
  const busy = useSignal(true);
  const leave = useRef(new AbortController());
  const run = async (): Promise<void> => {
    busy.value = true;
    problem.value = null;
    steps.value = [];
    leave.current = new AbortController();
    const { signal } = leave.current;
    const answer = await hostsApi.test(host.name, (step) => (steps.value = [...steps.value, step]), signal);
    if (signal.aborted) return;
    busy.value = false;
    if (!answer.ok) {
      problem.value = answer.problem;
      return;
    }
    steps.value = answer.value.steps;
    putHost(answer.value.host);
    announce(summary(answer.value.steps));
  };
  useEffect(() => {
    void run();
    return () => leave.current.abort();
  }, []);
  return { steps: steps.value, problem: problem.value, busy: busy.value, run: () => void run() };
}

export function TestDialog({ host, onClose }: { host: Host; onClose: () => void }) {
  const { steps, problem, busy, run } = useTest(host);
  const failed = steps.some((s) => s.state === "failed");
  const isOver = !busy && !problem;
  return (
    <Dialog title={t("host.test.title", { name: host.name })} onClose={onClose}>
      {busy && <p class="working" role="status">{t("host.test.running")}</p>}
      {problem && <ProblemNotice title={t("host.action_failed")} problem={problem} detailed />}
      {isOver && (
        <p class={failed ? "notice notice-error" : "notice notice-ok"} data-testid="test-summary">
          <Icon name={failed ? "circle-alert" : "circle-check"} size={20} /><span>{summary(steps)}</span>
        </p>
      )}
      <ol class="stages stages-dense" aria-live={busy ? "polite" : "off"}>
        {steps.map((s, i) => <Step key={`${i} ${s.name}`} step={s} />)}
        {busy && <NextStep />}
      </ol>
      <div class="dialog-actions">
        <Button icon="rotate-cw" busy={busy} testid="test-again" onClick={run}>{t("host.test.again")}</Button>
        <Button kind="primary" data-autofocus onClick={onClose}>{t("app.close")}</Button>
      </div>
    </Dialog>
  );
}
