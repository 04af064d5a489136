// SPDX-License-Identifier: Apache-2.0
// A stand-in for the server: the native API, version 1, with states that can be asked for.
//
//   node dev/mock.mjs [--port 8090] [--dist DIR]     sign in as anna / berth (user), root or admin / berth (admin)
//   MOCK_IMAGE=berth/desktop:latest   the template `desktop` is a real container; see mock/docker.mjs
//   MOCK_SPEED=4        everything starts four times as fast
//
// Control, for tests and for looking: POST /__mock/set {faults}, POST /__mock/session {fields},
// POST /__mock/close {code,reason}, POST /__mock/reset, GET /__mock/witness. See mock/control.mjs.
import http from "node:http";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { World } from "./mock/world.mjs";
import { handleApi } from "./mock/api.mjs";
import { handleControl } from "./mock/control.mjs";
import { serveFile } from "./mock/files.mjs";
import { attachGateway } from "./mock/gateway.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));

/** Starts the mock; port 0 picks a free one. */
export async function startMock({ port = 8090, dist = path.join(here, "../dist") } = {}) {
  const world = new World();
  const server = http.createServer((request, response) => {
    const url = new URL(request.url, "http://mock");
    response.setHeader("X-Request-Id", world.newId("req"));
    const work = url.pathname.startsWith("/__mock/")
      ? handleControl(world, request, response, url)
      : /^\/(api\/|healthz|readyz|version)/.test(url.pathname)
        ? handleApi(world, request, response, url)
        : serveFile(dist, response, url.pathname);
    Promise.resolve(work).catch((error) => {
      console.error(error);
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });
  // A connection that we close while the next call is already on its way fails that call.
  server.keepAliveTimeout = 0;
  attachGateway(world, server);
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  const stop = async () => {
    world.stop();
    await world.cleaning;
    server.closeAllConnections?.();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url, world, stop };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { port: { type: "string", default: "8090" }, dist: { type: "string" } } });
  const { url, stop } = await startMock({ port: Number(values.port), ...(values.dist ? { dist: values.dist } : {}) });
  console.log(`mock at ${url}`);
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void stop().then(() => process.exit(0)));
}
