// SPDX-License-Identifier: Apache-2.0
// From the sign-in to the end of a desktop; each step needs the one before it.
import assert from "node:assert/strict";
import { clickTool, openPanel } from "./bar.mjs";
import { Container, containersOf } from "./container.mjs";
import { colours, picture, pictureSize } from "./picture.mjs";
import { until } from "./report.mjs";
import { api, look, newVisit, signIn } from "./visit.mjs";

/** Remembers every state that a stage was shown in: a start may last less than a look at it. */
function recordStages() {
  window.berthStages = {};
  const note = () => {
    for (const el of document.querySelectorAll("[data-testid=stage]")) {
      (window.berthStages[el.dataset.stage] ??= []).push(el.dataset.state);
    }
  };
  new MutationObserver(note).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-state"] });
}

/** Clicks into the lower half of the picture, where no bar is; closes an open panel. */
async function clickPicture(page) {
  const box = await picture(page).boundingBox();
  await page.mouse.click(box.x + box.width / 2, box.y + box.height * 0.7);
}

/** A terminal over the whole desktop that runs `command`, in front and ready for keys. */
async function openTerminal(container, page, title, command) {
  await container.spawn(
    "xfce4-terminal", "--disable-server", "--fullscreen", "--hide-menubar", "--title", title,
    "--execute", "bash", "-c", `touch /tmp/${title}.ready; ${command}`,
  );
  await until(`the terminal ${title}`, () => container.read(`/tmp/${title}.ready`).then((t) => t !== null), 20_000);
  await clickPicture(page);
}

async function sessionOf(page, id) {
  const { status, body } = await api(page, "GET", `/api/v1/sessions/${id}`);
  assert.equal(status, 200);
  return body;
}

/** A run that was cut short may have left a desktop of the same template. */
async function stopLeftOver(page, template) {
  const left = async () => {
    const { body } = await api(page, "GET", "/api/v1/sessions?state=live&owner=me");
    return body.items.filter((s) => s.template === template);
  };
  for (const s of await left()) await api(page, "DELETE", `/api/v1/sessions/${s.id}`);
  await until("no desktop left over", async () => (await left()).length === 0, 30_000);
}

async function start(page, settings) {
  await page.addInitScript(recordStages);
  await signIn(page, settings);
  await stopLeftOver(page, settings.template);
  await look(page, settings, "home");
  const card = page.locator(`[data-testid=template-card][data-template="${settings.template}"]`);
  await card.getByTestId("start").click();
  await page.waitForURL(/\/desktops\/[^/]+$/);
  await page.getByTestId("stage").first().waitFor();
  await look(page, settings, "starting", { axe: false });
  return decodeURIComponent(page.url().split("/").pop());
}

async function stop(page, settings, id) {
  await openPanel(page, "more");
  await look(page, settings, "desktop-more");
  await page.getByTestId("panel-more").getByTestId("stop").click();
  await page.locator("dialog[open]").waitFor();
  await look(page, settings, "stop-dialog");
  await page.getByTestId("confirm-stop").click();
  await page.getByTestId("ended").waitFor({ timeout: 30_000 });
  await page.waitForURL(/\/ended$/);
  await until("the container to be gone", async () => (await containersOf(id)).length === 0, 30_000);
  await look(page, settings, "ended");
}

