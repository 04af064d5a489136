// SPDX-License-Identifier: Apache-2.0
// A page with ears: script errors and policy violations are collected, pictures and axe are one call.
import path from "node:path";
import { expectAccessible } from "./axe.mjs";

export async function newVisit(browser, settings, options = {}) {
  const context = await browser.newContext({ baseURL: settings.url, viewport: { width: 1280, height: 800 }, locale: "en-GB", ...options });
  // One limit for every wait: long enough for a machine that builds something beside this, short enough to end.
  context.setDefaultTimeout(45_000);
  await context.addInitScript(notePhases);
  const page = await context.newPage();
  await slowDown(context, page);
  outliveNetworks(page);
  const errors = [];
  page.on("pageerror", (e) => errors.push(e.message));
  page.on("crash", () => errors.push("the page crashed"));
  page.on("console", (m) => /Content Security Policy|Trusted/i.test(m.text()) && errors.push(m.text()));
  return { context, page, errors, told: watch(page) };
}

/**
 * Chromium drops what it is loading when a network interface of the machine comes or goes, and each container has one. A
 * page that lost a part of itself by that is loaded again.
 */
function outliveNetworks(page) {
  const changed = "net::ERR_NETWORK_CHANGED";
  const go = page.goto.bind(page);
  page.goto = async (...where) => {
    for (let left = 3; ; --left) {
      try {
        return await go(...where);
      } catch (error) {
        if (left === 0 || !String(error.message).includes(changed)) throw error;
      }
    }
  };
  let left = 3;
  page.on("requestfailed", (r) => {
    if (r.failure()?.errorText !== changed || !["script", "stylesheet"].includes(r.resourceType()) || left-- <= 0) return;
    page.reload().catch(() => undefined);
  });
}

/** SLOW=8: the page gets an eighth of the CPU, which shows what a check reads before it is there. */
async function slowDown(context, page) {
  const rate = Number(process.env.SLOW ?? 1);
  if (rate <= 1) return;
  const session = await context.newCDPSession(page);
  await session.send("Emulation.setCPUThrottlingRate", { rate });
}

/** Notes in the page itself what may be over before anybody looks: each phase of a connection, with or without the bar. */
function notePhases() {
  window.phases = [];
  let last = "";
  new MutationObserver(() => {
    const phase = document.querySelector(".theatre")?.dataset.phase ?? "";
    if (phase === last) return;
    last = phase;
    window.phases.push({ phase, bar: document.querySelector("[data-testid=toolbar]") !== null });
  }).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-phase"] });
}

export const phases = (page) => page.evaluate(() => window.phases);

/** Clicks in the page as soon as `selector` is there; for what goes by itself. True if it was there. */
export const clickAtOnce = (page, selector) =>
  page.evaluate((s) => {
    const element = document.querySelector(s);
    element?.click();
    return element !== null;
  }, selector);

/** Keeps what the browser knew, for the report of a check that failed: calls that failed or never ended, its console. */
function watch(page) {
  const pending = new Map();
  const notes = [];
  const note = (text) => notes.length < 8 && notes.push(text.slice(0, 200));
  page.on("request", (r) => pending.set(r, Date.now()));
  page.on("requestfinished", (r) => pending.delete(r));
  page.on("requestfailed", (r) => {
    pending.delete(r);
    // A page that is left takes its calls with it.
    if (r.failure()?.errorText !== "net::ERR_ABORTED") note(`failed: ${r.method()} ${r.url()}: ${r.failure()?.errorText}`);
  });
  page.on("response", (r) => r.status() >= 500 && note(`answered ${r.status()}: ${r.url()}`));
  page.on("console", (m) => m.type() === "error" && note(`console: ${m.text()}`));
  page.on("pageerror", (e) => note(`script error: ${e.message}`));
  return () => {
    const open = [...pending].filter(([r]) => !r.url().includes("/api/v1/events")).map(([r, at]) => `no answer for ${Date.now() - at} ms: ${r.method()} ${r.url()}`);
    return [`at ${page.url()}`, ...notes, ...open.slice(0, 6)].join("\n");
  };
}

/** Adds to an error what the visits of a failed check had to say, and keeps a picture of the last. */
export async function explain(error, visits, file) {
  const text = visits.map((v) => v.told()).join("\n");
  if (file) await visits.at(-1)?.page.screenshot({ path: file, timeout: 10_000 }).catch(() => undefined);
  error.message = `${String(error.message).split("\n").slice(0, 5).join("\n")}\n${text}`;
  return error;
}

export async function signIn(page, settings) {
  await page.goto("/");
  await page.getByTestId("username").fill(settings.user);
  await page.getByTestId("password").fill(settings.password);
  await page.getByTestId("sign-in").click();
  await page.getByTestId("template-card").first().waitFor();
}

/** Keeps a picture of the page and lets axe look at it. */
export async function look(page, settings, name, { axe = true } = {}) {
  await page.screenshot({ path: path.join(settings.artifacts, `${name}.png`) });
  if (axe) await expectAccessible(page);
}

/** A call of the API with the page's own cookie. */
export function api(page, method, pathname, body) {
  return page.evaluate(
    async ([m, p, b]) => {
      const headers = b === null ? {} : { "Content-Type": "application/json" };
      const response = await fetch(p, { method: m, headers, body: b === null ? undefined : JSON.stringify(b) });
      return { status: response.status, body: await response.json().catch(() => null) };
    },
    [method, pathname, body ?? null],
  );
}
