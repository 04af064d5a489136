// SPDX-License-Identifier: Apache-2.0
import { t } from "../i18n/i18n";
import { Button } from "../ui/button";
import { combos, functionKeys, modifiers, type ModifierName, singles } from "./keysyms";
import type { Held } from "./keys";
import type { ViewModel } from "./view_model";

function Sticky({ vm, name, held }: { vm: ViewModel; name: ModifierName; held: Held }) {
  const { label } = modifiers[name];
  const spoken = held === "off" ? label : `${label}, ${t(held === "latched" ? "keys.latched" : "keys.locked")}`;
  return (
    <Button small class={`key key-${held}`} aria-pressed={held !== "off"} aria-label={spoken} data-held={held} onClick={() => vm.keys.toggle(name)}>
      {label}
    </Button>
  );
}

export function KeysPanel({ vm }: { vm: ViewModel }) {
  const held = vm.keys.held.value;
  return (
    <>
      <fieldset class="keys" disabled={vm.viewOnly}>
        <legend>{t("keys.hold")}</legend>
        {(Object.keys(modifiers) as ModifierName[]).map((name) => <Sticky key={name} vm={vm} name={name} held={held[name]} />)}
      </fieldset>
      <p class="hint">{t("keys.hold_hint")}</p>
      <fieldset class="keys" disabled={vm.viewOnly}>
        <legend>{t("keys.single")}</legend>
        {singles.map((k) => <Button key={k.label} small class="key" onClick={() => vm.keys.press(k)}>{k.label}</Button>)}
      </fieldset>
      <fieldset class="keys" disabled={vm.viewOnly}>
        <legend>{t("keys.combos")}</legend>
        {combos.map((c) => <Button key={c.label} small class="key" onClick={() => vm.keys.combo(c)}>{c.label}</Button>)}
      </fieldset>
      <fieldset class="keys" disabled={vm.viewOnly}>
        <legend>{t("keys.function")}</legend>
        {functionKeys.map((k) => <Button key={k.label} small class="key" onClick={() => vm.keys.press(k)}>{k.label}</Button>)}
      </fieldset>
    </>
  );
}
