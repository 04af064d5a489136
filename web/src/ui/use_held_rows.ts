// SPDX-License-Identifier: Apache-2.0
// While somebody aims at a row it stays where it is: what a live update changed is sorted in when the pointer leaves or rests.
import { useEffect, useRef, useState } from "preact/hooks";
import { keepPlaces } from "./sorting";

/** Who has not moved for so long is reading, or gone. */
const restMs = 5000;

/** The rows to show, and what their body must listen to. `order` names how they are sorted; another one releases them. */
export function useHeldRows<Row>(rows: readonly Row[], order: string, key: (row: Row) => string) {
  const [held, hold] = useState<{ order: string; keys: string[] } | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const isHeld = held?.order === order;
  const shown = isHeld ? keepPlaces(rows, held.keys, key) : rows;
  const release = (): void => {
    clearTimeout(timer.current);
    hold(null);
  };
  const aim = (): void => {
    clearTimeout(timer.current);
    timer.current = setTimeout(release, restMs);
    if (!isHeld) hold({ order, keys: shown.map(key) });
  };
  return { shown, listeners: { onPointerEnter: aim, onPointerMove: aim, onPointerLeave: release } };
}
