// SPDX-License-Identifier: Apache-2.0
// Opens every state of every page against the mock: no script error, no violation that axe finds, nothing
// that does not fit 320 px, and a picture of each in ARTIFACTS. Needs web/dist (npm run build in web/).
//   node pages.mjs [part of a state's name]      THEMES=light,dark  WIDTHS=1280,320
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { startMock } from "../../web/dev/mock.mjs";
import { openBrowser } from "./lib/browser.mjs";
import { expectAccessible } from "./lib/axe.mjs";
import { Report } from "./lib/report.mjs";
import { states } from "./lib/states.mjs";

const artifacts = path.resolve(process.env.ARTIFACTS ?? "artifacts", "pages");
const themes = (process.env.THEMES ?? "light,dark").split(",");
const widths = (process.env.WIDTHS ?? "1280,320").split(",").map(Number);
const language = process.env.LANGUAGE_TAG ?? "en-GB";
const only = process.argv[2] ?? "";

const report = new Report();
await mkdir(artifacts, { recursive: true });
const { url, world, stop } = await startMock({ port: 0 });
const mock = (verb, body = {}) => fetch(`${url}/__mock/${verb}`, { method: "POST", body: JSON.stringify(body) }).then((r) => r.json());
const browser = await openBrowser();

async function openState(state, theme, width) {
  await mock("reset");
  await mock("set", state.set ?? {});
  const context = await browser.newContext({ viewport: { width, height: width < 700 ? 640 : 800 }, colorScheme: theme, locale: language, reducedMotion: "reduce" });
  const page = await context.newPage();
  const errors = [];
  page.on("pageerror", (e) => errors.push(e.message));
  // A policy violation is a defect; a refused request is what some states are about.
  page.on("console", (m) => /Content Security Policy|Trusted/i.test(m.text()) && errors.push(m.text()));
  if (!state.signedOut) {
    const token = world.login(state.as ?? "anna", "berth");
    await context.addCookies([{ name: "berth", value: token, url }]);
  }
  const made = [];
  for (const s of state.make ?? []) made.push(await mock("session", { ...(state.as ? { owner: state.as } : {}), ...s }));
  await page.goto(url + state.path.replace("{id}", made[0]?.id ?? ""));
  if (state.act && !state.actAfter) await state.act(page, mock);
  await page.locator(state.wait).first().waitFor({ timeout: 15_000 });
  if (state.act && state.actAfter) await state.act(page, mock);
  if (state.then) await page.locator(state.then).waitFor({ timeout: 10_000 });
  return { context, page, errors };
}

/** WCAG 1.4.10: the page itself never scrolls sideways. */
async function expectFits(page) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  if (over > 0) throw new Error(`${over} px wider than the window`);
}

for (const state of states.filter((s) => s.name.includes(only))) {
  for (const theme of themes) {
    for (const width of widths) {
      const label = `${state.name}-${theme}-${width}`;
      await report.check(label, async () => {
        const { context, page, errors } = await openState(state, theme, width);
        try {
          await page.waitForTimeout(150); // one frame of layout for the picture, not for a condition
          await page.screenshot({ path: path.join(artifacts, `${label}.png`), fullPage: !state.name.startsWith("desktop") });
          await expectAccessible(page);
          await expectFits(page);
          if (errors.length > 0) throw new Error(errors.join("\n"));
        } finally {
          await context.close();
        }
      });
    }
  }
}

await browser.close();
await stop();
process.exit(report.end());
