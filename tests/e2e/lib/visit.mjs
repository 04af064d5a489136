// SPDX-License-Identifier: Apache-2.0
// A page with ears: script errors and policy violations are collected, pictures and axe are one call.
import path from "node:path";
import { expectAccessible } from "./axe.mjs";

export async function newVisit(browser, settings, options = {}) {
  const context = await browser.newContext({ baseURL: settings.url, viewport: { width: 1280, height: 800 }, locale: "en-GB", ...options });
  const page = await context.newPage();
  const errors = [];
  page.on("pageerror", (e) => errors.push(e.message));
  page.on("crash", () => errors.push("the page crashed"));
  page.on("console", (m) => /Content Security Policy|Trusted/i.test(m.text()) && errors.push(m.text()));
  return { context, page, errors };
}

export async function signIn(page, settings) {
  await page.goto("/");
  await page.getByTestId("username").fill(settings.user);
  await page.getByTestId("password").fill(settings.password);
  await page.getByTestId("sign-in").click();
  await page.getByTestId("template-card").first().waitFor({ timeout: 15_000 });
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
