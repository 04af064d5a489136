// SPDX-License-Identifier: Apache-2.0
import type { ComponentChildren } from "preact";

export type Fact = [name: string, value: ComponentChildren | null | undefined];

/** Names and values side by side; what has no value is left out. */
export function Facts({ facts }: { facts: Fact[] }) {
  return (
    <dl class="fact-list">
      {facts.filter(([, value]) => value !== null && value !== undefined && value !== "").map(([name, value]) => (
        <div key={name}><dt>{name}</dt><dd>{value}</dd></div>
      ))}
    </dl>
  );
}
