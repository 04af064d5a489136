// SPDX-License-Identifier: Apache-2.0
// What opens under a tool of the bar.
import { useEffect, useRef } from "preact/hooks";
import type { Session } from "../api/types";
import { t } from "../i18n/i18n";
import { prefs, setPref } from "../state/prefs";
import { DisplayChoices, EdgeChoice } from "../pages/desktop_choices";
import { openWebEndpoint } from "../pages/web_desktop";
import { Button } from "../ui/button";
import { toast } from "../ui/messages";
import { problemText } from "../ui/problem";
import { ClipboardPanel } from "./clipboard_panel";
import { KeysPanel } from "./keys_panel";
import type { PanelName, ViewModel } from "./view_model";

function MorePanel({ vm, session, onStop }: { vm: ViewModel; session: Session; onStop: () => void }) {
  const webs = session.endpoints.filter((e) => e.protocol === "web");
  const open = async (endpoint: string): Promise<void> => {
    const problem = await openWebEndpoint(session, endpoint);
    if (problem) toast(`${t("web.failed")} ${problemText(problem)}`, { kind: "error" });
  };
  const close = (): void => {
    vm.panel.value = null;
  };
  return (
    <>
      <Button kind="quiet" class="menu-item" icon="camera" testid="screenshot" onClick={() => { vm.screenshot(); close(); }}>{t("bar.screenshot")}</Button>
      <Button
        kind="quiet" class="menu-item" icon="gauge" aria-pressed={prefs.value.statistics} testid="statistics"
        onClick={() => setPref("statistics", !prefs.value.statistics)}
      >
        {t("stats.toggle")}
      </Button>
      {!vm.viewOnly && webs.map((e) => (
        <Button key={e.name} kind="quiet" class="menu-item" icon="external-link" onClick={() => void open(e.name)}>{t("web.open")} ({e.name})</Button>
      ))}
      <EdgeChoice />
      <hr />
      <Button kind="quiet" class="menu-item" icon="unplug" testid="disconnect" title={t("bar.disconnect_hint")} onClick={() => { close(); vm.connection.disconnect(); }}>
        {t("bar.disconnect")}<span class="menu-hint">{t("bar.disconnect_hint")}</span>
      </Button>
      <Button kind="quiet" class="menu-item menu-danger" icon="power" testid="stop" onClick={() => { close(); onStop(); }}>
        {t("bar.stop")}<span class="menu-hint">{t("bar.stop_hint")}</span>
      </Button>
      <p class="hint">{t("bar.shortcut")}</p>
    </>
  );
}

export function Panel({ vm, session, name, onStop }: { vm: ViewModel; session: Session; name: PanelName; onStop: () => void }) {
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    vm.letGo();
    const first = ref.current?.querySelector<HTMLElement>("input:checked, textarea, button, input");
    first?.focus({ preventScroll: true });
  }, [name]);
  useEffect(() => {
    const onPointer = (e: Event): void => {
      if (e.target instanceof Element && !e.target.closest(".bar, dialog, .toasts")) vm.panel.value = null;
    };
    document.addEventListener("pointerdown", onPointer, true);
    return () => document.removeEventListener("pointerdown", onPointer, true);
  }, []);
  const onKeyDown = (e: KeyboardEvent): void => {
    if (e.key !== "Escape") return;
    e.stopPropagation();
    vm.panel.value = null;
    document.querySelector<HTMLElement>(`[data-testid=tool-${name}]`)?.focus();
  };
  return (
    <div class={`tool-panel tool-panel-${name}`} role="group" aria-label={t(`bar.${name}`)} ref={ref} onKeyDown={onKeyDown} data-testid={`panel-${name}`}>
      {name === "clipboard" && <ClipboardPanel vm={vm} />}
      {name === "keys" && <KeysPanel vm={vm} />}
      {name === "display" && <DisplayChoices />}
      {name === "more" && <MorePanel vm={vm} session={session} onStop={onStop} />}
    </div>
  );
}
