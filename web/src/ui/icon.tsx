// SPDX-License-Identifier: Apache-2.0
import { h } from "preact";
import { icons } from "berth:icons";
import type { IconName } from "./icon_names";

/** Decoration only: the words beside it, or the control's label, carry the meaning. */
export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor"
      stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">
      {(icons[name] ?? []).map(([tag, attributes]) => h(tag, attributes))}
    </svg>
  );
}
