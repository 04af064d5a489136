// SPDX-License-Identifier: Apache-2.0
// esbuild plugin: `berth:icons` is a module made of the lucide icons named in src/ui/icon_names.ts.
// An icon is an array of [tag, attributes], so that no SVG text has to be parsed in the browser.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";

const lucide = path.dirname(createRequire(import.meta.url).resolve("lucide-static/package.json"));

/** The child elements of one lucide SVG as [tag, attributes]. */
function elements(svg) {
  const body = svg.slice(svg.indexOf(">", svg.indexOf("<svg")) + 1, svg.lastIndexOf("</svg>"));
  return [...body.matchAll(/<(\w+)([^>]*?)\/>/g)].map(([, tag, rest]) => [
    tag,
    Object.fromEntries([...rest.matchAll(/([\w-]+)="([^"]*)"/g)].map((m) => [m[1], m[2]])),
  ]);
}

export function icons(root) {
  const list = path.join(root, "src/ui/icon_names.ts");
  return {
    name: "berth-icons",
    setup(build) {
      build.onResolve({ filter: /^berth:icons$/ }, () => ({ path: "icons", namespace: "berth" }));
      build.onLoad({ filter: /.*/, namespace: "berth" }, async () => {
        const names = [...(await readFile(list, "utf8")).matchAll(/"([a-z0-9-]+)"/g)].map((m) => m[1]);
        const entries = await Promise.all(
          names.map(async (n) => [n, elements(await readFile(path.join(lucide, `icons/${n}.svg`), "utf8"))]),
        );
        return {
          contents: `export const icons = ${JSON.stringify(Object.fromEntries(entries))};`,
          loader: "js",
          watchFiles: [list],
        };
      });
    },
  };
}
