// SPDX-License-Identifier: Apache-2.0
// Builds web/dist: hashed assets, index.html that names them, and .gz/.br beside every text file.
import { build } from "esbuild";
import { readFile, writeFile, rm, mkdir, readdir } from "node:fs/promises";
import { gzip, brotliCompress, constants } from "node:zlib";
import { promisify } from "node:util";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { icons } from "./icons.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const dist = path.join(root, "dist");
const banner =
  "/*! Berth, Apache-2.0. Contains Preact (MIT), lucide (ISC) and, in the rfb chunk, noVNC (MPL-2.0, " +
  "unmodified, source: https://www.npmjs.com/package/@novnc/novnc). See /assets/third-party.txt */";

async function bundle() {
  const common = {
    absWorkingDir: root,
    bundle: true,
    minify: true,
    metafile: true,
    outdir: "dist/assets",
    target: ["es2022"],
    legalComments: "none",
    logLevel: "warning",
    define: { "process.env.NODE_ENV": '"production"' },
  };
  const app = await build({
    ...common,
    entryPoints: { app: "src/main.tsx" },
    format: "esm",
    splitting: true,
    entryNames: "[name]-[hash]",
    chunkNames: "[name]-[hash]",
    assetNames: "[name]-[hash]",
    jsx: "automatic",
    jsxImportSource: "preact",
    banner: { js: banner },
    plugins: [icons(root)],
  });
  // Runs before the first paint, so it is a classic script of its own.
  const theme = await build({
    ...common,
    entryPoints: { theme: "src/theme_boot.ts" },
    format: "iife",
    entryNames: "[name]-[hash]",
  });
  return { ...app.metafile.outputs, ...theme.metafile.outputs };
}

/** The output file of an entry point, and the style sheet that belongs to it. */
function output(outputs, entry) {
  const [file, info] = Object.entries(outputs).find(([, o]) => o.entryPoint === entry);
  return { js: file.replace(/^dist/, ""), css: info.cssBundle?.replace(/^dist/, "") };
}

/** Our note, then the licence texts as the packages carry them. */
async function thirdParty() {
  const packages = ["@novnc/novnc/LICENSE.txt", "preact/LICENSE", "@preact/signals/LICENSE", "@preact/signals-core/LICENSE", "lucide-static/LICENSE"];
  const texts = [await readFile(path.join(root, "THIRD-PARTY.md"), "utf8")];
  for (const file of packages) texts.push(`\n\n==== ${file}\n\n${await readFile(path.join(root, "node_modules", file), "utf8")}`);
  return texts.join("");
}

async function compress(dir) {
  for (const name of await readdir(dir, { recursive: false })) {
    const file = path.join(dir, name);
    if (!/\.(js|css|html|svg|txt)$/.test(name)) continue;
    const text = await readFile(file);
    await writeFile(`${file}.gz`, await promisify(gzip)(text, { level: 9 }));
    const params = { [constants.BROTLI_PARAM_QUALITY]: 11 };
    await writeFile(`${file}.br`, await promisify(brotliCompress)(text, { params }));
  }
}

async function main() {
  await rm(dist, { recursive: true, force: true });
  await mkdir(path.join(dist, "assets"), { recursive: true });
  const outputs = await bundle();
  const app = output(outputs, "src/main.tsx");
  const theme = output(outputs, "src/theme_boot.ts");
  const html = (await readFile(path.join(root, "src/index.html"), "utf8"))
    .replace("%THEME_JS%", theme.js)
    .replace("%APP_CSS%", app.css)
    .replace("%APP_JS%", app.js);
  await writeFile(path.join(dist, "index.html"), html);
  await writeFile(path.join(dist, "assets/third-party.txt"), await thirdParty());
  await writeFile(path.join(dist, "assets/icon.svg"), await readFile(path.join(root, "src/icon.svg")));
  await compress(dist);
  await compress(path.join(dist, "assets"));
  for (const name of (await readdir(path.join(dist, "assets"))).filter((n) => /\.(js|css)\.gz$/.test(n))) {
    console.log(`${String((await readFile(path.join(dist, "assets", name))).length).padStart(8)}  ${name}`);
  }
}

await main();
