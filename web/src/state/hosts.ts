// SPDX-License-Identifier: Apache-2.0
// The hosts as staff know them: fetched, then kept up to date by events.
import { computed, signal } from "@preact/signals";
import type { Host, HostState } from "../api/host_types";
import { hostsApi } from "../api/hosts_client";
import { now } from "./clock";
import { failed, type Load, ready } from "./load";

export const hosts = signal<ReadonlyMap<string, Host>>(new Map());
export const hostsLoad = signal<Load>({ state: "loading" });
export const hostList = computed(() => [...hosts.value.values()].sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true })));

/** A change that this page saw happen. */
export interface HostChange {
  host: string;
  at: number;
  from: HostState;
  to: HostState;
  reason: string | null;
}

const keptChanges = 100;
export const hostChanges = signal<HostChange[]>([]);

export function putHost(host: Host): void {
  const known = hosts.value.get(host.name);
  if (known && known.state !== host.state) {
    const change = { host: host.name, at: now.peek(), from: known.state, to: host.state, reason: host.last_error ?? host.reason };
    hostChanges.value = [change, ...hostChanges.value].slice(0, keptChanges);
  }
  const next = new Map(hosts.value);
  next.set(host.name, host);
  hosts.value = next;
}

export function dropHost(name: string): void {
  const next = new Map(hosts.value);
  if (next.delete(name)) hosts.value = next;
}

export async function loadHosts(): Promise<void> {
  const answer = await hostsApi.list();
  if (!answer.ok) {
    hostsLoad.value = failed(hostsLoad.value, answer.problem);
    return;
  }
  const listed = new Set(answer.value.items.map((h) => h.name));
  answer.value.items.forEach(putHost);
  for (const name of hosts.value.keys()) if (!listed.has(name)) dropHost(name);
  hostsLoad.value = ready();
}

export function forgetHosts(): void {
  hosts.value = new Map();
  hostsLoad.value = { state: "loading" };
  hostChanges.value = [];
}
