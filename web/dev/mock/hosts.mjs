// SPDX-License-Identifier: Apache-2.0
// The hosts of the mock: one in each state that a page has to show, and what can be done to them.
import { problem, readJson, send } from "./answers.mjs";
import { iso } from "./world.mjs";

const gb = 1e9;
const fingerprints = {
  known: "SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDXcr9cMr5TLSJuq0I",
  other: "SHA256:p2QAMXNIC1TJYWeIOttrVc98/R1BUFWu3/LiyKgUfQM",
};
const publicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGWzPxkKj0mJkzV4v3h2y7m0qkq1aF5b8l3YcJx8nHd2 berth@harbour";

function host(name, more = {}) {
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
    ...more,
  };
}

function images(missing) {
  return ["desktop", "kali", "notebook", "slow"].map((template) => ({ template, image: `berth/${template}:latest`, present: !(template in missing), pulling: missing[template] ?? null }));
}

const local = (more) => host("local", { endpoint: "unix:///var/run/docker.sock", way: "unix", origin: "file", host_key: null, connections: null, round_trip_ms: 1, ...more });

/** `few` (two and one that is down), `states` (every state), `many`, `one`, `empty`. */
export function makeHosts(kind = "few") {
  const long = host("boreas", { state: "down", last_error: "Connection refused", reason: "Connection refused", engine: null, way: null, round_trip_ms: null, sessions: { used: 2, capacity: 20 } });
  if (kind === "empty") return [];
  if (kind === "one") return [local({})];
  if (kind === "few") return [local({ images: images({ slow: null }) }), host("atlas", { sessions: { used: 18, capacity: 20 }, labels: { gpu: "yes" } }), long];
  if (kind === "many") {
    const many = Array.from({ length: 24 }, (_, i) => host(`rack-${String(i + 1).padStart(2, "0")}`, { sessions: { used: (i * 7) % 21, capacity: 20 }, memory: { used_bytes: ((i * 5) % 33) * gb, capacity_bytes: 32 * gb }, labels: { rack: String(i % 4) } }));
    Object.assign(many[4], { state: "down", last_error: "Timed out after 10 s while connecting." });
    Object.assign(many[9], { state: "draining", mode: "draining" });
    return many;
  }
  return everyState(long);
}

function everyState(down) {
  const never = { state: "unknown", last_check_at: null, engine: null, way: null, round_trip_ms: null };
  return [
    local({}),
    down,
    host("ceres", { state: "probation", last_error: "Timed out after 10 s while creating a container.", sessions: { used: 1, capacity: 20 } }),
    host("dione", { state: "draining", mode: "draining", sessions: { used: 5, capacity: 20 } }),
    host("eris", { state: "drained", mode: "draining", sessions: { used: 0, capacity: 20 } }),
    host("fenrir", { state: "maintenance", mode: "maintenance", maintenance: { message: "A new disk", until: iso(Date.now() + 7_200_000) }, sessions: { used: 0, capacity: 20 } }),
    host("gaia", { ...never }),
    host("hera", { last_check_at: iso(Date.now() - 400_000), sessions: { used: 20, capacity: 20 }, memory: { used_bytes: 31.5 * gb, capacity_bytes: 32 * gb } }),
    host("iris", {
      state: "down", last_error: "The host key has changed.", sessions: { used: 0, capacity: 20 },
      host_key: { status: "changed", type: "ssh-ed25519", fingerprint: fingerprints.other, known_fingerprint: fingerprints.known },
    }),
    host("juno", { images: images({ slow: { percent: 45, bytes: 1.2 * gb, total: 2.6 * gb }, kali: null }), way: "dial-stdio", weight: 2, labels: { gpu: "yes", room: "3" }, data_path: "direct", public_name: "juno.example.org" }),
  ];
}

const step = (name, title, ms, text = "", more = {}) => ({ name, title, state: "ok", ms, text, remedy: null, ...more });

function testSteps(h) {
  const changed = h.host_key?.status === "changed";
  const fine = [
    step("resolve", "Find the machine's address", 2, "10.20.0.14"),
    step("tcp", "Connect", 4, "port 22"),
    step("host_key", "Host key", 1, "ssh-ed25519, known"),
    step("authentication", "Sign in", 38, "as berth, with the server's key"),
    step("forwarding", "Forward the engine's socket", 6, "streamlocal"),
    step("engine", "Docker answers", 9, "20.10.24, API 1.41"),
    step("permission", "May use Docker", 5),
    step("disk", "Free disk", 3, "212 GB free in /var/lib/docker"),
    step("clock", "Clock", 2, "0.2 s apart"),
    step("network", "Network of the desktops", 12, "berth, 172.30.0.0/16"),
    step("image:desktop", "Image of desktop", 4, "berth/desktop:latest"),
  ];
  if (h.state !== "down") return fine;
  const at = changed ? 2 : 1;
  const failed = changed
    ? { text: "The machine shows another key than the known one.", remedy: "Compare the fingerprint on the machine itself, then accept the new key on the page of this host." }
    : { text: "Connection refused by 10.20.0.14 port 22", remedy: "Is sshd running there, and does a firewall let this server in? Try: ssh berth@boreas.lab.example" };
  return fine.map((s, i) => (i < at ? s : i === at ? { ...s, state: "failed", ...failed } : { ...s, state: "skipped", ms: null, text: "" }));
}

