// SPDX-License-Identifier: Apache-2.0
// How it goes with the hosts of a hosts.yml that are added one after the other. Pure.
import type { FileHost, NewHost } from "../api/host_types";
import type { Problem } from "../api/types";

export type Outcome =
  | { state: "waiting" }
  | { state: "adding" }
  /** Nobody has confirmed the key of this machine yet. */
  | { state: "asked"; type: string; fingerprint: string }
  | { state: "left_out" }
  | { state: "added"; name: string }
  | { state: "not_added"; problem: Problem };

type Asked = Extract<Outcome, { state: "asked" }>;

export interface Adding {
  add: (host: NewHost) => Promise<Outcome>;
  /** Whether the key that was shown is the right one. */
  confirm: (index: number, key: Asked) => Promise<boolean>;
  tell: (index: number, outcome: Outcome) => void;
}

export const maxFileBytes = 60_000;

export const canBeAdded = (item: FileHost): boolean => item.problem === null && item.imported_as === null;

/** A key is confirmed for exactly what was shown: a machine that shows another by then asks again. */
async function addOne(index: number, host: NewHost, { add, confirm, tell }: Adding): Promise<Outcome> {
  tell(index, { state: "adding" });
  let outcome = await add(host);
  while (outcome.state === "asked") {
    tell(index, outcome);
    if (!(await confirm(index, outcome))) return { state: "left_out" };
    tell(index, { state: "adding" });
    outcome = await add({ ...host, accept_host_key: outcome.fingerprint });
  }
  return outcome;
}

/** Adds the chosen ones in the order of the file; one that fails does not keep the next from being tried. */
export async function addChosen(items: readonly FileHost[], chosen: readonly number[], adding: Adding): Promise<void> {
  for (const index of chosen) adding.tell(index, { state: "waiting" });
  for (const index of chosen) {
    const item = items[index];
    if (item) adding.tell(index, await addOne(index, item.host, adding));
  }
}

export function countOf(outcomes: Iterable<Outcome>): { added: number; missing: number } {
  const all = [...outcomes];
  const added = all.filter((o) => o.state === "added").length;
  return { added, missing: all.length - added };
}
