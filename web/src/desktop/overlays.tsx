// SPDX-License-Identifier: Apache-2.0
import type { Session } from "../api/types";
import { region, t } from "../i18n/i18n";
import { isOutOfReach } from "../pages/session_card";
import { Button, IconButton } from "../ui/button";
import { Icon } from "../ui/icon";
import { toast } from "../ui/messages";
import type { ViewModel } from "./view_model";

/** "Copied on the desktop": the click on it is what browsers ask for before they let a page copy. */
export function RemoteCopied({ vm }: { vm: ViewModel }) {
  const { waiting, level } = vm.clipboard;
  if (!waiting.value || level.value === "manual" || vm.panel.value === "clipboard" || vm.viewOnly) return null;
  const copy = async (): Promise<void> => {
    if (await vm.clipboard.copyHere()) toast(t("app.copied"), { ms: 2000 });
    else vm.panel.value = "clipboard";
    vm.focusPicture();
  };
  return (
    <div class="copied-chip" role="status" data-testid="remote-copied">
      <Icon name="clipboard" size={16} />
      <span>{t("clip.remote_copied")}</span>
      <Button small kind="primary" onClick={() => void copy()}>{t("clip.copy")}</Button>
      <IconButton small icon="x" label={t("app.close")} onClick={() => { waiting.value = false; vm.focusPicture(); }} />
    </div>
  );
}

/** The picture may stand still: said, so that nobody believes that the desktop is gone. */
export function OutOfReach({ session }: { session: Session }) {
  if (!isOutOfReach(session)) return null;
  return (
    <div class="strip" role="status" data-testid="no-answer">
      <Icon name="hourglass" size={20} />
      <p>{t("card.no_answer")}</p>
    </div>
  );
}

export function Unstable({ vm }: { vm: ViewModel }) {
  if (!vm.connection.traffic.unstable.value) return null;
  return <p class="hint-chip" role="status"><Icon name="activity" size={15} />{t("desk.unstable")}</p>;
}

export function Statistics({ vm }: { vm: ViewModel }) {
  const { inBps, outBps, messages, rttMs } = vm.connection.traffic.rates.value;
  const { width, height } = vm.size.value;
  const number = (n: number): string => n.toLocaleString(region.value, { maximumFractionDigits: 2 });
  const rows: [string, string][] = [
    [t("stats.in"), t("stats.mbit", { n: number(inBps / 1e6) })],
    [t("stats.out"), t("stats.mbit", { n: number(outBps / 1e6) })],
    [t("stats.updates"), t("stats.per_second", { n: messages })],
    [t("stats.rtt"), rttMs === null ? "–" : t("stats.ms", { n: rttMs })],
    [t("stats.size"), `${width} × ${height}`],
  ];
  return (
    <dl class="statistics" aria-label={t("stats.toggle")}>
      {rows.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}
    </dl>
  );
}