const actions = {
  async test({ world }, h) {
    await world.pause(world.faults.test_ms);
    if (h.state !== "down") h.last_check_at = iso();
    return { steps: testSteps(h), host: h };
  },
  drain: (_, h) => Object.assign(h, { mode: "draining", state: h.sessions.used > 0 ? "draining" : "drained" }),
  resume: (_, h) => Object.assign(h, { mode: "active", state: "up", maintenance: null }),
  async maintenance({ request }, h) {
    const { message = "", until = null } = await readJson(request);
    return Object.assign(h, { mode: "maintenance", state: "maintenance", maintenance: { message, until } });
  },
  async "host-key"({ request }, h) {
    const { fingerprint } = await readJson(request);
    if (fingerprint !== h.host_key?.fingerprint) return null;
    return Object.assign(h, { state: "up", last_error: null, host_key: { ...h.host_key, status: "ok", known_fingerprint: fingerprint } });
  },
  async pull({ world, request }, h) {
    const { template } = await readJson(request);
    const image = h.images.find((i) => i.template === template);
    if (!image) return null;
    pullOn(world, h, image, 0);
    return {};
  },
};

function pullOn(world, h, image, percent) {
  const total = 2.6 * gb;
  image.present = percent >= 100;
  image.pulling = image.present ? null : { percent, bytes: Math.round((total * percent) / 100), total };
  world.hostChanged(h);
  if (!image.present) world.later(300, () => pullOn(world, h, image, percent + 20));
}

export async function hosts(context) {
  const { world, request, response, account, parts } = context;
  if (account.role === "user" || (request.method !== "GET" && account.role !== "admin")) return problem(response, "forbidden");
  if (world.faults.hosts === "hang") return;
  if (world.faults.hosts === "error") return problem(response, "internal", "The database did not answer.");
  if (parts.length === 1) return request.method === "POST" ? addHost(context) : send(response, 200, { items: world.hosts });
  const h = world.hosts.find((x) => x.name === parts[1]);
  if (!h) return problem(response, "not_found");
  if (request.method === "DELETE") return removeHost(context, h);
  if (request.method === "PATCH") return changeHost(context, h);
  if (request.method !== "POST") return send(response, 200, h);
  const result = await actions[parts[2]]?.(context, h);
  if (!result) return problem(response, "conflict", "That is not possible with this host.");
  world.hostChanged(h);
  send(response, parts[2] === "pull" ? 202 : 200, result);
}

async function changeHost({ world, request, response }, h) {
  const { capacity_sessions, memory_bytes, cpus, ...rest } = await readJson(request);
  Object.assign(h, rest);
  if (capacity_sessions !== undefined) h.sessions.capacity = capacity_sessions;
  if (memory_bytes !== undefined) h.memory.capacity_bytes = memory_bytes;
  if (cpus !== undefined) h.cpus.capacity = cpus;
  world.hostChanged(h);
  send(response, 200, h);
}

function removeHost({ world, response }, h) {
  if (h.sessions.used > 0) return problem(response, "conflict", "Desktops still run on it.");
  world.hosts = world.hosts.filter((x) => x !== h);
  response.writeHead(204).end();
}

async function addHost({ world, request, response }) {
  const { name, endpoint, accept_host_key: accepted, ...rest } = await readJson(request);
  if (world.hosts.some((h) => h.name === name)) return problem(response, "already_exists");
  if (!/^(ssh|unix|tcp):\/\//.test(endpoint)) return problem(response, "invalid_input", "The address is not one of ssh, unix, tcp.");
  if (endpoint.startsWith("ssh:") && accepted !== fingerprints.other) {
    return problem(response, "host_key_unknown", "", { host_key: { type: "ssh-ed25519", fingerprint: fingerprints.other } });
  }
  const { capacity_sessions = 20, labels = {} } = rest;
  const made = host(name, { endpoint, labels, sessions: { used: 0, capacity: capacity_sessions }, images: images({ kali: null }) });
  world.hosts.push(made);
  world.hostChanged(made);
  send(response, 201, made);
}

const contexts = [
  { name: "default", endpoint: "unix:///var/run/docker.sock", description: "Current DOCKER_HOST based configuration", is_current: true },
  { name: "lab", endpoint: "ssh://berth@lab.example", description: "", is_current: false },
  { name: "gpu-room", endpoint: "ssh://root@10.20.0.40:2222", description: "Four cards, room 3", is_current: false },
];

export async function dockerContexts({ world, request, response, account, parts }) {
  if (account.role !== "admin") return problem(response, "forbidden");
  const importedAs = (c) => world.hosts.find((h) => h.endpoint === c.endpoint)?.name ?? null;
  if (request.method === "GET") return send(response, 200, { items: (world.faults.contexts === "none" ? [] : contexts).map((c) => ({ ...c, imported_as: importedAs(c) })) });
  if (parts[1] !== "import") return problem(response, "not_found");
  const { names } = await readJson(request);
  if (names.includes("gpu-room")) return problem(response, "host_key_unknown", "", { host_key: { type: "ssh-ed25519", fingerprint: fingerprints.other } });
  const made = contexts.filter((c) => names.includes(c.name) && !importedAs(c)).map((c) => host(c.name, { endpoint: c.endpoint, sessions: { used: 0, capacity: 20 } }));
  world.hosts.push(...made);
  made.forEach((h) => world.hostChanged(h));
  send(response, 200, { items: made });
}

export function sshKey({ world, response, account }) {
  if (account.role !== "admin") return problem(response, "forbidden");
  send(response, 200, { public_key: world.faults.ssh_key === "none" ? null : publicKey });
}
