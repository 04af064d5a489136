// SPDX-License-Identifier: Apache-2.0
// What tabs do for each other and for somebody who looks elsewhere; and the bar's place.
import assert from "node:assert/strict";
import { focusTool } from "./bar.mjs";
import { soon, until } from "./report.mjs";

/** A tab in the background, whose notifications are kept. */
function pretendHidden() {
  window.shown = [];
  window.Notification = class {
    static permission = "granted";
    static requestPermission = () => Promise.resolve("granted");
    constructor(title, options) {
      window.shown.push({ title, tag: options.tag });
    }
  };
  Object.defineProperty(Document.prototype, "hidden", { get: () => true });
  localStorage.setItem("berth.prefs", JSON.stringify({ notifications: true }));
}

export const tabCases = [
  ["two tabs share one event stream, and the second goes on when the first is closed", async ({ mock, visit }) => {
    const { context, page } = await visit();
    await mock.signIn(context, "anna");
    const streams = () => mock.world.streams.size;
    await page.goto("/");
    await page.locator("[data-testid=live][data-state=live]").waitFor();
    const second = await context.newPage();
    await second.goto("/");
    await second.locator("[data-testid=live][data-state=live]").waitFor();
    const made = await mock.ask("session", {});
    for (const tab of [page, second]) await tab.locator(`[data-id=${made.id}]`).waitFor();
    assert.equal(streams(), 1);
    await page.close();
    await until("the second tab's own stream", () => [...mock.world.streams].filter((s) => !s.response.destroyed).length === 1);
    await second.locator("[data-testid=live][data-state=live]").waitFor();
    const later = await mock.ask("session", { template: "kali" });
    await second.locator(`[data-id=${later.id}]`).waitFor();
  }],
  ["whoever asked for it is told when a desktop is ready, and once before it ends", async ({ mock, visit }) => {
    const { context, page } = await visit();
    await mock.signIn(context, "anna");
    await page.addInitScript(pretendHidden);
    await page.goto("/");
    await page.locator("[data-testid=live][data-state=live]").waitFor();
    const made = await mock.ask("session", { template: "kali", state: "playing" });
    const shown = () => page.evaluate(() => window.shown);
    await until("ready", async () => (await shown()).some((n) => n.tag === `berth-${made.id}-ready`));
    // Ready for an hour: a lease that was short from the start is not warned about.
    await mock.ask("patch", { id: made.id, left_s: 240, ready_at: new Date(Date.now() - 3_600_000).toISOString() });
    await until("the warning", async () => (await shown()).some((n) => n.tag === `berth-${made.id}-time`));
    await mock.ask("patch", { id: made.id, viewers: { control: 0, view: 1 } });
    await page.getByText("1 viewer").waitFor();
    assert.equal((await shown()).length, 2);
  }],
  ["the bar is dragged to another edge, stays there after a reload, and Esc calls a drag off", async ({ open }) => {
    const { page } = await open();
    const handle = page.getByTestId("toolbar-handle");
    const drag = async (x, y) => {
      const box = await handle.boundingBox();
      await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
      await page.mouse.down();
      await page.mouse.move(x, y, { steps: 5 });
    };
    await drag(20, 400);
    await page.locator(".theatre.to-left").waitFor();
    await page.mouse.up();
    await page.locator(".theatre.edge-left").waitFor();
    await page.reload();
    await page.locator(".theatre.edge-left[data-phase=connected]").waitFor();
    await drag(640, 780);
    await page.locator(".theatre.to-bottom").waitFor();
    await page.keyboard.press("Escape");
    await page.mouse.up();
    await soon(() => page.locator(".theatre.edge-left").count(), 1);
  }],
  ["the bar is moved by keyboard alone", async ({ open }) => {
    const { page } = await open();
    await focusTool(page, "tool-more");
    await page.keyboard.press("Enter");
    await page.getByRole("radio", { name: "Top" }).focus();
    await page.keyboard.press("ArrowRight");
    await page.locator(".theatre.edge-bottom").waitFor();
  }],
  ["a host that does not answer is said on the desktop, and nothing ends", async ({ mock, open }) => {
    const { page, id } = await open();
    await mock.ask("patch", { id, condition: "unknown" });
    await page.getByTestId("no-answer").waitFor();
    assert.match(page.url(), new RegExp(`/desktops/${id}$`));
    await mock.ask("patch", { id, condition: "ok" });
    await page.getByTestId("no-answer").waitFor({ state: "detached" });
  }],
  ["it stays said while the page tries to connect again", async ({ mock, open }) => {
    const { page, id } = await open();
    await mock.ask("patch", { id, condition: "unknown" });
    await mock.ask("set", { ticket_ms: 10_000 });
    await mock.ask("drop");
    await page.locator(".theatre[data-phase=connecting]").waitFor();
    assert.match(await page.getByTestId("connection").innerText(), /machine does not answer at the moment; your desktop is kept/);
  }],
];
