// SPDX-License-Identifier: Apache-2.0
// The hosts of the mock: one in each state that a page has to show.
import { loadOf } from "./host_load.mjs";
import { iso } from "./world.mjs";

export const gb = 1e9;
export const fingerprints = {
  known: "SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDXcr9cMr5TLSJuq0I",
  other: "SHA256:p2QAMXNIC1TJYWeIOttrVc98/R1BUFWu3/LiyKgUfQM",
};

export function host(name, more = {}) {
  return {
    name,
    endpoint: `ssh://berth@${name}.lab.example`,
    state: "up",
    reason: null,
    engine: { version: "20.10.24", api_version: "1.41", os: "Debian GNU/Linux 12", cpus: 8, memory_bytes: 33.5 * gb },
    sessions: { used: 3, capacity: 20 },
    creating: { used: 0, capacity: 4 },
    images: images({}),
    last_check_at: iso(),
    weight: 1,
    mode: "active",
    maintenance: null,
    origin: "added",
    way: "streamlocal",
    data_path: "tunnel",
    transport: "automatic",
    labels: {},
    public_name: "",
    last_error: null,
    host_key: { status: "ok", type: "ssh-ed25519", fingerprint: fingerprints.known, known_fingerprint: fingerprints.known },
    memory: { used_bytes: 12 * gb, capacity_bytes: 32 * gb },
    cpus: { used: 6, capacity: 16 },
    connections: { used: 2, capacity: 20 },
    round_trip_ms: 4,
    drain: null,
    concerns: [],
    ...loadOf(name),
    next_check_at: iso(Date.now() + 5000),
    ...more,
  };
}

export function images(missing) {
  return ["desktop", "kali", "notebook", "slow"].map((template) => ({ template, image: `berth/${template}:latest`, present: !(template in missing), pulling: missing[template] ?? null }));
}

const local = (more) => host("local", { endpoint: "unix:///var/run/docker.sock", way: "unix", origin: "file", host_key: null, connections: null, round_trip_ms: 1, ...more });

const newer = ["drain", "concerns", "load", "load_recent", "next_check_at"];
/** As a server tells it that knows nothing of loads. */
const older = (h) => Object.fromEntries(Object.entries(h).filter(([key]) => !newer.includes(key)));

/** `few` (two and one that is down), `states` (every state), `many`, `one`, `empty`, `old` (an older server's). */
export function makeHosts(kind = "few") {
  const long = host("boreas", { state: "down", last_error: "Connection refused", reason: "Connection refused", engine: null, way: null, round_trip_ms: null, sessions: { used: 2, capacity: 20 }, load: null, load_recent: [], next_check_at: iso(Date.now() + 30_000) });
  if (kind === "empty") return [];
  if (kind === "one") return [local({})];
  if (kind === "few") return [local({ images: images({ slow: null }) }), host("atlas", { sessions: { used: 18, capacity: 20 }, labels: { gpu: "yes" } }), long];
  if (kind === "old") return [older(local({})), older(long)];
  if (kind === "many") {
    const many = Array.from({ length: 24 }, (_, i) => host(`rack-${String(i + 1).padStart(2, "0")}`, { sessions: { used: (i * 7) % 21, capacity: 20 }, memory: { used_bytes: ((i * 5) % 33) * gb, capacity_bytes: 32 * gb }, labels: { rack: String(i % 4) } }));
    Object.assign(many[4], { state: "down", last_error: "Timed out after 10 s while connecting." });
    Object.assign(many[9], { state: "draining", mode: "draining" });
    return many;
  }
  return everyState(long);
}

const layer = (id, text, bytes, total) => ({ id, text, bytes, total });
export const layers = [
  layer("3f4ca61aafcd", "Pull complete", 52.1e6, 52.1e6),
  layer("a1d0c7532777", "Extracting", 310e6, 640e6),
  layer("9c27e219663c", "Downloading", 0.84 * gb, 1.9 * gb),
  layer("e7c96db7181b", "Waiting", 0, 0),
];
const nearlyFull = { code: "disk_nearly_full", text: "its disk is nearly full, 9216 MiB are left" };

function everyState(down) {
  const never = { state: "unknown", last_check_at: null, engine: null, way: null, round_trip_ms: null, load: null, load_recent: [] };
  return [
    local({}),
    down,
    host("ceres", { state: "probation", last_error: "Timed out after 10 s while creating a container.", sessions: { used: 1, capacity: 20 } }),
    host("dione", { state: "draining", mode: "draining", sessions: { used: 5, capacity: 20 }, drain: { message: "The room gets new machines. Please hand in your work.", until: iso(Date.now() + 5_400_000) } }),
    host("eris", { state: "drained", mode: "draining", sessions: { used: 0, capacity: 20 } }),
    host("fenrir", { state: "maintenance", mode: "maintenance", maintenance: { message: "A new disk", until: iso(Date.now() + 7_200_000) }, sessions: { used: 0, capacity: 20 } }),
    host("gaia", { ...never }),
    host("hera", { last_check_at: iso(Date.now() - 400_000), sessions: { used: 20, capacity: 20 }, memory: { used_bytes: 31.5 * gb, capacity_bytes: 32 * gb } }),
    host("iris", {
      state: "down", last_error: "The host key has changed.", sessions: { used: 0, capacity: 20 },
      host_key: { status: "changed", type: "ssh-ed25519", fingerprint: fingerprints.other, known_fingerprint: fingerprints.known },
    }),
    host("kalypso", {
      state: "degraded", reason: "its disk is nearly full, 9216 MiB are left", concerns: [nearlyFull, { code: "starts_failing", text: "its last 3 starts failed: the display did not come up" }],
      ...loadOf("kalypso", { cpu: 0.93, disk: 0.96 }),
    }),
    host("lamia", { concerns: [nearlyFull], state: "drained", mode: "draining", sessions: { used: 0, capacity: 20 }, way: "nc", load: null, load_recent: [] }),
    host("juno", { images: images({ slow: { percent: 45, bytes: 1.2 * gb, total: 2.6 * gb, text: "Downloading", layers }, kali: null }), way: "dial-stdio", weight: 2, labels: { gpu: "yes", room: "3" }, data_path: "direct", public_name: "juno.example.org" }),
  ];
}
