// SPDX-License-Identifier: Apache-2.0
// What the machines of the mock do: made up, but the same for the same name.
const gb = 1e9;
const intervalS = 30;
const hour = 120; // readings

const iso = (ms) => new Date(ms).toISOString();
const seedOf = (name) => [...name].reduce((sum, c) => (sum * 31 + c.charCodeAt(0)) % 997, 7);
const clamp = (n) => Math.min(1, Math.max(0, Math.round(n * 1000) / 1000));

function cpuAt(seed, i) {
  const slow = Math.sin((i + seed) / 23) * 0.18;
  const fast = Math.sin(i / 2.3 + seed) * Math.sin(i / 7.1) * 0.1;
  return clamp(0.24 + (seed % 30) / 100 + slow + fast);
}

/** `load` and `load_recent` of a host; shares as given. */
export function loadOf(name, { cpu, disk } = {}) {
  const seed = seedOf(name);
  const recent = Array.from({ length: 40 }, (_, i) => (i === 11 ? null : cpuAt(seed, i + 200)));
  if (cpu !== undefined) recent.splice(34, 6, cpu - 0.3, cpu - 0.1, cpu, cpu + 0.02, cpu - 0.04, cpu);
  const total = 480 * gb;
  return {
    load: {
      at: iso(Date.now() - 4000),
      cpu: recent.at(-1),
      memory: { used_bytes: (9 + (seed % 14)) * gb, total_bytes: 33.5 * gb },
      disk: { used_bytes: Math.round(total * (disk ?? 0.2 + (seed % 50) / 100)), total_bytes: total },
    },
    load_recent: recent,
  };
}

/** The last hour; `history` of the faults: short (four minutes), gap (it was away for a while), empty. */
export function historyOf(host, kind) {
  const seed = seedOf(host.name);
  const now = Date.now();
  const count = { short: 8, empty: 0 }[kind] ?? hour;
  const items = Array.from({ length: count }, (_, n) => {
    const i = hour - count + n;
    return {
      at: iso(now - (hour - 1 - i) * intervalS * 1000),
      cpu: i === 15 ? null : cpuAt(seed, i),
      memory: clamp(0.3 + i / 450 + Math.sin(i / 15) * 0.04),
      disk: host.way === "dial-stdio" ? null : clamp(0.41 + i / 2000),
      sessions: Math.max(0, Math.round(host.sessions.used + Math.sin(i / 20) * 2)),
    };
  });
  return { interval_s: intervalS, items: kind === "gap" ? items.filter((_, i) => i < 45 || i > 70) : items };
}
