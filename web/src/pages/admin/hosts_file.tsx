// SPDX-License-Identifier: Apache-2.0
// Hosts out of a hosts.yml: read, looked through, and the chosen ones added.
import { useSignal } from "@preact/signals";
import { useId, useRef } from "preact/hooks";
import type { FileHost } from "../../api/host_types";
import { hostsApi } from "../../api/hosts_client";
import type { Problem } from "../../api/types";
import { t } from "../../i18n/i18n";
import { maxFileBytes } from "../../state/hosts_file";
import { Button } from "../../ui/button";
import { ProblemNotice } from "../../ui/problem";
import { FileHosts } from "./file_hosts";

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

interface Read {
  /** Grows with each reading, so that nothing of the one before stays. */
  turn: number;
  items: FileHost[];
}

function useFile() {
  const busy = useSignal(false);
  const problem = useSignal<Problem | null>(null);
  const tooLarge = useSignal(false);
  const read = useSignal<Read | null>(null);
  const turns = useRef(0);
  const take = async (text: string): Promise<void> => {
    if (busy.value || text.trim() === "") return;
    tooLarge.value = bytesOf(text) > maxFileBytes;
    problem.value = null;
    read.value = null;
    if (tooLarge.value) return;
    busy.value = true;
    const answer = await hostsApi.readFile(text);
    busy.value = false;
    problem.value = answer.ok ? null : answer.problem;
    if (answer.ok) read.value = { turn: ++turns.current, items: answer.value.items };
  };
  return { busy, problem, tooLarge, read, take };
}

export function HostsFile() {
  const id = useId();
  const text = useRef<HTMLTextAreaElement>(null);
  const { busy, problem, tooLarge, read, take } = useFile();
  const choose = async (e: Event): Promise<void> => {
    const input = e.currentTarget as HTMLInputElement;
    const file = input.files?.[0];
    if (!file || !text.current) return;
    // More is not even looked at: it may be a disk image.
    const content = await file.slice(0, maxFileBytes + 1).text();
    // The same file can be chosen again after it was changed.
    input.value = "";
    text.current.value = content;
    await take(content);
  };
  const submit = (e: Event): void => {
    e.preventDefault();
    void take(text.current?.value ?? "");
  };
  return (
    <section class="panel-flat" aria-labelledby="hosts-file" data-testid="hosts-file">
      <h2 id="hosts-file">{t("file.title")}</h2>
      <p class="muted">{t("file.hint")}</p>
      <form class="form" onSubmit={submit}>
        <div class="field">
          <label for={`${id}-file`}>{t("file.choose")}</label>
          <input id={`${id}-file`} class="file-input" type="file" accept=".yml,.yaml,application/yaml,text/yaml,text/plain" data-testid="file-choose" onChange={(e) => void choose(e)} />
        </div>
        <div class="field">
          <label for={`${id}-text`}>{t("file.paste")}</label>
          <textarea
            id={`${id}-text`} ref={text} class="input file-text" rows={5} spellcheck={false} autocomplete="off" autocapitalize="none" data-testid="file-text"
            aria-invalid={tooLarge.value || undefined} aria-describedby={tooLarge.value ? `${id}-large` : undefined} placeholder={"workspace_hosts:\n  - hostname: …"}
          />
          {tooLarge.value && <p id={`${id}-large`} class="hint hint-error" role="alert">{t("file.too_large")}</p>}
        </div>
        {problem.value && <ProblemNotice title={t("file.failed")} problem={problem.value} detailed />}
        <div class="actions"><Button type="submit" icon="list-checks" busy={busy.value} testid="file-read">{t("file.read")}</Button></div>
      </form>
      {read.value?.items.length === 0 && <p class="quiet-line" role="status">{t("file.empty")}</p>}
      {read.value && read.value.items.length > 0 && <FileHosts key={read.value.turn} items={read.value.items} />}
    </section>
  );
}
