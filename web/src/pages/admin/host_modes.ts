// SPDX-License-Identifier: Apache-2.0
// Draining a host and taking it back: done at once, with a way back in the message.
import type { Answer } from "../../api/request";
import type { Host } from "../../api/host_types";
import { hostsApi } from "../../api/hosts_client";
import { t } from "../../i18n/i18n";
import { putHost } from "../../state/hosts";
import { announce, toast } from "../../ui/messages";
import { problemText } from "../../ui/problem";
import { remainingText } from "./host_parts";

/** Takes the answer into the store; says so when there is none. */
function takeHost(answer: Answer<Host>): Host | null {
  if (answer.ok) {
    putHost(answer.value);
    return answer.value;
  }
  toast(`${t("host.action_failed")} ${problemText(answer.problem)}`, { kind: "error" });
  return null;
}

export async function resume(host: Host): Promise<void> {
  if (takeHost(await hostsApi.resume(host.name))) toast(t("host.resumed_note", { name: host.name }));
}

export function sayDrained(host: Host): void {
  const text = `${t("host.drained_note", { name: host.name })} ${remainingText(host)}`;
  toast(text, { ms: 10_000, action: { label: t("host.resume"), run: () => void resume(host) } });
  announce(text);
}

/** Without a question and without a word to anybody. */
export async function drainAtOnce(host: Host): Promise<void> {
  const drained = takeHost(await hostsApi.drain(host.name));
  if (drained) sayDrained(drained);
}
