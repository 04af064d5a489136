// SPDX-License-Identifier: Apache-2.0
// The bar of a desktop hides by itself; whoever is late opens it once more.
import { until } from "./report.mjs";

export async function openBar(page) {
  if (!(await page.getByTestId("toolbar").isVisible())) await page.getByTestId("toolbar-handle").click();
  await page.getByTestId("toolbar").waitFor();
}

export async function openPanel(page, name) {
  const panel = page.getByTestId(`panel-${name}`);
  await until(`the panel ${name}`, async () => {
    if (await panel.isVisible()) return true;
    await openBar(page);
    await page.getByTestId(`tool-${name}`).click({ timeout: 2000 }).catch(() => undefined);
    return panel.isVisible();
  });
}
