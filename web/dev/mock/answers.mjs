// SPDX-License-Identifier: Apache-2.0
// How the mock answers: JSON, or a problem as the server words it.

const statusOf = {
  invalid_input: 400, unauthenticated: 401, forbidden: 403, not_found: 404, conflict: 409, quota_exceeded: 409, not_ready: 409, ended: 409,
  rate_limited: 429, internal: 500, engine_error: 502, host_unreachable: 502, no_capacity: 503, unavailable: 503, shutting_down: 503, image_missing: 503,
  already_exists: 409, host_key_unknown: 409, host_key_changed: 409,
};

export function send(response, status, body, headers = {}) {
  response.writeHead(status, { "Content-Type": "application/json", "Cache-Control": "no-store", ...headers });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

export function problem(response, code, detail = "", more = {}) {
  const status = more.status ?? statusOf[code] ?? 500;
  const retry = status === 429 ? { "Retry-After": "20" } : {};
  const body = { type: "about:blank", title: code, status, detail, code, request_id: response.getHeader("X-Request-Id"), ...more };
  send(response, status, body, { "Content-Type": "application/problem+json", ...retry });
}

export async function readJson(request) {
  let text = "";
  for await (const chunk of request) text += chunk;
  return text === "" ? {} : JSON.parse(text);
}
