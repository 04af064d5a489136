// SPDX-License-Identifier: Apache-2.0
// The handle at the edge and the toolbar behind it.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Session } from "../api/types";
import { t } from "../i18n/i18n";
import { displayName, extendSession } from "../state/actions";
import { duration } from "../state/format";
import { mayExtend } from "../state/lease";
import { prefs } from "../state/prefs";
import { Button } from "../ui/button";
import { Icon } from "../ui/icon";
import type { IconName } from "../ui/icon_names";
import { msLeft, TimeLeft, urgency } from "../ui/time_left";
import { useBarDrag } from "./bar_drag";
import { toggleFullscreen, useFullscreen } from "./fullscreen";
import { Panel } from "./panels";
import type { PanelName, ViewModel } from "./view_model";

const hideAfterMs = 2000;

const panels: { name: PanelName; icon: IconName }[] = [
  { name: "clipboard", icon: "clipboard" },
  { name: "keys", icon: "keyboard" },
  { name: "display", icon: "scaling" },
  { name: "more", icon: "ellipsis" },
];

/** Left and right, or up and down, move among the tools; Home and End to the ends. */
function moveFocus(e: KeyboardEvent, toolbar: HTMLElement): void {
  const steps: Record<string, number> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
  const tools = [...toolbar.querySelectorAll<HTMLElement>("[data-tool]:not(:disabled)")];
  const at = tools.indexOf(document.activeElement as HTMLElement);
  const step = steps[e.key];
  const to = e.key === "Home" ? 0 : e.key === "End" ? tools.length - 1 : step === undefined || at < 0 ? -1 : (at + step + tools.length) % tools.length;
  if (to < 0) return;
  e.preventDefault();
  tools[to]?.focus();
}

function useAutoHide(vm: ViewModel, root: { current: HTMLElement | null }, attention: boolean) {
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const stay = (): void => clearTimeout(timer.current);
  const leave = (): void => {
    stay();
    timer.current = setTimeout(() => {
      const focused = root.current?.contains(document.activeElement) ?? false;
      if (!focused && vm.panel.peek() === null && !attention) vm.barOpen.value = false;
    }, hideAfterMs);
  };
  useEffect(() => stay, []);
  return { stay, leave };
}

function ExtendTool({ session, vm, tabIndex, onFocus }: { session: Session; vm: ViewModel; tabIndex: number; onFocus: () => void }) {
  const busy = useSignal(false);
  if (session.deadline === null || session.lease.extension_s <= 0 || vm.viewOnly) return null;
  const none = !mayExtend(session);
  const run = async (): Promise<void> => {
    busy.value = true;
    await extendSession(session);
    busy.value = false;
  };
  const label = none ? t("card.no_extension") : t("bar.extend_by", { time: duration(session.lease.extension_s) });
  return (
    <Button
      kind="quiet" icon="timer" testid="extend" busy={busy.value} disabled={none} class="tool" data-tool
      tabIndex={tabIndex} onFocus={onFocus} title={label} aria-label={label} onClick={() => void run()}
    >
      {t("bar.extend")}
    </Button>
  );
}

interface ToolbarProps {
  vm: ViewModel;
  session: Session;
}

function Toolbar({ vm, session }: ToolbarProps) {
  const ref = useRef<HTMLDivElement>(null);
  const current = useSignal("clipboard");
  const full = useFullscreen();
  const tool = (name: string) => ({ "data-tool": name, tabIndex: current.value === name ? 0 : -1, onFocus: () => (current.value = name) });
  const connected = vm.connection.phase.value.kind === "connected";
  const onKeyDown = (e: KeyboardEvent): void => {
    if (e.key === "Escape") vm.closeBar();
    else if (ref.current) moveFocus(e, ref.current);
  };
  const { tabIndex, onFocus } = tool("extend");
  return (
    <div
      class="toolbar" role="toolbar" data-testid="toolbar" aria-label={t("desk.toolbar")} ref={ref} onKeyDown={onKeyDown}
      aria-orientation={/left|right/.test(prefs.value.edge) ? "vertical" : "horizontal"}
    >
      <span class="bar-name">
        <span class={connected ? "live-dot dot-ok" : "live-dot dot-wait"} aria-hidden="true" />
        <span class="bar-title">{displayName(session)}</span>
        {vm.viewOnly && <span class="chip chip-muted">{t("desk.view_only")}</span>}
      </span>
      <span class="bar-time"><TimeLeft session={session} bare /></span>
      <ExtendTool session={session} vm={vm} tabIndex={tabIndex} onFocus={onFocus} />
      <span class="bar-rule" aria-hidden="true" />
      {panels.slice(0, 3).map((p) => <PanelTool key={p.name} vm={vm} panel={p} {...tool(p.name)} />)}
      <Button
        kind="quiet" class="tool" icon={full ? "minimize" : "maximize"} testid="fullscreen" {...tool("fullscreen")}
        title={full ? t("bar.fullscreen_leave") : t("bar.fullscreen")} onClick={() => void toggleFullscreen()}
      >
        {full ? t("bar.fullscreen_leave") : t("bar.fullscreen")}
      </Button>
      {panels.slice(3).map((p) => <PanelTool key={p.name} vm={vm} panel={p} {...tool(p.name)} />)}
    </div>
  );
}

function PanelTool({ vm, panel, ...rest }: { vm: ViewModel; panel: { name: PanelName; icon: IconName }; tabIndex: number; onFocus: () => void }) {
  const open = vm.panel.value === panel.name;
  return (
    <Button
      {...rest} kind="quiet" class="tool" icon={panel.icon} testid={`tool-${panel.name}`} aria-expanded={open}
      title={t(`bar.${panel.name}`)} onClick={() => (vm.panel.value = open ? null : panel.name)}
    >
      {t(`bar.${panel.name}`)}
    </Button>
  );
}

export function ControlBar({ vm, session, onStop }: ToolbarProps & { onStop: () => void }) {
  const root = useRef<HTMLDivElement>(null);
  const open = vm.barOpen.value;
  const attention = urgency(msLeft(session)) === "now";
  const { stay, leave } = useAutoHide(vm, root, attention);
  const panel = vm.panel.value;
  const { wasDrag, ...drag } = useBarDrag(vm);
  return (
    <div class={open ? "bar bar-open" : "bar"} id="desktop-controls" ref={root} onPointerEnter={stay} onPointerLeave={leave} onFocusOut={leave}>
      {open && <Toolbar vm={vm} session={session} />}
      <div class="bar-far">
        {open && panel && <Panel vm={vm} session={session} name={panel} onStop={onStop} />}
        <button
          type="button" class={`handle time-${urgency(msLeft(session))}`} data-testid="toolbar-handle" aria-expanded={open}
          aria-label={open ? t("desk.handle.close") : t("desk.handle.open")} title={t("bar.drag_hint")}
          {...drag} onClick={() => wasDrag() || vm.toggleBar()}
        >
          {open ? <Icon name="chevron-down" size={16} /> : <><span class="grip" aria-hidden="true" /><TimeLeft session={session} bare /></>}
        </button>
      </div>
    </div>
  );
}
