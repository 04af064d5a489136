// SPDX-License-Identifier: Apache-2.0
// What the mock knows: accounts, sessions and their scripted lives, event streams, faults.
import { randomBytes } from "node:crypto";
import { image, removeContainer, startContainer, waitForDesktop } from "./docker.mjs";
import { makeHosts } from "./host_fleet.mjs";
import { templates } from "./templates.mjs";

const speed = Number(process.env.MOCK_SPEED ?? 1);
const stageNames = ["queued", "placing", "preparing", "creating", "starting", "waiting"];
const stateOfStage = { queued: "queued", placing: "creating", preparing: "creating", creating: "creating", starting: "starting", waiting: "probing" };
const durations = { queued: 60, placing: 90, preparing: 250, creating: 500, starting: 700, waiting: 900 };

export const iso = (ms = Date.now()) => new Date(ms).toISOString();

const accounts = {
  anna: { id: "u1", username: "anna", role: "user", password: "berth" },
  root: { id: "u0", username: "root", role: "admin", password: "berth" },
  olga: { id: "u3", username: "olga", role: "operator", password: "berth" },
  admin: { id: "u2", username: "admin", role: "admin", password: "berth" },
};

export class World {
  logins = new Map();
  sessions = new Map();
  tickets = new Map();
  streams = new Set();
  sockets = new Set();
  containers = new Map();
  witness = [];
  /** What happened to hosts since the start, and to the streams of their tests. */
  hostEvents = [];
  tests = [];
  ticketsIssued = 0;
  seq = 0;
  timers = new Set();

  constructor() {
    this.reset();
  }

  reset() {
    for (const t of this.timers) clearTimeout(t);
    this.timers.clear();
    for (const ws of this.sockets) ws.close(1001, "restart");
    this.cleaning = Promise.allSettled([...this.containers.values()].map(removeContainer));
    this.containers.clear();
    this.sessions.clear();
    this.witness.length = 0;
    this.hostEvents.length = 0;
    this.tests.length = 0;
    this.hosts = makeHosts();
    /** fleet: see makeHosts; hosts: ok|error|hang; contexts, ssh_key: none; history, host_events, test_stream: see hosts.mjs and host_test.mjs.
     *  templates: ok|empty|one|many|error|hang; sessions: ok|error|hang; events: ok|down; start/login/ticket: a problem code. */
    this.faults = { templates: "ok", sessions: "ok", events: "ok", start: null, login: null, ticket: null, me: "ok", hosts: "ok", max_sessions: 3, latency_ms: 0, ticket_ms: 0, test_ms: 400, pull_ms: 300 };
  }

  stop() {
    this.reset();
    for (const ws of this.sockets) ws.terminate();
    for (const s of this.streams) s.response.end();
  }

  newId(prefix) {
    return `${prefix}_${randomBytes(8).toString("hex")}`;
  }

  login(username, password) {
    const account = accounts[username];
    if (!account || account.password !== password) return null;
    const token = randomBytes(16).toString("hex");
    this.logins.set(token, account);
    return token;
  }

  account(request) {
    const token = /(?:^|;\s*)berth=([0-9a-f]+)/.exec(request.headers.cookie ?? "")?.[1];
    return this.logins.get(token ?? "") ?? null;
  }

  template(name) {
    return templates.find((x) => x.name === name);
  }

  view(session, account) {
    const { script, ...rest } = session;
    const staff = account && account.role !== "user";
    return {
      ...rest,
      mine: account ? session.owner.subject === account.username : true,
      host: staff ? session.host : null,
      placement: staff ? (session.placement ?? null) : null,
      attempts: (session.attempts ?? []).map(({ at, stage, ...more }) => ({ at, stage, ...(staff ? more : {}) })),
      now: iso(),
    };
  }

  create(account, template, { name = "", ...fields } = {}) {
    const stages = stageNames.map((stage) => ({ name: stage, state: "pending", started_at: null, ended_at: null }));
    const session = {
      id: this.newId("d"),
      template: template.name,
      title: template.title,
      name,
      owner: { realm: "local", subject: account.username, slot: template.name },
      state: "queued",
      stages,
      queue: null,
      host: "local",
      created_at: iso(),
      ready_at: null,
      ended_at: null,
      deadline: null,
      ends_at: null,
      lease: { extension_s: template.lease.extension_s, extensions_used: 0, extensions_left: template.lease.max_extensions, hard_limit_at: null },
      idle: { limit_s: template.lease.idle_s, deadline: null },
      disconnected: { limit_s: template.lease.disconnected_s, deadline: null },
      viewers: { control: 0, view: 0 },
      endpoints: template.endpoints,
      end: null,
      notice: null,
      condition: "ok",
      ...fields,
    };
    this.sessions.set(session.id, session);
    this.changed(session);
    return session;
  }

