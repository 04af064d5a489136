// SPDX-License-Identifier: Apache-2.0
// The hosts that a file names: chosen, added one after the other, each with its result.
import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { FileHost, NewHost } from "../../api/host_types";
import { hostsApi } from "../../api/hosts_client";
import { t } from "../../i18n/i18n";
import { hostPath } from "../../router";
import { putHost } from "../../state/hosts";
import { addChosen, canBeAdded, countOf, type Outcome } from "../../state/hosts_file";
import { Button } from "../../ui/button";
import { Link } from "../../ui/link";
import { announce } from "../../ui/messages";
import { problemText } from "../../ui/problem";
import { ConfirmKey } from "./confirm_key";

async function add(host: NewHost): Promise<Outcome> {
  const answer = await hostsApi.add(host);
  if (answer.ok) {
    putHost(answer.value);
    return { state: "added", name: answer.value.name };
  }
  const { problem } = answer;
  if (problem.code === "host_key_unknown" && problem.host_key) return { state: "asked", ...problem.host_key };
  return { state: "not_added", problem };
}

const kinds: Record<Outcome["state"], string> = { waiting: "muted", adding: "busy", asked: "busy", left_out: "muted", added: "ok", not_added: "bad" };

/** How it stands with one; a key is confirmed right here. */
function Result({ outcome, onAnswer }: { outcome: Outcome; onAnswer: (yes: boolean) => void }) {
  const place = useRef<HTMLDivElement>(null);
  const isAsked = outcome.state === "asked";
  useEffect(() => {
    if (isAsked) place.current?.querySelector<HTMLElement>("[data-testid=confirm-key-cancel]")?.focus();
  }, [isAsked]);
  return (
    <div class="file-result" ref={place} data-testid="file-result" data-state={outcome.state}>
      <span class={`chip chip-${kinds[outcome.state]}`}>{t(`file.${outcome.state}`)}</span>
      {outcome.state === "added" && <Link href={hostPath(outcome.name)}>{outcome.name}</Link>}
      {outcome.state === "not_added" && <span class="hint hint-error">{problemText(outcome.problem)} {outcome.problem.detail}</span>}
      {outcome.state === "asked" && <ConfirmKey shown={outcome} busy={false} cancelLabel={t("file.skip")} onConfirm={() => onAnswer(true)} onCancel={() => onAnswer(false)} />}
    </div>
  );
}

interface RowProps {
  item: FileHost;
  isChosen: boolean;
  isBusy: boolean;
  onChoose: (yes: boolean) => void;
  outcome: Outcome | undefined;
  onAnswer: (yes: boolean) => void;
}

function Row({ item, isChosen, isBusy, onChoose, outcome, onAnswer }: RowProps) {
  const { name, endpoint, problem, imported_as: there } = item;
  const canChoose = canBeAdded(item) && (outcome === undefined || outcome.state === "left_out" || outcome.state === "not_added");
  return (
    <li class="context" data-testid="file-host" data-name={name}>
      {canChoose && <input type="checkbox" class="check" checked={isChosen} disabled={isBusy} aria-label={t("file.chosen", { name })} onChange={(e) => onChoose(e.currentTarget.checked)} />}
      <span class="context-text">
        <strong>{name}</strong><code>{endpoint}</code>
        {problem !== null && <span class="hint hint-error">{problem}</span>}
      </span>
      {there !== null && <span class="muted">{t("add.imported")} <Link href={hostPath(there)}>{there}</Link></span>}
      {outcome && <Result outcome={outcome} onAnswer={onAnswer} />}
    </li>
  );
}

/** Only what may still be added is chosen. */
function useAdding(items: FileHost[], outcomes: Signal<ReadonlyMap<number, Outcome>>) {
  const chosen = useSignal<ReadonlySet<number>>(new Set(items.flatMap((item, i) => (canBeAdded(item) ? [i] : []))));
  const busy = useSignal(false);
  const answer = useRef<(yes: boolean) => void>(() => undefined);
  const tell = (index: number, outcome: Outcome): void => {
    outcomes.value = new Map(outcomes.value).set(index, outcome);
  };
  const choose = (index: number, yes: boolean): void => {
    const next = new Set(chosen.value);
    if (yes) next.add(index);
    else next.delete(index);
    chosen.value = next;
  };
  const run = async (): Promise<void> => {
    const wanted = [...chosen.value].sort((a, b) => a - b);
    busy.value = true;
    await addChosen(items, wanted, { add, tell, confirm: () => new Promise((resolve) => (answer.current = resolve)) });
    busy.value = false;
    chosen.value = new Set();
    announce(t("file.done", countOf(outcomes.value.values())));
  };
  return { chosen, busy, choose, run, onAnswer: (yes: boolean) => answer.current(yes) };
}

export function FileHosts({ items }: { items: FileHost[] }) {
  const outcomes = useSignal<ReadonlyMap<number, Outcome>>(new Map());
  const { chosen, busy, choose, run, onAnswer } = useAdding(items, outcomes);
  const head = useRef<HTMLHeadingElement>(null);
  const answered = (yes: boolean): void => {
    // The question goes, and the focus would go with it.
    head.current?.focus({ preventScroll: true });
    onAnswer(yes);
  };
  const isOver = !busy.value && outcomes.value.size > 0;
  const count = chosen.value.size;
  return (
    <>
      <h3 class="small-head" ref={head} tabIndex={-1}>{t("file.list")}</h3>
      <ul class="contexts">
        {items.map((item, i) => (
          <Row
            key={i} item={item} isChosen={chosen.value.has(i)} isBusy={busy.value} outcome={outcomes.value.get(i)}
            onChoose={(yes) => choose(i, yes)} onAnswer={answered}
          />
        ))}
      </ul>
      {isOver && <p data-testid="file-done">{t("file.done", countOf(outcomes.value.values()))}</p>}
      {items.some(canBeAdded) && (
        <div class="actions">
          <Button kind="primary" icon="plus" busy={busy.value} disabled={count === 0} testid="file-add" onClick={() => void run()}>{count === 0 ? t("file.add_none") : t("file.add", { count })}</Button>
        </div>
      )}
    </>
  );
}
