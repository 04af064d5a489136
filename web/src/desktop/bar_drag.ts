// SPDX-License-Identifier: Apache-2.0
// The bar follows its handle to another edge. Dragging is one of three ways: the menu has buttons, and they take keys.
import { useEffect, useRef } from "preact/hooks";
import { t } from "../i18n/i18n";
import { setPref } from "../state/prefs";
import type { BarEdge } from "../state/prefs_store";
import { announce } from "../ui/messages";
import type { ViewModel } from "./view_model";

/** Below this it is a click with an unsteady hand. */
const dragFromPx = 12;

/** The edge a point is nearest to, by its share of the window and not by pixels: corners are cut in half. */
export function nearestEdge(x: number, y: number, width: number, height: number): BarEdge {
  const distances: [BarEdge, number][] = [
    ["top", y / height],
    ["bottom", 1 - y / height],
    ["left", x / width],
    ["right", 1 - x / width],
  ];
  return distances.reduce((best, d) => (d[1] < best[1] ? d : best))[0];
}

export function useBarDrag(vm: ViewModel) {
  const start = useRef<{ x: number; y: number } | null>(null);
  const suppressClick = useRef(false);
  const cancel = (): void => {
    start.current = null;
    vm.dragEdge.value = null;
  };
  useEffect(() => {
    const onKey = (e: KeyboardEvent): void => {
      if (e.key === "Escape" && vm.dragEdge.peek()) cancel();
    };
    window.addEventListener("keydown", onKey, true);
    return () => window.removeEventListener("keydown", onKey, true);
  }, []);
  return {
    onPointerDown: (e: PointerEvent): void => {
      if (e.button !== 0) return;
      suppressClick.current = false;
      start.current = { x: e.clientX, y: e.clientY };
      (e.currentTarget as HTMLElement).setPointerCapture(e.pointerId);
    },
    onPointerMove: (e: PointerEvent): void => {
      const from = start.current;
      if (!from) return;
      if (!vm.dragEdge.peek() && Math.hypot(e.clientX - from.x, e.clientY - from.y) < dragFromPx) return;
      vm.dragEdge.value = nearestEdge(e.clientX, e.clientY, window.innerWidth, window.innerHeight);
    },
    onPointerUp: (): void => {
      const edge = vm.dragEdge.peek();
      cancel();
      if (!edge) return;
      suppressClick.current = true;
      setPref("edge", edge);
      announce(t("bar.moved", { edge: t(`edge.${edge}`) }));
    },
    onPointerCancel: cancel,
    /** Whether the click that ends a drag is to be ignored. */
    wasDrag: (): boolean => {
      const was = suppressClick.current;
      suppressClick.current = false;
      return was;
    },
  };
}
