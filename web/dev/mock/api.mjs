// SPDX-License-Identifier: Apache-2.0
// The native API of the mock.
import { problem, readJson, send } from "./answers.mjs";
import { dockerContexts, hosts, sshKey } from "./hosts.mjs";
import { hostsFile } from "./hosts_file.mjs";
import { iso } from "./world.mjs";
import { publicTemplate, templates } from "./templates.mjs";

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Answers as the fault asks; true if it did. */
function faulty(response, fault) {
  if (fault === "error") problem(response, "internal", "The database did not answer.");
  return fault === "error" || fault === "hang";
}

export async function handleApi(world, request, response, url) {
  if (!url.pathname.startsWith("/api/v1/")) {
    await sleep(world.faults.latency_ms);
    return send(response, 200, { status: "ok", name: "berth", version: "0.0.0-mock" });
  }
  const parts = url.pathname.slice("/api/v1/".length).split("/").map(decodeURIComponent);
  const call = `${request.method} ${parts[0]}`;
  if (call === "POST login") return login(world, request, response);
  const account = world.account(request);
  if (!account) return problem(response, "unauthenticated");
  if (request.method !== "GET" && request.headers.origin !== `http://${request.headers.host}`) return problem(response, "forbidden", "Origin");
  const context = { world, request, response, url, account, parts };
  const handlers = { logout, me, templates: listTemplates, sessions, events, hosts, "docker-contexts": dockerContexts, "ssh-key": sshKey, "hosts-file": hostsFile };
  const handler = handlers[parts[0]];
  return handler ? handler(context) : problem(response, "not_found");
}

async function login(world, request, response) {
  if (world.faults.login) return problem(response, world.faults.login);
  const { username, password } = await readJson(request);
  const token = world.login(username, password);
  if (!token) return problem(response, "unauthenticated");
  response.writeHead(204, { "Set-Cookie": `berth=${token}; Path=/; HttpOnly; SameSite=Lax` }).end();
}

function logout({ world, request, response }) {
  const token = /berth=([0-9a-f]+)/.exec(request.headers.cookie ?? "")?.[1];
  world.logins.delete(token);
  response.writeHead(204, { "Set-Cookie": "berth=; Path=/; Max-Age=0" }).end();
}

function me({ world, response, account }) {
  if (faulty(response, world.faults.me)) return;
  const used = [...world.sessions.values()].filter((s) => s.owner.subject === account.username && s.state !== "ended").length;
  const { id, username, role } = account;
  send(response, 200, {
    id, username, role, realm: "local",
    quota: { max_sessions: world.faults.max_sessions, used },
    server: { name: "berth", version: "0.0.0-mock", now: iso() },
  });
}

function listTemplates({ world, response }) {
  const mode = world.faults.templates;
  if (faulty(response, mode)) return;
  const items = { empty: [], one: templates.slice(0, 1), many: templates }[mode] ?? templates.slice(0, 6);
  send(response, 200, { items: items.map(publicTemplate) });
}

async function sessions(context) {
  const { world, request, response, parts, account } = context;
  if (parts.length === 1) return request.method === "POST" ? startSession(context) : listSessions(context);
  const session = world.sessions.get(parts[1]);
  const mine = session?.owner.subject === account.username;
  if (!session || (!mine && account.role === "user")) return problem(response, "not_found");
  const verb = `${request.method} ${parts[2] ?? ""}`;
  if (verb === "GET ") return send(response, 200, world.view(session, account));
  if (verb === "DELETE ") return stop(context, session, mine);
  if (verb === "POST extend") return extend(context, session);
  if (verb === "POST ticket") return ticket(context, session);
  if (verb === "GET logs") return send(response, 200, { lines: ["starting Xtigervnc", "could not open display"] });
  return problem(response, "not_found");
}

function listSessions({ world, response, url, account }) {
  if (faulty(response, world.faults.sessions)) return;
  const all = url.searchParams.get("owner") === "all" && account.role !== "user";
  const items = [...world.sessions.values()].filter((s) => s.state !== "ended" && (all || s.owner.subject === account.username));
  send(response, 200, { items: items.map((s) => world.view(s, account)), next: null });
}

async function startSession({ world, request, response, account }) {
  if (world.faults.start) return problem(response, world.faults.start);
  const { template: name, name: title } = await readJson(request);
  const template = world.template(name);
  if (!template) return problem(response, "invalid_input", "No such template.");
  const live = [...world.sessions.values()].find((s) => s.owner.subject === account.username && s.template === name && s.state !== "ended");
  if (live) return send(response, 200, world.view(live, account));
  const session = world.create(account, template, { name: title });
  world.play(session, template.script);
  send(response, 202, world.view(session, account), { Location: `/api/v1/sessions/${session.id}` });
}

function stop({ world, response, account }, session, mine) {
  if (session.state === "ended") return send(response, 200, world.view(session, account));
  if (session.state !== "stopping") {
    const reason = mine ? "owner_request" : "admin_request";
    world.stopSession(session, { reason, message: mine ? "You stopped it." : `${account.username} stopped it.` });
  }
  send(response, 202, world.view(session, account));
}

function extend({ world, response, account }, session) {
  if (session.state !== "ready" || !session.deadline) return problem(response, "conflict");
  if (session.lease.extensions_left === 0) return problem(response, "quota_exceeded");
  world.setDeadline(session, Math.max(Date.parse(session.deadline), Date.now()) + session.lease.extension_s * 1000);
  session.lease.extensions_used++;
  if (session.lease.extensions_left > 0) session.lease.extensions_left--;
  world.changed(session);
  send(response, 200, world.view(session, account));
}

async function ticket({ world, request, response, account }, session) {
  if (world.faults.ticket) return problem(response, world.faults.ticket);
  if (world.faults.ticket_ms > 0) await world.pause(world.faults.ticket_ms);
  const body = await readJson(request);
  const endpoint = session.endpoints.find((e) => e.name === body.endpoint) ?? session.endpoints[0];
  const rights = body.rights ?? "control";
  if (rights === "control" && session.owner.subject !== account.username) return problem(response, "forbidden");
  const value = world.newId("t").slice(2);
  world.tickets.set(value, { session: session.id, rights });
  world.ticketsIssued++;
  send(response, 201, {
    ticket: value, endpoint: endpoint.name, protocol: endpoint.protocol, rights, expires_at: iso(Date.now() + 30_000),
    websocket_path: endpoint.protocol === "rfb" ? "/gateway/rfb" : null,
    enter_url: endpoint.protocol === "web" ? `http://${session.id.replace("_", "-")}.apps.localhost:${request.socket.localPort}/.berth/enter` : null,
  });
}

function events({ world, request, response, url, account }) {
  if (world.faults.events === "down") return problem(response, "unavailable");
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
  response.write(`retry: 3000\nevent: hello\ndata: ${JSON.stringify({ now: iso() })}\n\n`);
  const stream = { response, account, all: url.searchParams.get("scope") === "all" && account.role !== "user" };
  world.streams.add(stream);
  // Whoever left is not written to any more; a write after the end would end the process.
  response.on("error", () => undefined);
  const beat = setInterval(() => response.write(":\n\n"), 15_000);
  request.on("close", () => {
    clearInterval(beat);
    world.streams.delete(stream);
  });
}
