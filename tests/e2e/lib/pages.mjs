// SPDX-License-Identifier: Apache-2.0
// Opens every state of every page against the mock: no script error, no violation that axe finds, nothing
// that does not fit 320 px, and a picture of each.
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { expectAccessible } from "./axe.mjs";
import { isChosen, startMockHere } from "./mock.mjs";
import { states } from "./states.mjs";
import { explain, newVisit } from "./visit.mjs";

/** Looks at once, each with a mock of its own: a page waits for its browser most of the time. */
const lanes = 2;

async function newLook(browser, mock, state, { theme, width, language, colours }) {
  await mock.ask("reset");
  await mock.ask("set", state.set ?? {});
  const viewport = { width, height: width < 700 ? 640 : 800 };
  const visit = await newVisit(browser, { url: mock.url }, {
    viewport, colorScheme: theme, locale: language === "de" ? "de-DE" : "en-GB", reducedMotion: "reduce", forcedColors: colours,
  });
  if (!state.signedOut) await mock.signIn(visit.context, state.as ?? "anna");
  return visit;
}

async function openState(page, mock, state) {
  const made = [];
  for (const s of state.make ?? []) made.push(await mock.ask("session", { ...(state.as ? { owner: state.as } : {}), ...s }));
  await page.goto(state.path.replace("{id}", made[0]?.id ?? ""));
  if (state.act && !state.actAfter) await state.act(page, mock.ask);
  await page.locator(state.wait).first().waitFor();
  if (state.act && state.actAfter) await state.act(page, mock.ask);
  if (state.then) await page.locator(state.then).first().waitFor();
}

/** WCAG 1.4.10: the page itself never scrolls sideways. */
async function expectFits(page) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  if (over > 0) throw new Error(`${over} px wider than the window`);
}

async function checkState(browser, mock, state, look, file) {
  const visit = await newLook(browser, mock, state, look);
  const { context, page, errors } = visit;
  try {
    await openState(page, mock, state);
    await page.waitForTimeout(150); // time for the picture to be drawn, not for a condition
    await page.screenshot({ path: file, fullPage: !state.name.startsWith("desktop") });
    await expectAccessible(page);
    await expectFits(page);
    if (errors.length > 0) throw new Error(errors.join("\n"));
  } catch (error) {
    throw await explain(error, [visit], file.replace(/\.png$/, "-failed.png"));
  } finally {
    await context.close();
  }
}

/** `looks` are a theme, a width and a language each; `only`: see isChosen. */
export async function pages(browser, settings, report, { looks, only = "" }) {
  const folder = path.join(settings.artifacts, "pages");
  await mkdir(folder, { recursive: true });
  const chosen = states.filter((s) => isChosen(s.name, only));
  const left = chosen.flatMap((state) => looks.map((look) => ({ state, look })));
  const lane = async () => {
    const mock = await startMockHere();
    for (let next = left.shift(); next; next = left.shift()) {
      const { state, look } = next;
      const label = `${state.name}-${look.theme}-${look.width}-${look.language}${look.colours === "none" ? "" : "-forced"}`;
      await report.check(label, () => checkState(browser, mock, state, look, path.join(folder, `${label}.png`)));
    }
    await mock.stop();
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
