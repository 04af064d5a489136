// SPDX-License-Identifier: Apache-2.0
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

interface Props {
  open: boolean;
  onClose: () => void;
  trigger: ComponentChildren;
  children: ComponentChildren;
  label: string;
  class?: string;
}

/** A panel that belongs to a button: closes on Esc (focus back to the button) and on a click elsewhere. */
export function Popover({ open, onClose, trigger, children, label, class: extra = "" }: Props) {
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return undefined;
    const onPointer = (e: Event): void => {
      if (e.target instanceof Node && !root.current?.contains(e.target)) onClose();
    };
    document.addEventListener("pointerdown", onPointer, true);
    return () => document.removeEventListener("pointerdown", onPointer, true);
  }, [open, onClose]);
  return (
    <div
      class={`popover ${extra}`}
      ref={root}
      onKeyDown={(e) => {
        if (e.key !== "Escape" || !open) return;
        e.stopPropagation();
        onClose();
        root.current?.querySelector<HTMLElement>("[aria-expanded]")?.focus();
      }}
    >
      {trigger}
      {open && (
        <div class="popover-panel" role="group" aria-label={label}>
          {children}
        </div>
      )}
    </div>
  );
}
