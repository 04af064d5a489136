// SPDX-License-Identifier: Apache-2.0
// Bundles test/*.test.ts into a temporary folder, runs them with node's own runner,
// and ends with one line "N passed, N failed".
import { build } from "esbuild";
import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { icons } from "./icons.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const out = await mkdtemp(path.join(os.tmpdir(), "berth-web-test-"));
const tests = (await readdir(path.join(root, "test"))).filter((n) => n.endsWith(".test.ts"));

await build({
  absWorkingDir: root,
  entryPoints: tests.map((n) => `test/${n}`),
  outdir: out,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node18",
  outExtension: { ".js": ".mjs" },
  jsx: "automatic",
  jsxImportSource: "preact",
  plugins: [icons(root)],
  logLevel: "warning",
});

const files = tests.map((n) => path.join(out, n.replace(/\.ts$/, ".mjs")));
const child = spawn(process.execPath, ["--test", "--test-reporter=tap", ...files], { stdio: ["ignore", "pipe", "inherit"] });
let tap = "";
child.stdout.on("data", (chunk) => {
  tap += chunk;
  process.stdout.write(chunk);
});
const code = await new Promise((resolve) => child.on("close", resolve));
await rm(out, { recursive: true, force: true });

const count = (word) => Number(tap.match(new RegExp(`^# ${word} (\\d+)$`, "m"))?.[1] ?? 0);
const failed = count("fail") + count("cancelled");
console.log(`${count("pass")} passed, ${failed} failed`);
process.exit(code === 0 && failed === 0 && count("pass") > 0 ? 0 : 1);
