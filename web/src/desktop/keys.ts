// SPDX-License-Identifier: Apache-2.0
// Keys that the person holds by button, and the chord that opens the toolbar.
import { signal } from "@preact/signals";
import type { Combo, Key, ModifierName } from "./keysyms";
import { modifiers } from "./keysyms";

export type Held = "off" | "latched" | "locked";
type SendKey = (keysym: number, code: string, down: boolean) => void;

/** Sticky modifiers: one press holds for the next key, two until the next press. */
export class StickyKeys {
  readonly held = signal<Record<ModifierName, Held>>({ ctrl: "off", alt: "off", altgr: "off", super: "off", shift: "off" });

  constructor(private readonly send: SendKey) {}

  toggle(name: ModifierName): void {
    const next: Record<Held, Held> = { off: "latched", latched: "locked", locked: "off" };
    const before = this.held.value[name];
    this.set(name, next[before]);
    const { keysym, code } = modifiers[name];
    if (before === "off") this.send(keysym, code, true);
    if (before === "locked") this.send(keysym, code, false);
  }

  /** A key that is no modifier went through: what was held for it alone is let go. */
  keyWasSent(): void {
    this.release((held) => held === "latched");
  }

  releaseAll(): void {
    this.release((held) => held !== "off");
  }

  press(key: Key): void {
    this.send(key.keysym, key.code, true);
    this.send(key.keysym, key.code, false);
    this.keyWasSent();
  }

  combo(combo: Combo): void {
    for (const k of combo.keys) this.send(k.keysym, k.code, true);
    for (const k of [...combo.keys].reverse()) this.send(k.keysym, k.code, false);
    this.keyWasSent();
  }

  private set(name: ModifierName, held: Held): void {
    this.held.value = { ...this.held.value, [name]: held };
  }

  private release(which: (held: Held) => boolean): void {
    for (const name of Object.keys(modifiers) as ModifierName[]) {
      if (!which(this.held.value[name])) continue;
      this.send(modifiers[name].keysym, modifiers[name].code, false);
      this.set(name, "off");
    }
  }
}

const modifierKeys = new Set(["Control", "Alt", "AltGraph", "Shift", "Meta", "OS"]);
export const isModifier = (key: string): boolean => modifierKeys.has(key);

/**
 * Ctrl+Alt+Shift, pressed and let go with nothing else. It acts when the last of the three is
 * released, so that the desktop has seen every key go up before the focus moves away.
 */
export class ChordDetector {
  private down = new Set<string>();
  private armed = false;

  constructor(private readonly onChord: () => void) {}

  keydown(key: string): void {
    if (key === "Control" || key === "Alt" || key === "Shift") this.down.add(key);
    else this.armed = false;
    if (this.down.size === 3 && (key === "Control" || key === "Alt" || key === "Shift")) this.armed = true;
  }

  keyup(key: string): void {
    this.down.delete(key);
    if (this.down.size > 0 || !this.armed) return;
    this.armed = false;
    this.onChord();
  }

  reset(): void {
    this.down.clear();
    this.armed = false;
  }
}