  /** Ends at once when the mock forgets everything. */
  pause(ms) {
    return new Promise((resolve) => this.later(ms * speed, resolve));
  }

  later(ms, run) {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      run();
    }, ms / speed);
    this.timers.add(timer);
  }

  /** Walks the stages as the template's script says. */
  play(session, script, index = 0) {
    if (session.state === "ended" || session.state === "stopping") return;
    if (index === stageNames.length) return this.becomeReady(session);
    const stage = session.stages[index];
    stage.state = "active";
    stage.started_at = iso();
    session.state = stateOfStage[stage.name];
    let ms = durations[stage.name];
    if (script === "slow" && stage.name === "preparing") {
      ms = 120_000;
      stage.progress = { percent: 46, bytes: 1.2e9, total: 2.6e9 };
    }
    if (script === "queued" && stage.name === "queued") {
      ms = 120_000;
      session.queue = { position: 3, estimate_s: 60, reason: "all_full", pull: null };
    }
    this.changed(session);
    this.work(session, stage, ms, () => {
      if (session.state === "ended" || session.state === "stopping") return;
      stage.ended_at = iso();
      session.queue = null;
      if (script === "fails" && stage.name === "starting") return this.fail(session, stage);
      stage.state = "done";
      this.play(session, script, index + 1);
    });
  }

  /** What a stage does: time passes, or a real container comes up. */
  work(session, stage, ms, done) {
    if (!image || session.template !== "desktop") return this.later(ms, done);
    const container = this.containers.get(session.id);
    const work = {
      starting: async () => void this.containers.set(session.id, await startContainer(session)),
      waiting: () => waitForDesktop(container),
    }[stage.name];
    const failed = (error) => this.fail(session, stage, String(error));
    if (work) work().then(done, failed);
    else this.later(30, done);
  }

  fail(session, stage, detail) {
    stage.state = "failed";
    this.end(session, {
      reason: "failed",
      code: "engine_error",
      stage: stage.name,
      message: "The desktop ended while it was starting.",
      detail: detail ?? "container exited with code 1 on host local: Xtigervnc: could not open display",
    });
  }

  becomeReady(session) {
    const lease = this.template(session.template)?.lease;
    session.state = "ready";
    session.ready_at = iso();
    if (lease && lease.initial_s > 0) this.setDeadline(session, Date.now() + lease.initial_s * 1000);
    if (lease) session.lease.hard_limit_at = iso(Date.now() + lease.max_total_s * 1000);
    this.changed(session);
  }

  setDeadline(session, ms) {
    session.deadline = iso(ms);
    session.ends_at = iso(ms + 60_000);
  }

  stopSession(session, end) {
    session.state = "stopping";
    this.changed(session);
    this.later(600, () => this.end(session, end));
  }

  end(session, end) {
    if (session.state === "ended") return;
    const container = this.containers.get(session.id);
    this.containers.delete(session.id);
    if (container) void removeContainer(container);
    session.state = "ended";
    session.ended_at = iso();
    session.end = { code: null, ...end };
    session.viewers = { control: 0, view: 0 };
    for (const ws of this.sockets) if (ws.sessionId === session.id) ws.close(4410, { lease_expired: "time", owner_request: "you" }[end.reason] ?? "crashed");
    this.changed(session);
  }

  changed(session) {
    this.seq++;
    for (const { response, account, all } of this.streams) {
      const mine = session.owner.subject === account.username;
      if (!mine && !all) continue;
      response.write(`id: ${this.seq}\nevent: session\ndata: ${JSON.stringify(this.view(session, account))}\n\n`);
    }
  }

  hostChanged(host) {
    this.tellStaff("host", host);
  }

  tellStaff(event, data) {
    this.seq++;
    for (const { response, account } of this.streams) {
      if (account.role !== "user") response.write(`id: ${this.seq}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    }
  }
}
