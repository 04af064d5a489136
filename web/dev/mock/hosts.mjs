// SPDX-License-Identifier: Apache-2.0
// What can be asked about the hosts of the mock, and done to them.
import { problem, readJson, send } from "./answers.mjs";
import { eventsOf, note } from "./host_events.mjs";
import { fingerprints, gb, host, images, layers } from "./host_fleet.mjs";
import { historyOf } from "./host_load.mjs";
import { testHost } from "./host_test.mjs";

const publicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGWzPxkKj0mJkzV4v3h2y7m0qkq1aF5b8l3YcJx8nHd2 berth@harbour";

const actions = {
  async drain({ world, request, account }, h) {
    const { message = "", until = null } = await readJson(request);
    if (until !== null && Date.parse(until) <= Date.now()) return { wrong: { pointer: "/until", detail: "is in the past" } };
    note(world, h.name, "host.mode", { from: h.mode, to: "draining", actor: account.username, text: message });
    for (const s of world.sessions.values()) if (s.host === h.name) tellPerson(world, s, { message, ends_at: until });
    return Object.assign(h, { mode: "draining", state: h.sessions.used > 0 ? "draining" : "drained", drain: { message, until } });
  },
  resume({ world, account }, h) {
    note(world, h.name, "host.mode", { from: h.mode, to: "active", actor: account.username });
    for (const s of world.sessions.values()) if (s.host === h.name) tellPerson(world, s, null);
    return Object.assign(h, { mode: "active", state: "up", maintenance: null, drain: null });
  },
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

function tellPerson(world, session, notice) {
  session.notice = notice;
  world.changed(session);
}

function pullOn(world, h, image, percent) {
  const total = 2.6 * gb;
  image.present = percent >= 100;
  image.pulling = image.present ? null : { percent, bytes: Math.round((total * percent) / 100), total, text: "Downloading", layers };
  world.hostChanged(h);
  if (!image.present) world.later(world.faults.pull_ms, () => pullOn(world, h, image, percent + 20));
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
  if (request.method !== "POST") return read(context, h);
  if (parts[2] === "test") return testHost(context, h);
  const result = await actions[parts[2]]?.(context, h);
  if (!result) return problem(response, "conflict", "That is not possible with this host.");
  if (result.wrong) return problem(response, "invalid_input", "", { status: 422, errors: [result.wrong] });
  world.hostChanged(h);
  send(response, parts[2] === "pull" ? 202 : 200, result);
}

/** Faults: history and host_events are ok, empty, error, hang or missing (a server without it); see also historyOf. */
function read(context, h) {
  const { world, response, parts } = context;
  const fault = { history: world.faults.history, events: world.faults.host_events }[parts[2]];
  if (fault === "hang") return;
  if (fault === "error") return problem(response, "internal", "The database did not answer.");
  if (fault === "missing") return problem(response, "not_found");
  if (parts[2] === "history") return send(response, 200, historyOf(h, fault));
  if (parts[2] === "events") return eventsOf(context, h);
  send(response, 200, h);
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
  world.tellStaff("host_removed", { name: h.name });
  response.writeHead(204).end();
}

async function addHost({ world, request, response }) {
  const { name, endpoint, accept_host_key: accepted, ...rest } = await readJson(request);
  if (world.hosts.some((h) => h.name === name)) return problem(response, "already_exists");
  if (!/^(ssh|unix|tcp):\/\//.test(endpoint)) return problem(response, "invalid_input", "The address is not understood.", { errors: [{ pointer: "/endpoint", detail: "one of ssh://, unix://, tcp:// is needed" }] });
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
  { name: "old", endpoint: "", description: "", is_current: false, problem: "Its metadata cannot be read." },
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
