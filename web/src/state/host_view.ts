// SPDX-License-Identifier: Apache-2.0
// What a host's numbers mean to a person. Pure.
import type { Host, HostState } from "../api/host_types";

/** `never`: not checked yet. `stale`: the last check is too old to be believed. */
export type ShownState = HostState | "never" | "stale";

const staleAfterMs = 90_000;
const expectsChecks: ReadonlySet<HostState> = new Set(["up", "degraded", "probation", "draining", "drained"]);

export function shownState(host: Pick<Host, "state" | "last_check_at">, nowMs: number): ShownState {
  if (host.last_check_at === null) return host.state === "unknown" ? "never" : host.state;
  const isOld = nowMs - Date.parse(host.last_check_at) > staleAfterMs;
  return isOld && expectsChecks.has(host.state) ? "stale" : host.state;
}

/** New desktops may go there. */
export const takesDesktops = (shown: ShownState): boolean => shown === "up" || shown === "degraded" || shown === "probation";

export const isOut = (host: Pick<Host, "state" | "mode">): boolean =>
  (host.mode ?? "active") !== "active" || /^(draining|drained|maintenance)$/.test(host.state);

export const hasChangedKey = (host: Pick<Host, "host_key">): boolean => host.host_key?.status === "changed";

export function imagesReady(host: Pick<Host, "images">): { present: number; total: number } {
  return { present: host.images.filter((i) => i.present).length, total: host.images.length };
}

/** 0 to 1; null where there is no limit to measure against. */
export function share(used: number, capacity: number): number | null {
  return capacity > 0 ? Math.max(0, Math.min(1, used / capacity)) : null;
}

/** What keeps a host from taking one more desktop, the first thing that does. */
export type Limit = "state" | "sessions" | "memory" | "cpus" | "creating" | "none";

export function limitOf(host: Host, shown: ShownState): Limit {
  if (!takesDesktops(shown)) return "state";
  const isFull = (x: { used: number; capacity: number } | undefined): boolean => x !== undefined && x.capacity > 0 && x.used >= x.capacity;
  if (isFull(host.sessions)) return "sessions";
  if (host.memory && isFull({ used: host.memory.used_bytes, capacity: host.memory.capacity_bytes })) return "memory";
  if (isFull(host.cpus)) return "cpus";
  return isFull(host.creating) ? "creating" : "none";
}

/** Every word of the query is somewhere in what a person would look for. */
export function matchesHost(host: Host, query: string): boolean {
  const labels = Object.entries(host.labels ?? {}).map(([k, v]) => `${k}=${v}`);
  const text = [host.name, host.endpoint, host.state, host.public_name ?? "", ...labels].join(" ").toLowerCase();
  return query.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

/** "a=1, b=2" or one per line; null if a part has no name. */
export function parseLabels(text: string): Record<string, string> | null {
  const labels: Record<string, string> = {};
  for (const part of text.split(/[,\n]/).map((p) => p.trim()).filter(Boolean)) {
    const at = part.indexOf("=");
    const name = (at < 0 ? part : part.slice(0, at)).trim();
    if (name === "") return null;
    labels[name] = at < 0 ? "" : part.slice(at + 1).trim();
  }
  return labels;
}

export function labelsText(labels: Record<string, string> | undefined): string {
  return Object.entries(labels ?? {}).map(([k, v]) => (v === "" ? k : `${k}=${v}`)).join(", ");
}

/** What has to be done on the other machine, for an address like ssh://user@machine:port. */
export function remoteCommands(endpoint: string, publicKey: string | null): string[] {
  // Only a name that a shell takes as it is.
  const user = /^ssh:\/\/([a-z_][\w-]*)@/i.exec(endpoint.trim())?.[1] ?? "berth";
  const home = user === "root" ? "/root" : `/home/${user}`;
  const commands = user === "root" ? [] : [`sudo adduser --disabled-password --gecos "" ${user}`, `sudo usermod -aG docker ${user}`];
  if (publicKey) {
    commands.push(
      `sudo install -d -m 700 -o ${user} -g ${user} ${home}/.ssh`,
      `echo '${publicKey.trim().replace(/'/g, "'\\''")}' | sudo tee -a ${home}/.ssh/authorized_keys`,
      `sudo chown ${user}:${user} ${home}/.ssh/authorized_keys && sudo chmod 600 ${home}/.ssh/authorized_keys`,
    );
  }
  return commands;
}

/** A name for an address nobody has named yet. */
export function suggestedName(endpoint: string): string {
  const match = /^\w+:\/\/(?:[^@/]+@)?([^:/[\]]+)/.exec(endpoint.trim());
  return (match?.[1] ?? "").toLowerCase().split(".")[0]?.replace(/[^a-z0-9-]/g, "-") ?? "";
}
