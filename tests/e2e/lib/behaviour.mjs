// SPDX-License-Identifier: Apache-2.0
// What the pages do when something happens: losses, the end of a sign-in, live updates, keys, clipboard.
import assert from "node:assert/strict";
import { adminCases } from "./admin_cases.mjs";
import { fileCases } from "./file_cases.mjs";
import { hostCases } from "./host_cases.mjs";
import { openPanel } from "./bar.mjs";
import { barCases } from "./bar_cases.mjs";
import { noticeCases } from "./notice_cases.mjs";
import { colours, picture } from "./picture.mjs";
import { soon, until } from "./report.mjs";
import { isChosen, startMockHere } from "./mock.mjs";
import { rowCases } from "./row_cases.mjs";
import { signInAs } from "./states.mjs";
import { tabCases } from "./tab_cases.mjs";
import { clickAtOnce, explain, newVisit, phases } from "./visit.mjs";

const connected = ".theatre[data-phase=connected]";

/** Opens a ready desktop of anna's in a browser that is signed in. */
async function openDesktop({ mock, visit, options = {}, session = {} }) {
  const { context, page } = await visit(options);
  await mock.signIn(context, "anna");
  const made = await mock.ask("session", session);
  await page.goto(`/desktops/${made.id}`);
  await page.locator(connected).waitFor();
  return { context, page, id: made.id };
}

