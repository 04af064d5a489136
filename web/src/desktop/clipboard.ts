// SPDX-License-Identifier: Apache-2.0
// Text between the two clipboards, as far as this browser lets it go by itself.
//
// Three levels: automatic (Chromium with permission), with shortcut (a paste event carries the text),
// by hand (the box in the panel). Each works without the one above it.
import { signal } from "@preact/signals";
import type RFB from "@novnc/novnc";
import { modifiers } from "./keysyms";

export type ClipboardLevel = "automatic" | "shortcut" | "manual";

/** TigerVNC's own default limit. */
export const clipboardLimit = 256 * 1024;
const pasteEventMs = 250;

/** Cuts to the limit without splitting a character. */
export function cutToLimit(text: string, limit = clipboardLimit): { text: string; cut: boolean } {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= limit) return { text, cut: false };
  let end = limit;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return { text: new TextDecoder().decode(bytes.slice(0, end)), cut: true };
}

export class ClipboardBridge {
  readonly level = signal<ClipboardLevel>("manual");
  /** May become automatic if the person agrees. */
  readonly canAsk = signal(false);
  /** What was last copied on the desktop. */
  readonly remote = signal("");
  /** The desktop copied something that did not reach this browser's clipboard yet. */
  readonly waiting = signal(false);
  readonly wasCut = signal(false);
  private lastSent: string | null = null;

  constructor(private readonly rfb: () => RFB | null) {}

  async start(): Promise<void> {
    const readable = typeof navigator.clipboard?.readText === "function";
    this.level.value = readable || "onpaste" in document ? "shortcut" : "manual";
    if (!readable) return;
    try {
      // Only Chromium knows this permission; the others throw, and stay with the shortcut.
      const status = await navigator.permissions.query({ name: "clipboard-read" as PermissionName });
      const apply = (): void => {
        this.level.value = status.state === "granted" ? "automatic" : "shortcut";
        this.canAsk.value = status.state === "prompt";
      };
      status.onchange = apply;
      apply();
    } catch {
      // Stays as it is.
    }
  }

  /** Asks the browser for permission; needs a click. */
  async allow(): Promise<void> {
    await navigator.clipboard.readText().then((text) => this.send(text), () => undefined);
  }

  /** Local clipboard to the desktop, when the person comes back to the picture. */
  async onFocus(): Promise<void> {
    if (this.level.value !== "automatic" || !document.hasFocus()) return;
    await navigator.clipboard.readText().then((text) => text !== this.remote.value && this.send(text), () => undefined);
  }

  send(text: string): void {
    const rfb = this.rfb();
    if (!rfb || text === "" || text === this.lastSent) return;
    this.sendAgain(text);
  }

  /** Sends even what was sent before: the person pressed a button. */
  sendAgain(text: string): void {
    const { text: fits, cut } = cutToLimit(text);
    this.wasCut.value = cut;
    this.lastSent = text;
    this.rfb()?.clipboardPasteFrom(fits);
  }

  /** The desktop copied: take it, and put it on this browser's clipboard where that is allowed. */
  onRemote(text: string): void {
    this.remote.value = text;
    this.lastSent = null;
    if (this.level.value === "automatic" && document.hasFocus()) {
      void navigator.clipboard.writeText(text).then(() => (this.waiting.value = false), () => (this.waiting.value = true));
    } else {
      this.waiting.value = true;
    }
  }

  /** Puts the desktop's text on this clipboard; needs a click. False if the browser refused. */
  async copyHere(): Promise<boolean> {
    const ok = await (navigator.clipboard?.writeText(this.remote.value) ?? Promise.reject(new Error())).then(() => true, () => false);
    if (ok) this.waiting.value = false;
    return ok;
  }

  forgetConnection(): void {
    this.lastSent = null;
  }

  /**
   * Ctrl/Cmd+V on the picture. The key is held back until the browser's paste event brought the text,
   * so that the desktop never pastes what was on its clipboard before.
   */
  holdPaste(e: KeyboardEvent): boolean {
    const paste = (e.ctrlKey || e.metaKey) && !e.altKey && e.key.toLowerCase() === "v";
    if (!paste || e.repeat || this.level.value === "manual") return false;
    const shift = e.shiftKey;
    const meta = e.metaKey && !e.ctrlKey;
    const pressV = (): void => this.pressV(shift, meta);
    const onPaste = (event: ClipboardEvent): void => {
      clearTimeout(timer);
      event.preventDefault();
      this.send(event.clipboardData?.getData("text/plain") ?? "");
      pressV();
    };
    // No event came (nothing to paste, or the browser refused): the key still has to arrive.
    const timer = setTimeout(() => {
      document.removeEventListener("paste", onPaste, true);
      pressV();
    }, pasteEventMs);
    document.addEventListener("paste", onPaste, { capture: true, once: true });
    return true;
  }

  private pressV(shift: boolean, meta: boolean): void {
    const rfb = this.rfb();
    if (!rfb) return;
    const { ctrl } = modifiers;
    // The person may have let go of Ctrl by now, and Cmd is Super over there: press our own around it.
    if (meta) rfb.sendKey(modifiers.super.keysym, "MetaLeft", false);
    rfb.sendKey(ctrl.keysym, ctrl.code, true);
    rfb.sendKey(shift ? 0x56 : 0x76, "KeyV", true);
    rfb.sendKey(shift ? 0x56 : 0x76, "KeyV", false);
    rfb.sendKey(ctrl.keysym, ctrl.code, false);
  }
}
