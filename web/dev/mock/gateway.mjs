// SPDX-License-Identifier: Apache-2.0
// The WebSocket side of the mock: a ticket in the subprotocol list, then RFB.
import { WebSocketServer } from "ws";
import { bridge } from "./docker.mjs";
import { DrawnDesktop } from "./rfb.mjs";

function refuse(socket, status) {
  // The page may be gone already; without a listener that would end the process.
  socket.on("error", () => undefined);
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

export function attachGateway(world, server) {
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => "binary" });
  server.on("upgrade", (request, socket, head) => {
    const offered = (request.headers["sec-websocket-protocol"] ?? "").split(/,\s*/);
    const value = offered.find((p) => p.startsWith("berth.ticket."))?.slice("berth.ticket.".length);
    const ticket = world.tickets.get(value);
    world.tickets.delete(value);
    const session = world.sessions.get(ticket?.session);
    if (!request.url.startsWith("/gateway/rfb") || !session || session.state !== "ready") return refuse(socket, "403 Forbidden");
    if (request.headers.origin !== `http://${request.headers.host}`) return refuse(socket, "403 Forbidden");
    sockets.handleUpgrade(request, socket, head, (ws) => serve(world, ws, session, ticket.rights));
  });
}

function serve(world, ws, session, rights) {
  ws.sessionId = session.id;
  world.sockets.add(ws);
  session.viewers[rights]++;
  world.changed(session);
  const container = world.containers.get(session.id);
  if (container) void bridge(ws, container);
  else ws.desktop = new DrawnDesktop(ws, `Desktop ${session.id}`, (what) => world.witness.push({ session: session.id, ...what }));
  ws.on("error", () => undefined);
  ws.on("close", () => {
    world.sockets.delete(ws);
    ws.desktop?.stop();
    if (session.state === "ended") return;
    session.viewers[rights]--;
    world.changed(session);
  });
}
