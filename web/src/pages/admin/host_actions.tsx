// SPDX-License-Identifier: Apache-2.0
// What can be done to a host. What can be taken back is done with two clicks at most.
import { useSignal } from "@preact/signals";
import type { Host } from "../../api/host_types";
import { t } from "../../i18n/i18n";
import { isOut } from "../../state/host_view";
import { Button } from "../../ui/button";
import { DrainDialog } from "./drain_dialog";
import { EditDialog, MaintenanceDialog, RemoveDialog } from "./host_dialogs";
import { drainAtOnce, resume } from "./host_modes";
import { TestDialog } from "./host_test";

function DrainOrResume({ host, small = false, onDrain }: { host: Host; small?: boolean; onDrain: () => void }) {
  const busy = useSignal(false);
  if (!isOut(host)) return <Button small={small} icon="circle-arrow-down" testid="drain" onClick={onDrain}>{t("host.drain")}</Button>;
  const back = async (): Promise<void> => {
    busy.value = true;
    await resume(host);
    busy.value = false;
  };
  return <Button small={small} icon="play" busy={busy.value} testid="resume" onClick={() => void back()}>{t("host.resume")}</Button>;
}

type Open = "test" | "drain" | "edit" | "maintain" | "remove" | null;

function useOpen() {
  const open = useSignal<Open>(null);
  const show = (what: Open) => (): void => {
    open.value = what;
  };
  return { open: open.value, show, close: show(null) };
}

/** On the card: what is needed often. The rest is on the host's own page. */
export function QuickActions({ host }: { host: Host }) {
  const { open, show, close } = useOpen();
  return (
    <div class="actions">
      <Button small icon="list-checks" testid="test" onClick={show("test")}>{t("host.test")}</Button>
      <DrainOrResume host={host} small onDrain={show("drain")} />
      {open === "test" && <TestDialog host={host} onClose={close} />}
      {open === "drain" && <DrainDialog host={host} onClose={close} />}
    </div>
  );
}

export function AllActions({ host }: { host: Host }) {
  const { open, show, close } = useOpen();
  return (
    <div class="actions">
      <Button kind="primary" icon="list-checks" testid="test" onClick={show("test")}>{t("host.test")}</Button>
      <DrainOrResume host={host} onDrain={show("drain")} />
      {host.state === "draining" && <Button icon="send" testid="drain-change" onClick={show("drain")}>{t("drain.change")}</Button>}
      {host.state !== "maintenance" && <Button icon="wrench" testid="maintain" onClick={show("maintain")}>{t("host.maintain")}</Button>}
      <Button icon="pencil" testid="edit" onClick={show("edit")}>{t("host.edit")}</Button>
      <Button kind="quiet" icon="trash-2" testid="remove" onClick={show("remove")}>{t("host.remove")}</Button>
      {open === "test" && <TestDialog host={host} onClose={close} />}
      {open === "drain" && <DrainDialog host={host} onClose={close} />}
      {open === "maintain" && <MaintenanceDialog host={host} onClose={close} />}
      {open === "edit" && <EditDialog host={host} onClose={close} />}
      {open === "remove" && <RemoveDialog host={host} onDrain={() => void drainAtOnce(host)} onClose={close} />}
    </div>
  );
}
