// SPDX-License-Identifier: Apache-2.0
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

interface KeyboardLock {
  lock?: (codes?: string[]) => Promise<void>;
  unlock?: () => void;
}

const keyboard = (): KeyboardLock | undefined => (navigator as Navigator & { keyboard?: KeyboardLock }).keyboard;

/** The whole document, so that dialogs and messages stay visible too. */
export async function toggleFullscreen(): Promise<void> {
  if (document.fullscreenElement) {
    keyboard()?.unlock?.();
    await document.exitFullscreen().catch(() => undefined);
    return;
  }
  await document.documentElement.requestFullscreen({ navigationUI: "hide" }).catch(() => undefined);
  // Where the browser has it: Alt+Tab and the like go to the desktop. Holding Esc always leaves.
  await keyboard()?.lock?.().catch(() => undefined);
}

export function useFullscreen(): boolean {
  const full = useSignal(document.fullscreenElement !== null);
  useEffect(() => {
    const onChange = (): void => {
      full.value = document.fullscreenElement !== null;
    };
    document.addEventListener("fullscreenchange", onChange);
    return () => document.removeEventListener("fullscreenchange", onChange);
  }, []);
  return full.value;
}
