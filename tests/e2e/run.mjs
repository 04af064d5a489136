// SPDX-License-Identifier: Apache-2.0
// The main path in a real Chromium against a running Berth: sign in, start, use, extend, stop.
//   BERTH_URL=http://127.0.0.1:8080 BERTH_ADMIN_PASSWORD=… ARTIFACTS=dir node run.mjs
//   BERTH_ADMIN_USER (admin), E2E_TEMPLATE (desktop): whose image has xfce4-terminal
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { openBrowser } from "./lib/browser.mjs";
import { Report } from "./lib/report.mjs";
import { mainPath } from "./lib/main_path.mjs";
import { otherPages } from "./lib/other_pages.mjs";

const settings = {
  url: process.env.BERTH_URL ?? "http://127.0.0.1:8080",
  user: process.env.BERTH_ADMIN_USER ?? "admin",
  password: process.env.BERTH_ADMIN_PASSWORD ?? "",
  template: process.env.E2E_TEMPLATE ?? "desktop",
  artifacts: path.resolve(process.env.ARTIFACTS ?? "artifacts"),
};

await mkdir(settings.artifacts, { recursive: true });
const report = new Report();
const browser = await openBrowser();
try {
  await otherPages(browser, settings, report);
  await mainPath(browser, settings, report);
} finally {
  await browser.close();
}
process.exit(report.end());
