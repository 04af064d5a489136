// SPDX-License-Identifier: Apache-2.0
// The hosts as staff know them: fetched, then kept up to date by events.
import { computed, signal } from "@preact/signals";
import type { Host } from "../api/host_types";
import { hostsApi } from "../api/hosts_client";
import { failed, type Load, ready } from "./load";

export const hosts = signal<ReadonlyMap<string, Host>>(new Map());
export const hostsLoad = signal<Load>({ state: "loading" });
export const hostList = computed(() => [...hosts.value.values()].sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true })));

/** The host that an event was about last; a new object with each. */
export const hostHeard = signal<{ name: string } | null>(null);

/** Questions and what is heard of hosts, in one order: an answer may be older than an event that overtook it. */
let order = 0;
const heardAt = new Map<string, number>();

/** `asked`: when the question was sent that brought this. */
export function putHost(host: Host, asked = ++order): void {
  if ((heardAt.get(host.name) ?? 0) > asked) return;
  heardAt.set(host.name, asked);
  hosts.value = new Map(hosts.value).set(host.name, host);
}

export function dropHost(name: string): void {
  heardAt.set(name, ++order);
  const next = new Map(hosts.value);
  if (next.delete(name)) hosts.value = next;
}

export async function loadHosts(): Promise<void> {
  const asked = ++order;
  const answer = await hostsApi.list();
  if (!answer.ok) {
    hostsLoad.value = failed(hostsLoad.value, answer.problem);
    return;
  }
  const listed = new Set(answer.value.items.map((h) => h.name));
  for (const host of answer.value.items) putHost(host, asked);
  for (const name of hosts.value.keys()) if (!listed.has(name) && (heardAt.get(name) ?? 0) <= asked) dropHost(name);
  hostsLoad.value = ready();
}

export function forgetHosts(): void {
  hosts.value = new Map();
  hostsLoad.value = { state: "loading" };
  heardAt.clear();
}
