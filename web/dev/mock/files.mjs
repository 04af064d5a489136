// SPDX-License-Identifier: Apache-2.0
// Static files with the headers that the real server sends.
import { readFile } from "node:fs/promises";
import path from "node:path";

export const csp =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; " +
  "form-action 'self' http://*.apps.localhost:*; frame-ancestors 'self'; base-uri 'none'; require-trusted-types-for 'script'";

const types = { ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".html": "text/html; charset=utf-8", ".txt": "text/plain" };

export async function serveFile(dist, response, pathname) {
  const asset = /^\/assets\/[\w.-]+$/.test(pathname);
  const file = path.join(dist, asset ? pathname : "index.html");
  const body = await readFile(file).catch(() => null);
  if (!body) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, {
    "Content-Type": types[path.extname(file)] ?? "application/octet-stream",
    "Content-Security-Policy": csp,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": asset ? "public, max-age=31536000, immutable" : "no-cache",
  });
  response.end(body);
}
