// SPDX-License-Identifier: Apache-2.0
// The bar of a desktop hides by itself, also between a look and a click: every step is tried until it has held.
import { until } from "./report.mjs";

const quick = { timeout: 3000 };
const toolbar = (page) => page.getByTestId("toolbar");

async function tryBar(page) {
  if (!(await toolbar(page).isVisible())) await page.getByTestId("toolbar-handle").click(quick).catch(() => undefined);
  return toolbar(page).isVisible();
}

export const openBar = (page) => until("the bar", () => tryBar(page));

/** The bar open with the focus on one of its tools, where it stays. */
export const focusTool = (page, name) =>
  until(`the focus on ${name}`, async () => {
    await tryBar(page);
    await page.getByTestId(name).focus(quick).catch(() => undefined);
    return page.evaluate((id) => document.activeElement?.dataset.testid === id, name);
  });

export async function openPanel(page, name) {
  const panel = page.getByTestId(`panel-${name}`);
  await until(`the panel ${name}`, async () => {
    if (await panel.isVisible()) return true;
    if (await tryBar(page)) await page.getByTestId(`tool-${name}`).click(quick).catch(() => undefined);
    return panel.isVisible();
  });
}