export async function mainPath(browser, settings, report) {
  const { context, page, errors } = await newVisit(browser, settings);
  let id = "";
  let container;

  const steps = [
    ["signs in and starts a desktop", async () => {
      id = await start(page, settings);
    }],
    ["shows the stages while it starts, then the picture", async () => {
      await page.locator(".theatre[data-phase=connected]").waitFor({ timeout: 60_000 });
      const seen = await page.evaluate(() => window.berthStages);
      const moved = Object.values(seen).filter((states) => states.includes("active") || states.includes("done"));
      assert.ok(moved.length > 0, `no stage was ever active or done: ${JSON.stringify(seen)}`);
      const { stages } = await sessionOf(page, id);
      assert.ok(stages.every((s) => s.state === "done"), JSON.stringify(stages));
      container = await Container.of(id);
    }],
    ["draws a desktop, not one colour", async () => {
      await until("more than 16 colours", async () => (await colours(page)) > 16, 30_000, 250);
      await look(page, settings, "desktop");
    }],
    ["gives the desktop the window's size, and follows it", async () => {
      await until("1280x800", async () => (await container.resolution()) === "1280x800", 15_000, 250);
      await page.setViewportSize({ width: 1010, height: 640 });
      await until("1010x640", async () => (await container.resolution()) === "1010x640", 15_000, 250);
      await until("the canvas", async () => (await pictureSize(page)) === "1010x640");
      await page.setViewportSize({ width: 1280, height: 800 });
      await until("1280x800 again", async () => (await container.resolution()) === "1280x800", 15_000, 250);
    }],
    ["types text that arrives inside the container", async () => {
      await openTerminal(container, page, "typing", "read -r line; printf '%s' \"$line\" > /tmp/typed");
      const text = "Berth 42: a-z {$&} ~/\"x\" @#%";
      await page.keyboard.type(text, { delay: 15 });
      await page.keyboard.press("Enter");
      assert.equal(await until("the typed line", () => container.read("/tmp/typed"), 15_000), text);
    }],
    ["brings text from here to the desktop's clipboard", async () => {
      await openTerminal(container, page, "pasting", "stty -icanon; exec cat > /tmp/pasted");
      const text = "from the browser – grüße";
      await openPanel(page, "clipboard");
      await page.getByTestId("clipboard-text").fill(text);
      await look(page, settings, "desktop-clipboard");
      await page.getByTestId("clipboard-send").click();
      await clickPicture(page);
      // The desktop fetches the text when the terminal asks for it; no Enter, which might overtake it.
      await page.keyboard.press("Shift+Insert");
      const pasted = async () => (await container.read("/tmp/pasted")) === text;
      await until(`"${text}" to be pasted`, pasted, 15_000);
    }],
    ["brings text from the desktop's clipboard here", async () => {
      await openTerminal(container, page, "copying", "yes from-the-desktop | head -200; sleep 60");
      const box = await picture(page).boundingBox();
      // Every line is the same word, so a double click near the left edge selects it wherever it lands.
      await until("the word on the clipboard", async () => {
        await page.mouse.dblclick(box.x + 60, box.y + box.height * 0.7);
        await openPanel(page, "clipboard");
        const text = await page.getByTestId("clipboard-text").inputValue();
        await page.keyboard.press("Escape");
        return text === "from-the-desktop";
      }, 45_000, 500);
    }],
    ["moves the deadline when it is extended", async () => {
      const before = await sessionOf(page, id);
      await clickTool(page, "extend");
      await until("a later deadline", async () => {
        const after = await sessionOf(page, id);
        const moved = (Date.parse(after.deadline) - Date.parse(before.deadline)) / 1000;
        return moved > 0 && moved <= before.lease.extension_s && after.lease.extensions_used === before.lease.extensions_used + 1;
      });
    }],
    ["keeps running after a disconnect and comes back", async () => {
      await openPanel(page, "more");
      await page.getByTestId("disconnect").click();
      await page.getByTestId("reconnect").waitFor();
      await look(page, settings, "disconnected");
      await page.getByTestId("reconnect").click();
      await page.locator(".theatre[data-phase=connected]").waitFor();
      await until("the picture again", async () => (await colours(page)) > 1, 15_000, 250);
    }],
    ["shows it on the home page with its time", async () => {
      await page.goto("/");
      const card = page.locator(`[data-testid=session-card][data-id="${id}"]`);
      await card.waitFor();
      assert.match(await card.getByTestId("countdown").innerText(), /\d/);
      await look(page, settings, "home-running");
      await card.getByTestId("open").click();
      await page.locator(".theatre[data-phase=connected]").waitFor();
    }],
    ["stops it, and the container is gone", () => stop(page, settings, id)],
    ["met no script error and no policy violation on the way", async () => assert.deepEqual(errors, [])],
  ];
  for (const [name, run] of steps) {
    if (await report.check(name, run)) continue;
    await page.screenshot({ path: `${settings.artifacts}/failed-${report.failed}.png` }).catch(() => undefined);
    // Without a desktop nothing that follows says anything.
    if (!container) break;
  }
  if (id) await api(page, "DELETE", `/api/v1/sessions/${id}`).catch(() => undefined);
  await context.close();
}
