// SPDX-License-Identifier: Apache-2.0
// End-to-end tests in a real Chromium. The last line is "N passed, N failed"; what failed is listed before it.
// Exit code 74: the output could not be written, most likely a full disk.
//   node run.mjs [real] [behaviour] [pages]     all three without a name
//
// real       the main path against a running Berth, read back inside the container:
//            BERTH_URL, BERTH_ADMIN_PASSWORD, BERTH_ADMIN_USER (admin), E2E_TEMPLATE (desktop)
// behaviour  losses, sign-in that ends, live updates, keys: against the mock
//            SLOW=8 behaviour: the same with an eighth of the CPU for the page
// pages      every state of every page: axe, 320 px, pictures; LOOKS=light-1280,dark-320-de (theme-width-language, and -active for forced colours)
//
// ONLY="part of a name|another" runs some of the last two.
// ARTIFACTS is the folder for the pictures (artifacts/e2e at the top of the repository).
import { mkdir } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { behaviour } from "./lib/behaviour.mjs";
import { openBrowser } from "./lib/browser.mjs";
import { mainPath } from "./lib/main_path.mjs";
import { otherPages } from "./lib/other_pages.mjs";
import { pages } from "./lib/pages.mjs";
import { Report } from "./lib/report.mjs";

const settings = {
  url: process.env.BERTH_URL ?? "http://127.0.0.1:8080",
  user: process.env.BERTH_ADMIN_USER ?? "admin",
  password: process.env.BERTH_ADMIN_PASSWORD ?? "",
  template: process.env.E2E_TEMPLATE ?? "desktop",
  artifacts: path.resolve(process.env.ARTIFACTS ?? fileURLToPath(new URL("../../artifacts/e2e", import.meta.url))),
};
const looks = (process.env.LOOKS ?? "light-1280,dark-320-de").split(",").map((look) => {
  const [theme, width, language = "en", colours = "none"] = look.split("-");
  return { theme, width: Number(width), language, colours };
});
const only = process.env.ONLY ?? "";
const parts = process.argv.length > 2 ? process.argv.slice(2) : ["real", "behaviour", "pages"];

await mkdir(settings.artifacts, { recursive: true });
const report = new Report();
report.watchProcess();
const browser = await openBrowser();
let closing = false;
browser.on("disconnected", () => closing || report.stop("Chromium ended by itself"));
try {
  if (parts.includes("real")) {
    await otherPages(browser, settings, report);
    await mainPath(browser, settings, report);
  }
  if (parts.includes("behaviour")) await behaviour(browser, report, { only });
  if (parts.includes("pages")) await pages(browser, settings, report, { looks, only });
} catch (error) {
  report.note("the run itself", error);
} finally {
  closing = true;
  await browser.close();
}
process.exit(await report.end([os.tmpdir(), settings.artifacts]));
