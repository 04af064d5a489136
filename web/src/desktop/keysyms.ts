// SPDX-License-Identifier: Apache-2.0
// The X11 keysyms that the Keys panel sends, with the code noVNC wants beside them.

export interface Key {
  label: string;
  keysym: number;
  code: string;
}

const key = (label: string, keysym: number, code: string): Key => ({ label, keysym, code });

export const modifiers = {
  ctrl: key("Ctrl", 0xffe3, "ControlLeft"),
  alt: key("Alt", 0xffe9, "AltLeft"),
  altgr: key("AltGr", 0xfe03, "AltRight"),
  super: key("Super", 0xffeb, "MetaLeft"),
  shift: key("Shift", 0xffe1, "ShiftLeft"),
};
export type ModifierName = keyof typeof modifiers;

export const singles: Key[] = [
  key("Esc", 0xff1b, "Escape"),
  key("Tab", 0xff09, "Tab"),
  key("Delete", 0xffff, "Delete"),
  key("Print", 0xff61, "PrintScreen"),
];

export const functionKeys: Key[] = Array.from({ length: 12 }, (_, i) => key(`F${i + 1}`, 0xffbe + i, `F${i + 1}`));

const letter = (c: string): Key => key(c.toUpperCase(), c.charCodeAt(0), `Key${c.toUpperCase()}`);

export interface Combo {
  label: string;
  keys: Key[];
}

export const combos: Combo[] = [
  { label: "Ctrl+Alt+Del", keys: [modifiers.ctrl, modifiers.alt, key("Del", 0xffff, "Delete")] },
  { label: "Alt+Tab", keys: [modifiers.alt, key("Tab", 0xff09, "Tab")] },
  { label: "Alt+F4", keys: [modifiers.alt, key("F4", 0xffc1, "F4")] },
  { label: "Ctrl+Alt+T", keys: [modifiers.ctrl, modifiers.alt, letter("t")] },
  { label: "Ctrl+Shift+Esc", keys: [modifiers.ctrl, modifiers.shift, key("Esc", 0xff1b, "Escape")] },
  { label: "Ctrl+C", keys: [modifiers.ctrl, letter("c")] },
  { label: "Ctrl+W", keys: [modifiers.ctrl, letter("w")] },
];
