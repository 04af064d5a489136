// SPDX-License-Identifier: Apache-2.0
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

interface Props {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  /** role=alertdialog for questions about something that cannot be undone. */
  alert?: boolean;
}

/**
 * A modal <dialog>: the browser traps focus, makes the rest inert and closes on Esc. Focus starts on
 * the element with `autofocus` and returns to where it was, or to the page if that has gone.
 */
export function Dialog({ title, onClose, children, alert = false }: Props) {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const before = document.activeElement;
    const dialog = ref.current;
    dialog?.showModal();
    dialog?.querySelector<HTMLElement>("[data-autofocus]")?.focus();
    return () => {
      dialog?.close();
      const stays = before instanceof HTMLElement && before.isConnected;
      (stays ? before : document.getElementById("main"))?.focus({ preventScroll: !stays });
    };
  }, []);
  return (
    <dialog
      ref={ref}
      class="dialog"
      role={alert ? "alertdialog" : undefined}
      aria-labelledby={titleId}
      onCancel={(e) => {
        e.preventDefault();
        onClose();
      }}
      onClick={(e) => e.target === ref.current && onClose()}
    >
      <div class="dialog-body">
        <h2 id={titleId}>{title}</h2>
        {children}
      </div>
    </dialog>
  );
}
