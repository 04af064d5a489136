// SPDX-License-Identifier: Apache-2.0
// What people are told about the machine of their desktop, against the mock.
import { soon } from "./report.mjs";

export const noticeCases = [
  ["a notice over the picture is put away, and comes back when something else is said", async ({ mock, open }) => {
    const notice = { message: "New machines come.", ends_at: null };
    const { page, id } = await open({ session: { notice } });
    await page.getByTestId("service-notice").getByText("New machines come.").waitFor();
    await page.getByTestId("hide-notice").click();
    await page.getByTestId("service-notice").waitFor({ state: "detached" });
    await soon(() => page.evaluate(() => document.activeElement?.tagName), "CANVAS");
    await mock.ask("patch", { id, notice: { ...notice, ends_at: new Date(Date.now() + 3_600_000).toISOString() } });
    await page.getByTestId("service-notice").getByText(/It ends by .*\d\d:\d\d at the latest/).waitFor();
    await mock.ask("patch", { id, end: { reason: "host_maintenance", message: "" } });
    await page.locator("[data-testid=ended][data-reason=host_maintenance]").getByText("Its machine was taken out of use for maintenance.").waitFor();
  }],
];
