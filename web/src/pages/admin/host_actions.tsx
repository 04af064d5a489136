// SPDX-License-Identifier: Apache-2.0
// What can be done to a host. Reversible things are done at once, with a way back in the message.
import { useSignal } from "@preact/signals";
import type { Answer } from "../../api/request";
import type { Host } from "../../api/host_types";
import { hostsApi } from "../../api/hosts_client";
import { t } from "../../i18n/i18n";
import { isOut } from "../../state/host_view";
import { putHost } from "../../state/hosts";
import { Button } from "../../ui/button";
import { announce, toast } from "../../ui/messages";
import { problemText } from "../../ui/problem";
import { EditDialog, MaintenanceDialog, RemoveDialog } from "./host_dialogs";
import { remainingText } from "./host_parts";
import { TestDialog } from "./host_test";

/** Takes the answer into the store; says so when there is none. */
export function takeHost(answer: Answer<Host>): Host | null {
  if (answer.ok) {
    putHost(answer.value);
    return answer.value;
  }
  toast(`${t("host.action_failed")} ${problemText(answer.problem)}`, { kind: "error" });
  return null;
}

async function resume(host: Host): Promise<void> {
  if (takeHost(await hostsApi.resume(host.name))) toast(t("host.resumed_note", { name: host.name }));
}

async function drain(host: Host): Promise<void> {
  const drained = takeHost(await hostsApi.drain(host.name));
  if (!drained) return;
  const text = `${t("host.drained_note", { name: host.name })} ${remainingText(drained)}`;
  toast(text, { ms: 10_000, action: { label: t("host.resume"), run: () => void resume(host) } });
  announce(text);
}

function useBusy() {
  const busy = useSignal<string | null>(null);
  const run = (name: string, work: () => Promise<unknown>) => async (): Promise<void> => {
    busy.value = name;
    await work();
    busy.value = null;
  };
  return { busy, run };
}

function DrainOrResume({ host, small }: { host: Host; small?: boolean }) {
  const { busy, run } = useBusy();
  const out = isOut(host);
  return (
    <Button
      small={small ?? false} icon={out ? "play" : "circle-arrow-down"} busy={busy.value !== null} testid={out ? "resume" : "drain"}
      onClick={() => void run("mode", () => (out ? resume(host) : drain(host)))()}
    >
      {out ? t("host.resume") : t("host.drain")}
    </Button>
  );
}

/** On the card: what is needed often. The rest is on the host's own page. */
export function QuickActions({ host }: { host: Host }) {
  const testing = useSignal(false);
  return (
    <div class="actions">
      <Button small icon="list-checks" testid="test" onClick={() => (testing.value = true)}>{t("host.test")}</Button>
      <DrainOrResume host={host} small />
      {testing.value && <TestDialog host={host} onClose={() => (testing.value = false)} />}
    </div>
  );
}

type Open = "test" | "edit" | "maintain" | "remove" | null;

export function AllActions({ host }: { host: Host }) {
  const open = useSignal<Open>(null);
  const close = (): void => {
    open.value = null;
  };
  return (
    <div class="actions">
      <Button kind="primary" icon="list-checks" testid="test" onClick={() => (open.value = "test")}>{t("host.test")}</Button>
      <DrainOrResume host={host} />
      {host.state !== "maintenance" && <Button icon="wrench" testid="maintain" onClick={() => (open.value = "maintain")}>{t("host.maintain")}</Button>}
      <Button icon="pencil" testid="edit" onClick={() => (open.value = "edit")}>{t("host.edit")}</Button>
      <Button kind="quiet" icon="trash-2" testid="remove" onClick={() => (open.value = "remove")}>{t("host.remove")}</Button>
      {open.value === "test" && <TestDialog host={host} onClose={close} />}
      {open.value === "maintain" && <MaintenanceDialog host={host} onClose={close} />}
      {open.value === "edit" && <EditDialog host={host} onClose={close} />}
      {open.value === "remove" && <RemoveDialog host={host} onDrain={() => void drain(host)} onClose={close} />}
    </div>
  );
}
