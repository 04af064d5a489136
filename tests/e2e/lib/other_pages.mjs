// SPDX-License-Identifier: Apache-2.0
// Pages around the main path: refused sign-in, addresses that lead nowhere, dark and narrow.
import assert from "node:assert/strict";
import { look, newVisit, signIn } from "./visit.mjs";

export async function otherPages(browser, settings, report) {
  await report.check("a wrong password is refused in one sentence that does not say which field", async () => {
    const { context, page } = await newVisit(browser, settings);
    await page.goto("/");
    await page.getByTestId("username").fill(settings.user);
    await page.getByTestId("password").fill("certainly not this");
    await look(page, settings, "sign-in");
    await page.getByTestId("sign-in").click();
    await page.getByTestId("error").waitFor();
    assert.equal(await page.getByTestId("username").inputValue(), settings.user);
    await look(page, settings, "sign-in-refused");
    await context.close();
  });

  await report.check("a link to a desktop survives the sign-in, and an unknown desktop says so", async () => {
    const { context, page } = await newVisit(browser, settings);
    await page.goto("/desktops/nothing-here");
    await page.getByTestId("username").fill(settings.user);
    await page.getByTestId("password").fill(settings.password);
    await page.getByTestId("sign-in").click();
    await page.getByTestId("error").waitFor();
    await page.waitForURL(/\/desktops\/nothing-here$/);
    await look(page, settings, "desktop-not-found");
    await context.close();
  });

  await report.check("home is usable in the dark and at 320 pixels", async () => {
    const { context, page, errors } = await newVisit(browser, settings, { colorScheme: "dark", viewport: { width: 320, height: 640 } });
    await signIn(page, settings);
    await look(page, settings, "home-dark-320");
    const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.equal(over, 0, "the page scrolls sideways");
    assert.deepEqual(errors, []);
    await context.close();
  });

  await report.check("staff see the hosts", async () => {
    const { context, page } = await newVisit(browser, settings);
    await signIn(page, settings);
    await page.goto("/admin/hosts");
    await page.getByTestId("host-card").first().waitFor();
    await look(page, settings, "admin-hosts");
    await context.close();
  });
}
