// SPDX-License-Identifier: Apache-2.0
// The page with the picture.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Session } from "../api/types";
import { t } from "../i18n/i18n";
import { displayName } from "../state/actions";
import { prefs } from "../state/prefs";
import { StopDialog } from "../pages/stop_dialog";
import { ServiceStrip } from "../pages/service_notice";
import { ConnectionCard } from "./connection_card";
import { ControlBar } from "./control_bar";
import { OutOfReach, RemoteCopied, Statistics, Unstable } from "./overlays";
import { TimeWarnings } from "./time_warnings";
import { useSessionTitle } from "./use_session_title";
import { ViewModel } from "./view_model";

const greetMs = 4000;

/** The bar shows itself once, from the first picture on, then makes room. */
function useGreeting(vm: ViewModel | null, connected: boolean): void {
  const greeted = useRef(false);
  useEffect(() => {
    if (!vm || !connected || greeted.current) return undefined;
    const timer = setTimeout(() => {
      greeted.current = true;
      const bar = document.querySelector("[data-testid=toolbar]");
      const used = vm.panel.peek() !== null || bar?.matches(":hover") || bar?.contains(document.activeElement);
      if (!used) vm.barOpen.value = false;
    }, greetMs);
    return () => clearTimeout(timer);
  }, [vm, connected]);
}

export function Viewer({ session }: { session: Session }) {
  useSessionTitle(session);
  const target = useRef<HTMLDivElement>(null);
  const frozen = useRef<HTMLCanvasElement>(null);
  const model = useSignal<ViewModel | null>(null);
  const stopping = useSignal(false);
  useEffect(() => {
    if (!target.current || !frozen.current) return undefined;
    const created = new ViewModel(session, target.current, frozen.current);
    model.value = created;
    created.start();
    return () => {
      created.dispose();
      model.value = null;
    };
  }, []);
  const vm = model.value;
  const phase = vm?.connection.phase.value;
  useGreeting(vm, phase?.kind === "connected");
  const name = displayName(session);
  const skip = (e: Event): void => {
    e.preventDefault();
    if (vm && !vm.barOpen.value) vm.toggleBar();
  };
  return (
    <main class={`theatre edge-${prefs.value.edge}${vm?.dragEdge.value ? ` to-${vm.dragEdge.value}` : ""}`} data-phase={phase?.kind ?? "connecting"}>
      <a class="skip-link" href="#desktop-controls" onClick={skip}>{t("desk.skip")}</a>
      <h1 class="sr-only">{name}</h1>
      <canvas class="frozen" ref={frozen} aria-hidden="true" hidden={phase?.kind === "connected" || !vm?.connection.wasConnected} />
      <div
        class={`picture mode-${prefs.value.display}`} ref={target} data-testid="desktop-canvas"
        data-width={vm?.size.value.width} data-height={vm?.size.value.height}
      />
      {vm?.dragEdge.value && <div class="edge-target" aria-hidden="true" />}
      {vm && <ControlBar vm={vm} session={session} onStop={() => (stopping.value = true)} />}
      {vm && (
        <div class="strips">
          <TimeWarnings vm={vm} session={session} />
          <ServiceStrip vm={vm} session={session} />
          {phase?.kind === "connected" && <OutOfReach session={session} />}
          {phase?.kind === "connected" && <Unstable vm={vm} />}
          <RemoteCopied vm={vm} />
        </div>
      )}
      {vm && <ConnectionCard vm={vm} session={session} />}
      {vm && prefs.value.statistics && <Statistics vm={vm} />}
      {stopping.value && <StopDialog session={session} onClose={() => (stopping.value = false)} />}
    </main>
  );
}
