// SPDX-License-Identifier: Apache-2.0
// The mock of the web folder, in this process. Needs web/dist (npm run build there).
import { access } from "node:fs/promises";
import { startMock } from "../../../web/dev/mock.mjs";

/** `only` names what to run by parts of names, "desktop|starting"; empty is everything. */
export const isChosen = (name, only) => only.split("|").some((part) => name.includes(part));

export async function startMockHere() {
  await access(new URL("../../../web/dist/index.html", import.meta.url)).catch(() => {
    throw new Error("web/dist is missing: run npm ci and npm run build in web/");
  });
  const { url, world, stop } = await startMock({ port: 0 });
  const ask = (verb, body = {}) => fetch(`${url}/__mock/${verb}`, { method: "POST", body: JSON.stringify(body) }).then((r) => r.json());
  const signIn = (context, user) => context.addCookies([{ name: "berth", value: world.login(user, "berth"), url }]);
  const witness = (type) => world.witness.filter((w) => w.type === type);
  return { url, world, ask, signIn, witness, stop };
}
