// SPDX-License-Identifier: Apache-2.0
// The test of a host in the mock: all at the end, or step by step as a stream.
import { send } from "./answers.mjs";
import { iso } from "./world.mjs";

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
    step("ports", "Forward a port of its loopback", 7),
    step("clock", "Clock", 2, "0.2 s apart"),
    step("disk", "Free disk", 3, "212 GB free in /var/lib/docker"),
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

/** Faults: test_ms for the whole; test_stream: off (answers as an older server does), stuck (after two steps), problem. */
export async function testHost({ world, request, response }, h) {
  const { test_ms: ms, test_stream: stream } = world.faults;
  const steps = testSteps(h);
  if (stream === "off" || request.headers.accept !== "text/event-stream") {
    await world.pause(ms);
    return send(response, 200, checked(world, h, steps));
  }
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
  response.on("error", () => undefined);
  world.tests.push("open");
  response.on("close", () => world.tests.push(response.writableEnded ? "done" : "left"));
  const say = (event, data) => response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  for (const [i, s] of steps.entries()) {
    await world.pause(ms / steps.length);
    if (i === 2 && stream === "stuck") return;
    if (i === 2 && stream === "problem") {
      say("problem", { type: "about:blank", title: "unavailable", status: 503, code: "unavailable", detail: "The server is shutting down.", request_id: "req_1" });
      return response.end();
    }
    say("step", s);
  }
  say("done", checked(world, h, steps));
  response.end();
}

function checked(world, h, steps) {
  if (h.state !== "down") h.last_check_at = iso();
  world.hostChanged(h);
  return { steps, host: h };
}
