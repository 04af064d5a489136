// SPDX-License-Identifier: Apache-2.0
import "./setup";
import assert from "node:assert/strict";
import { test } from "node:test";
import { ChordDetector, StickyKeys } from "../src/desktop/keys";
import { combos } from "../src/desktop/keysyms";
import { cutToLimit } from "../src/desktop/clipboard";

function recorder(): { sent: string[]; sticky: StickyKeys } {
  const sent: string[] = [];
  return { sent, sticky: new StickyKeys((_, code, down) => sent.push(`${down ? "+" : "-"}${code}`)) };
}

test("a modifier pressed once holds for one key", () => {
  const { sent, sticky } = recorder();
  sticky.toggle("ctrl");
  sticky.keyWasSent();
  assert.deepEqual(sent, ["+ControlLeft", "-ControlLeft"]);
  assert.equal(sticky.held.value.ctrl, "off");
});

test("a modifier pressed twice holds until it is pressed again", () => {
  const { sent, sticky } = recorder();
  sticky.toggle("alt");
  sticky.toggle("alt");
  sticky.keyWasSent();
  assert.equal(sticky.held.value.alt, "locked");
  sticky.toggle("alt");
  assert.deepEqual(sent, ["+AltLeft", "-AltLeft"]);
});

test("releasing everything lets go of latched and locked keys once", () => {
  const { sent, sticky } = recorder();
  sticky.toggle("ctrl");
  sticky.toggle("shift");
  sticky.toggle("shift");
  sticky.releaseAll();
  sticky.releaseAll();
  assert.deepEqual(sent, ["+ControlLeft", "+ShiftLeft", "-ControlLeft", "-ShiftLeft"]);
});

test("a combination goes down in order and up in reverse", () => {
  const { sent, sticky } = recorder();
  const combo = combos.find((c) => c.label === "Ctrl+Alt+Del");
  assert.ok(combo);
  sticky.combo(combo);
  assert.deepEqual(sent, ["+ControlLeft", "+AltLeft", "+Delete", "-Delete", "-AltLeft", "-ControlLeft"]);
});

test("Ctrl+Alt+Shift acts when the last of the three is let go", () => {
  let count = 0;
  const chord = new ChordDetector(() => count++);
  for (const key of ["Control", "Alt", "Shift"]) chord.keydown(key);
  chord.keyup("Alt");
  chord.keyup("Shift");
  assert.equal(count, 0);
  chord.keyup("Control");
  assert.equal(count, 1);
});

test("Ctrl+Alt+Shift with another key is the desktop's, not ours", () => {
  let count = 0;
  const chord = new ChordDetector(() => count++);
  for (const key of ["Control", "Alt", "Shift", "t"]) chord.keydown(key);
  for (const key of ["t", "Shift", "Alt", "Control"]) chord.keyup(key);
  assert.equal(count, 0);
});

test("text is cut at the limit without splitting a character", () => {
  assert.deepEqual(cutToLimit("abc", 3), { text: "abc", cut: false });
  assert.deepEqual(cutToLimit("ab€", 4), { text: "ab", cut: true });
  assert.deepEqual(cutToLimit("€€", 3), { text: "€", cut: true });
});
