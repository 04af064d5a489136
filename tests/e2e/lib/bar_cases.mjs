// SPDX-License-Identifier: Apache-2.0
// The desktop's bar in windows of every size: handle, tools and panels in reach by mouse, touch and keyboard.
import assert from "node:assert/strict";
import { outOfReach } from "./reach.mjs";
import { soon, until } from "./report.mjs";

const edges = ["top", "bottom", "left", "right"];
/** From a large window down to the smallest that 400 % zoom makes of one (WCAG 1.4.10). */
const sizes = [[1280, 800], [640, 320], [480, 480], [320, 480], [320, 256]];

const handle = (page) => page.getByTestId("toolbar-handle");
const toolbar = (page) => page.getByTestId("toolbar");
const panel = (page) => page.getByTestId("panel-more");

/** Chosen in the window as it was when the page was opened, and remembered. */
async function dockAt(page, edge) {
  await page.evaluate((e) => localStorage.setItem("berth.prefs", JSON.stringify({ edge: e })), edge);
  await page.reload();
  await page.locator(`.theatre.edge-${edge}[data-phase=connected]`).waitFor();
}

/** The bar greets and goes by itself. */
async function close(page) {
  await until("the bar to be closed", async () => {
    if (await toolbar(page).isVisible()) await page.keyboard.press("Escape");
    return (await toolbar(page).count()) === 0;
  });
}

async function expectReach(page, what, selectors) {
  for (const selector of selectors) {
    // What opens does so with a short movement.
    let wrong = [];
    await until(`${what}: ${selector}`, async () => (wrong = await outOfReach(page, selector)).length === 0, 3000).catch(() => undefined);
    assert.deepEqual(wrong, [], what);
  }
}

const handleIs = "[data-testid=toolbar-handle]";
const tools = "[data-testid=toolbar] .tool";

/** Closed, open, with a panel, and closed again by its handle: `press` is a click or a tap. */
async function useBar(page, what, press) {
  await expectReach(page, `${what}, closed`, [handleIs]);
  await press(handle(page));
  await toolbar(page).waitFor();
  await expectReach(page, `${what}, open`, [handleIs, tools]);
  await press(page.getByTestId("tool-more"));
  await panel(page).waitFor();
  await expectReach(page, `${what}, with a panel`, [handleIs, tools, "[data-testid=panel-more]"]);
  await panel(page).getByTestId("stop").scrollIntoViewIfNeeded();
  await expectReach(page, `${what}, the end of the panel`, ["[data-testid=panel-more] [data-testid=stop]"]);
  await press(handle(page));
  await toolbar(page).waitFor({ state: "detached" });
}

async function touchDrag(page, x, y) {
  const box = await handle(page).boundingBox();
  const client = await page.context().newCDPSession(page);
  const from = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  const touch = (type, points) => client.send("Input.dispatchTouchEvent", { type, touchPoints: points });
  await touch("touchStart", [from]);
  for (const share of [0.3, 0.6, 1]) await touch("touchMove", [{ x: from.x + (x - from.x) * share, y: from.y + (y - from.y) * share }]);
  await touch("touchEnd", []);
}

export const barCases = [
  ...edges.map((edge) => [`the bar at the ${edge} stays in reach of the mouse while the window shrinks`, async ({ open }) => {
    const { page } = await open();
    await dockAt(page, edge);
    for (const [width, height] of sizes) {
      await page.setViewportSize({ width, height });
      await close(page);
      await useBar(page, `${edge} ${width}x${height}`, (what) => what.click());
    }
  }]),
  ["a place chosen in a large window holds in a small one, by touch, and a finger moves the bar on", async ({ open }) => {
    const { page } = await open({ options: { hasTouch: true, isMobile: true, viewport: { width: 320, height: 480 } } });
    for (const edge of ["left", "right"]) {
      await dockAt(page, edge);
      await close(page);
      await useBar(page, `${edge} by touch`, (what) => what.tap());
      const { width, height } = await handle(page).boundingBox();
      assert.ok(Math.min(width, height) >= 44, `the handle is ${width}x${height}, too small for a finger`);
    }
    await touchDrag(page, 160, 470);
    await page.locator(".theatre.edge-bottom").waitFor();
    await expectReach(page, "dragged to the bottom", [handleIs]);
  }],
  ["in a small window the bar at a side is used by keyboard alone", async ({ open }) => {
    const { page } = await open({ options: { viewport: { width: 320, height: 480 } } });
    const focused = () => page.evaluate(() => document.activeElement?.dataset.testid);
    for (const edge of ["left", "right"]) {
      await dockAt(page, edge);
      await close(page);
      await handle(page).focus();
      await expectReach(page, `${edge} by keyboard`, [`${handleIs}:focus`]);
      await page.keyboard.press("Enter");
      await until("the focus in the bar", async () => (await focused()) === "tool-clipboard");
      await page.keyboard.press("End");
      await soon(() => focused(), "tool-more");
      await expectReach(page, `${edge}, at the end`, [`${tools}:focus`]);
      await page.keyboard.press("Enter");
      // A Tab before the panel has taken the focus would be lost.
      await until("the focus in the panel", () => page.evaluate(() => Boolean(document.activeElement?.closest("[data-testid=panel-more]"))));
      // Through every control of the panel: what has the focus is seen.
      for (let i = 0; i < 8; i++) {
        await page.keyboard.press("Tab");
        if ((await focused()) === "stop") break;
      }
      await soon(() => focused(), "stop");
      await expectReach(page, `${edge}, the end of the panel`, ["[data-testid=panel-more] :focus"]);
      await page.keyboard.press("Escape");
      await page.keyboard.press("Escape");
      await toolbar(page).waitFor({ state: "detached" });
    }
  }],
];
