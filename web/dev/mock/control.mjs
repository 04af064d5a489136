// SPDX-License-Identifier: Apache-2.0
// Puts the mock into a state.
//   POST /__mock/reset              forget sessions and faults
//   POST /__mock/set {faults…}      see World.faults
//   POST /__mock/session {template, owner?, state?, left_s?, grace_s?, idle_left_s?, …}   make one; answers its view
//   POST /__mock/patch {id, …}      change fields of one (left_s, idle_left_s and end are understood)
//   POST /__mock/host {name, …}     change fields of a host
//   POST /__mock/close {code, reason?}   close every desktop's WebSocket
//   POST /__mock/expire_login       forget all sign-ins
//   POST /__mock/cut_text {text}    the desktop copies a text
//   GET  /__mock/witness            what the desktops received: keys, pointer, cut text, sizes
import { iso } from "./world.mjs";
import { readJson, send } from "./answers.mjs";
import { makeHosts } from "./host_fleet.mjs";

function times(world, session, { left_s, grace_s = 60, idle_left_s }) {
  if (left_s !== undefined) {
    session.deadline = iso(Date.now() + left_s * 1000);
    session.ends_at = iso(Date.now() + (left_s + grace_s) * 1000);
  }
  if (idle_left_s !== undefined) session.idle = { limit_s: 900, deadline: iso(Date.now() + idle_left_s * 1000) };
}

function makeSession(world, body) {
  const { template = "desktop", owner = "anna", state = "ready", left_s = 7200, grace_s, idle_left_s, age_s = 600, end, ...fields } = body;
  const session = world.create({ username: owner }, world.template(template), { created_at: iso(Date.now() - age_s * 1000), ...fields });
  if (state === "playing") {
    session.created_at = iso();
    world.play(session, world.template(template).script);
    return session;
  }
  session.state = state;
  for (const stage of session.stages) {
    stage.state = "done";
    stage.started_at = stage.ended_at = session.created_at;
  }
  session.ready_at = iso(Date.now() - age_s * 1000 + 2400);
  times(world, session, { left_s, grace_s, idle_left_s });
  if (state === "ended") {
    session.ended_at = iso();
    session.end = { reason: "lease_expired", code: null, message: "", ...end };
  }
  world.changed(session);
  return session;
}

export async function handleControl(world, request, response, url) {
  const verb = url.pathname.slice("/__mock/".length);
  const body = request.method === "POST" ? await readJson(request) : {};
  switch (verb) {
    case "reset":
      world.reset();
      return send(response, 200, {});
    case "set":
      Object.assign(world.faults, body);
      if (body.fleet) world.hosts = makeHosts(body.fleet);
      if (body.events === "down") {
        for (const s of world.streams) s.response.end();
        world.streams.clear();
      }
      return send(response, 200, world.faults);
    case "session":
      return send(response, 201, world.view(makeSession(world, body), null));
    case "patch": {
      const { id, left_s, grace_s, idle_left_s, end, ...fields } = body;
      const session = world.sessions.get(id);
      Object.assign(session, fields);
      times(world, session, { left_s, grace_s, idle_left_s });
      if (end) world.end(session, end);
      world.changed(session);
      return send(response, 200, world.view(session, null));
    }
    case "host": {
      const host = world.hosts.find((h) => h.name === body.name);
      world.hostChanged(Object.assign(host, body));
      return send(response, 200, host);
    }
    case "close":
      for (const ws of world.sockets) ws.close(body.code, body.reason ?? "");
      return send(response, 200, {});
    case "drop":
      for (const ws of world.sockets) ws.terminate();
      return send(response, 200, {});
    case "expire_login":
      world.logins.clear();
      return send(response, 200, {});
    case "cut_text":
      for (const ws of world.sockets) ws.desktop?.copy(body.text);
      return send(response, 200, {});
    case "witness":
      return send(response, 200, world.witness);
    default:
      return send(response, 404, {});
  }
}
