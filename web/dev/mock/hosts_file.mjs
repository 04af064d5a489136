// SPDX-License-Identifier: Apache-2.0
// A hosts.yml as the mock understands it: the lines `- hostname:`, `user:` and `pub_hostname:`, and nothing else.
import { problem, readJson, send } from "./answers.mjs";

function entries(text) {
  const hosts = [];
  for (const line of text.split("\n")) {
    const [, dash, key, value] = /^\s*(- )?(hostname|user|pub_hostname):\s*(\S+)/.exec(line) ?? [];
    if (dash) hosts.push({});
    if (key && hosts.length > 0) hosts.at(-1)[key] = value;
  }
  return hosts;
}

export async function hostsFile({ world, request, response, account }) {
  if (account.role !== "admin") return problem(response, "forbidden");
  const { text } = await readJson(request);
  if (!text.includes("workspace_hosts")) return problem(response, "invalid_input", "This is no hosts.yml.", { errors: [{ pointer: "/text", detail: "line 1: workspace_hosts is missing" }] });
  const items = entries(text).map(({ hostname = "", user, pub_hostname = "" }) => {
    const name = hostname.split(".")[0];
    const endpoint = `ssh://${user ? `${user}@` : ""}${hostname}`;
    const there = world.hosts.find((h) => h.endpoint === endpoint)?.name ?? null;
    return { name, endpoint, problem: user ? null : "user is missing", imported_as: there, host: { name, endpoint, public_name: pub_hostname, capacity_sessions: 20 } };
  });
  send(response, 200, { items });
}