const cases = [
  ["a broken connection comes back by itself, with a new ticket", async ({ mock, open }) => {
    const { page } = await open();
    const before = mock.world.ticketsIssued;
    await mock.ask("drop");
    await until("the loss", async () => (await phases(page)).some((p) => p.phase === "lost"));
    await page.locator(connected).waitFor();
    await until("the picture", async () => (await colours(page)) > 16);
    assert.equal(mock.world.ticketsIssued, before + 1);
  }],
  ["a loss that lasts is tried again less and less often", async ({ mock, open }) => {
    const { page } = await open();
    await mock.ask("set", { ticket: "host_unreachable" });
    await mock.ask("drop");
    await page.getByText(/try [3-9]/).waitFor();
    await mock.ask("set", { ticket: null });
    // It may come back by itself before the button is reached.
    await until("the button", async () => (await clickAtOnce(page, "[data-testid=retry-now]")) || page.locator(connected).isVisible());
    await page.locator(connected).waitFor();
  }],
  ["a sign-in that ends leads to the sign-in page and back to the desktop", async ({ mock, open }) => {
    const { page, id } = await open();
    await mock.ask("expire_login");
    await mock.ask("close", { code: 4401 });
    await page.waitForURL(/\/sign-in\?/);
    await signInAs(page, "anna", "berth");
    await page.waitForURL(new RegExp(`/desktops/${id}$`));
    await page.locator(connected).waitFor();
  }],
  ["a desktop whose time is over shows the ended page with the reason", async ({ mock, open }) => {
    const { page, id } = await open();
    await mock.ask("patch", { id, end: { reason: "lease_expired", message: "" } });
    await page.locator("[data-testid=ended][data-reason=lease_expired]").waitFor();
    await page.waitForURL(/\/ended$/);
  }],
  ["a desktop that was removed by hand says so once, in the reader's language", async ({ mock, open }) => {
    const { page, id } = await open({ options: { locale: "de-DE" } });
    await mock.ask("patch", { id, end: { reason: "removed_outside", message: "The desktop was removed on its machine." } });
    const ended = page.locator("[data-testid=ended][data-reason=removed_outside]");
    await ended.getByText("Jemand hat ihn direkt auf seinem Host entfernt, ohne Berth.").waitFor();
    await soon(() => ended.getByText("removed on its machine").count(), 0);
  }],
  ["without events the page asks by itself, and says so", async ({ mock, open }) => {
    const { page, id } = await open();
    await page.goto("/");
    await mock.ask("set", { events: "down" });
    await page.locator("[data-testid=live][data-state=polling]").waitFor();
    await mock.ask("patch", { id, end: { reason: "idle", message: "" } });
    await page.locator(`[data-id=${id}]`).waitFor({ state: "detached" });
    await mock.ask("set", { events: "ok" });
    await page.locator("[data-testid=live][data-state=live]").waitFor();
  }],
  ["what happens before the stream is open is not missed", async ({ mock, visit }) => {
    const { context, page } = await visit();
    await mock.signIn(context, "anna");
    const { id } = await mock.ask("session", { name: "before" });
    let letGo;
    const gate = new Promise((resolve) => (letGo = resolve));
    await page.route("**/api/v1/events*", async (route) => {
      await gate;
      await route.continue();
    });
    await page.goto("/");
    await page.locator(`[data-id=${id}]`).getByText("before").first().waitFor();
    await mock.ask("patch", { id, name: "meanwhile" });
    letGo();
    await page.locator("[data-testid=live][data-state=live]").waitFor();
    await page.locator(`[data-id=${id}]`).getByText("meanwhile").first().waitFor({ timeout: 5000 });
  }],
  ["without a network the page says what that means, and takes it back", async ({ mock, visit }) => {
    const { context, page } = await visit();
    await mock.signIn(context, "anna");
    await page.goto("/");
    const said = page.locator("[role=status][data-testid=network]");
    await page.locator("[data-testid=live][data-state=live]").waitFor();
    await soon(() => said.innerText(), "");
    await context.setOffline(true);
    await said.getByText("No network. What you see may be out of date.").waitFor();
    await context.setOffline(false);
    await said.locator("p").waitFor({ state: "detached" });
  }],
  ["a desktop that ended unheard does not stay on its page", async ({ mock, open }) => {
    const { page, id } = await open();
    await mock.ask("set", { events: "down" });
    const session = mock.world.sessions.get(id);
    Object.assign(session, { state: "ended", ended_at: new Date().toISOString(), end: { reason: "host_lost", code: null, message: "" } });
    await page.locator("[data-testid=ended][data-reason=host_lost]").waitFor();
  }],
  ["the bar greets with the first picture, however long that takes, and then makes room", async ({ mock, visit }) => {
    await mock.ask("set", { ticket_ms: 6000 });
    const { context, page } = await visit();
    await mock.signIn(context, "anna");
    const made = await mock.ask("session", {});
    await page.goto(`/desktops/${made.id}`);
    await page.locator(connected).waitFor();
    const greeting = (await phases(page)).find((p) => p.phase === "connected");
    assert.ok(greeting?.bar, "the bar went before there was a picture");
    await page.getByTestId("toolbar").waitFor({ state: "hidden" });
  }],
  ["Ctrl+Alt+Shift opens the bar, arrows move in it, Esc gives the keys back to the desktop", async ({ mock, open }) => {
    const { page } = await open();
    await page.getByTestId("toolbar").waitFor({ state: "hidden" });
    await picture(page).focus();
    await page.keyboard.press("Control+Alt+Shift");
    await page.getByTestId("toolbar").waitFor();
    const focused = () => page.evaluate(() => document.activeElement?.dataset.testid ?? document.activeElement?.tagName);
    await until("focus in the bar", async () => (await focused()) === "tool-clipboard");
    await page.keyboard.press("ArrowRight");
    await soon(() => focused(), "tool-keys");
    await page.keyboard.press("Escape");
    await until("focus on the picture", async () => (await focused()) === "CANVAS");
    await page.keyboard.type("k");
    // Its release comes last; what is still down then stays down.
    await until("the key", () => mock.witness("key").some((k) => k.keysym === 0x6b && !k.down));
    const down = new Map();
    for (const k of mock.witness("key")) down.set(k.keysym, k.down);
    assert.ok([...down.values()].every((d) => !d), "a key stayed down on the desktop");
  }],
  ["a modifier held by button goes with the next key and is let go", async ({ mock, open }) => {
    const { page } = await open();
    await openPanel(page, "keys");
    await page.getByRole("button", { name: "Super", exact: true }).click();
    await picture(page).focus();
    await page.keyboard.press("r");
    const keys = await until("Super up", () => {
      const list = mock.witness("key").map((k) => `${k.down ? "+" : "-"}${k.keysym.toString(16)}`);
      return list.includes("-ffeb") && list;
    });
    assert.deepEqual(keys.slice(keys.indexOf("+ffeb")), ["+ffeb", "+72", "-72", "-ffeb"]);
  }],
  ["Ctrl+V sends the text before the key", async ({ mock, open }) => {
    const { page, context } = await open();
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.evaluate(() => navigator.clipboard.writeText("pasted text"));
    await picture(page).focus();
    await page.keyboard.press("Control+v");
    await until("V on the desktop", () => mock.witness("key").some((k) => k.keysym === 0x76));
    const order = mock.world.witness.map((w) => w.text ?? w.keysym);
    assert.ok(order.indexOf("pasted text") >= 0 && order.indexOf("pasted text") < order.indexOf(0x76), JSON.stringify(order));
  }],
  ["with permission the desktop's copy is on this clipboard by itself", async ({ mock, open }) => {
    const { page } = await open({ options: { permissions: ["clipboard-read", "clipboard-write"] } });
    await mock.ask("cut_text", { text: "copied there" });
    await until("the text", () => page.evaluate(() => navigator.clipboard.readText().then((t) => t === "copied there")));
  }],
  ["a warning's button extends, and the strip goes", async ({ mock, open }) => {
    const { page, id } = await open({ session: { left_s: 58 } });
    await page.locator("[data-warning=one]").getByTestId("extend").click();
    await page.locator("[data-warning]").waitFor({ state: "detached" });
    assert.ok(Date.parse(mock.world.sessions.get(id).deadline) > Date.now() + 600_000);
  }],
  ["whoever only watches sends nothing", async ({ mock, visit }) => {
    const { page, context } = await visit();
    await mock.signIn(context, "root");
    const made = await mock.ask("session", { owner: "anna" });
    await page.goto(`/desktops/${made.id}`);
    await page.locator(connected).waitFor();
    await until("the picture", async () => (await colours(page)) > 16);
    await picture(page).click({ position: { x: 300, y: 300 }, force: true });
    await page.keyboard.type("x");
    await page.waitForTimeout(300); // long enough for a key to arrive if one were sent
    assert.deepEqual(mock.witness("key").concat(mock.witness("pointer"), mock.witness("resize")), []);
  }],
  ["staff are not offered to open somebody else's app, nor to start again what failed for somebody else", async ({ mock, visit }) => {
    const [staff, owner] = [await visit(), await visit()];
    await mock.signIn(staff.context, "root");
    await mock.signIn(owner.context, "anna");
    const app = await mock.ask("session", { owner: "anna", template: "notebook" });
    const failed = await mock.ask("session", { owner: "anna", template: "fails", state: "playing" });
    for (const [id, shown, offer] of [[app.id, "owner-only", "open-app"], [failed.id, "ended", "start-again"]]) {
      await owner.page.goto(`/desktops/${id}`);
      await owner.page.getByTestId(offer).waitFor();
      await staff.page.goto(`/desktops/${id}`);
      await staff.page.getByTestId(shown).waitFor();
      await soon(() => staff.page.getByTestId(offer).count(), 0, offer);
    }
    await staff.page.goto("/admin/desktops");
    const row = staff.page.getByTestId("admin-session").filter({ hasText: "Notebook" });
    await row.getByTestId("stop").waitFor();
    await soon(() => row.getByTestId("open").count(), 0);
  }],
  ["nothing of the one who signed out is shown to the next", async ({ mock, open }) => {
    const { page, id } = await open();
    await page.goto("/");
    await page.locator(`[data-id=${id}]`).waitFor();
    await page.getByTestId("account-menu").click();
    await page.getByTestId("sign-out").click();
    await page.getByTestId("username").waitFor();
    await mock.ask("set", { sessions: "hang" });
    await signInAs(page, "root", "berth");
    await page.getByTestId("template-card").first().waitFor();
    await soon(() => page.locator(`[data-id=${id}]`).count(), 0);
    const stored = await page.evaluate(() => Object.keys(sessionStorage).length);
    assert.equal(stored, 0);
  }],
  ["two quick clicks on Start give one desktop", async ({ mock, visit }) => {
    const { page, context } = await visit();
    await mock.signIn(context, "anna");
    await page.goto("/");
    await page.locator("[data-template=kali] [data-testid=start]").dblclick();
    await page.waitForURL(/\/desktops\//);
    assert.equal(mock.world.sessions.size, 1);
  }],
  ["German says it in German", async ({ mock, visit }) => {
    const { page } = await visit({ locale: "de-DE" });
    await page.goto("/");
    await page.getByRole("heading", { level: 1, name: "Anmelden" }).waitFor();
    await soon(() => page.evaluate(() => document.documentElement.lang), "de");
  }],
];

/** `only`: see isChosen. */
export async function behaviour(browser, report, { only = "" } = {}) {
  const mock = await startMockHere();
  for (const [name, run] of [...cases, ...tabCases, ...barCases, ...rowCases, ...adminCases, ...hostCases, ...fileCases, ...noticeCases].filter(([n]) => isChosen(n, only))) {
    await report.check(name, async () => {
      await mock.ask("reset");
      const opened = [];
      const visit = async (options) => {
        opened.push(await newVisit(browser, { url: mock.url }, options));
        return opened.at(-1);
      };
      try {
        await run({ mock, visit, open: (more = {}) => openDesktop({ mock, visit, ...more }) });
      } catch (error) {
        throw await explain(error, opened);
      } finally {
        for (const { context } of opened) await context.close();
      }
    });
  }
  await mock.stop();
}
