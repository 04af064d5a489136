// SPDX-License-Identifier: Apache-2.0
// Rows of administration at every width: each action of each row stands in the window and is not covered.
import assert from "node:assert/strict";
import { outOfReach } from "./reach.mjs";
import { soon, until } from "./report.mjs";

const widths = [1280, 1024, 768, 480, 320];
const long = { owner: "root", name: "Introduction to reverse engineering, second group", owner_name: "wilhelmina.featherstonehaugh@students.example" };

async function open({ mock, visit, path, fleet = "states", locale = "de-DE" }) {
  const { context, page } = await visit({ locale });
  await mock.signIn(context, "root");
  await mock.ask("set", { fleet });
  for (const session of [{ owner: "anna", host: "juno" }, { ...long, host: "juno" }, { owner: "anna", template: "queued", state: "playing" }]) {
    const { owner_name, ...fields } = session;
    const made = await mock.ask("session", fields);
    if (owner_name) await mock.ask("patch", { id: made.id, owner: { ...made.owner, name: owner_name } });
  }
  await page.goto(path);
  return page;
}

/** `rows` times the actions named are there at every width, each in reach; nothing scrolls sideways. */
async function expectActions(page, row, actions, least) {
  for (const width of widths) {
    await page.setViewportSize({ width, height: 700 });
    const found = await page.locator(row).locator(actions).count();
    assert.ok(found >= least, `${found} actions at ${width} px`);
    await soon(() => outOfReach(page, `${row} :is(${actions})`, { scrolls: true }), [], `at ${width} px`);
    const over = await page.evaluate(() => [...document.querySelectorAll(".table-wrap, html")].map((e) => e.scrollWidth - e.clientWidth));
    assert.ok(over.every((px) => px <= 0), `something scrolls sideways at ${width} px: ${over}`);
  }
}

/** Four desktops in which every column has an order of its own. */
async function openSorted({ mock, visit, locale = "en-GB" }) {
  const { context, page } = await visit({ locale });
  await mock.signIn(context, "root");
  const seen = (view) => ({ viewers: { control: 0, view } });
  for (const session of [
    { name: "web10", left_s: 900, age_s: 4000, ...seen(2) },
    { name: "Ätna", left_s: 20_000, age_s: 3000, ...seen(10) },
    { name: "web9", left_s: 1800, age_s: 2000, ...seen(0) },
  ]) await mock.ask("session", session);
  await mock.ask("session", { name: "queued", template: "queued", state: "playing", ...seen(1) });
  await page.goto("/admin/desktops");
  await page.locator("[data-testid=admin-session]").nth(3).waitFor();
  return page;
}

async function expectOrder(page, names, header, direction) {
  const shown = () => page.locator("[data-testid=admin-session] th").allInnerTexts();
  await until(`the order ${names}`, async () => (await shown()).join() === names.join());
  await soon(() => header.getAttribute("aria-sort"), direction);
}

export const rowCases = [
  ["the rows of everybody's desktops show all their actions at every width", async ({ mock, visit }) => {
    const page = await open({ mock, visit, path: "/admin/desktops" });
    await page.locator("[data-testid=admin-session]").nth(2).waitFor();
    await expectActions(page, "[data-testid=admin-session]", "a.btn, button", 7);
  }],
  ["the rows of a host's desktops show all their actions at every width", async ({ mock, visit }) => {
    const page = await open({ mock, visit, path: "/admin/hosts/juno" });
    await page.locator("[data-testid=admin-session]").nth(1).waitFor();
    await expectActions(page, "[data-testid=admin-session]", "a.btn, button", 6);
    await expectActions(page, ".admin-content", "button", 8);
  }],
  ["hosts as rows can be tested and drained at every width", async ({ mock, visit }) => {
    const page = await open({ mock, visit, path: "/admin/hosts?view=table" });
    await page.getByTestId("host-row").nth(9).waitFor();
    await expectActions(page, "[data-testid=host-row]", "button", 20);
    await page.locator("[data-host=juno]").getByTestId("drain").click();
    await page.locator("dialog").getByTestId("confirm").click();
    await page.locator("[data-host=juno] [data-testid=host-state][data-state=draining]").waitFor();
  }],
  ["hosts as cards show all their actions at every width", async ({ mock, visit }) => {
    const page = await open({ mock, visit, path: "/admin/hosts?view=cards" });
    await page.getByTestId("host-card").nth(9).waitFor();
    await expectActions(page, "[data-testid=host-card]", "button", 20);
  }],
  ["everybody's desktops are sorted by a header with the keyboard, and stay so over a reload", async ({ mock, visit }) => {
    const page = await openSorted({ mock, visit });
    const viewers = page.getByRole("columnheader", { name: "Viewers" });
    await viewers.getByRole("button").focus();
    await page.keyboard.press("Enter");
    await expectOrder(page, ["web9", "queued", "web10", "Ätna"], viewers, "ascending");
    await page.keyboard.press("Space");
    await expectOrder(page, ["Ätna", "web10", "queued", "web9"], viewers, "descending");
    await page.waitForURL(/\?sort=-viewers$/);
    await page.reload();
    await expectOrder(page, ["Ätna", "web10", "queued", "web9"], viewers, "descending");
    await soon(() => page.locator("[aria-sort]").count(), 1);
  }],
  ["words, numbers in them, times and what is not known are sorted as such", async ({ mock, visit }) => {
    const page = await openSorted({ mock, visit });
    const by = (name) => page.getByRole("columnheader", { name });
    await expectOrder(page, ["queued", "web9", "Ätna", "web10"], by("Started"), "descending");
    for (const [name, up, down] of [
      ["Desktop", ["Ätna", "queued", "web9", "web10"], ["web10", "web9", "queued", "Ätna"]],
      ["Time left", ["web10", "web9", "Ätna", "queued"], ["Ätna", "web9", "web10", "queued"]],
      ["Started", ["web10", "Ätna", "web9", "queued"], ["queued", "web9", "Ätna", "web10"]],
    ]) {
      for (const [order, direction] of [[up, "ascending"], [down, "descending"]]) {
        await by(name).getByRole("button").click();
        await expectOrder(page, order, by(name), direction);
      }
    }
    await until("an address without a word for the usual order", () => new URL(page.url()).search === "");
  }],
  ["rows stay where they are while somebody aims at them", async ({ mock, visit }) => {
    const page = await openSorted({ mock, visit });
    const names = () => page.locator("[data-testid=admin-session] th").allInnerTexts();
    const usual = ["queued", "web9", "Ätna", "web10"];
    await until("the usual order", async () => (await names()).join() === usual.join());
    const box = await page.locator("[data-testid=admin-session]", { hasText: "web9" }).boundingBox();
    // A hand is never quite still.
    const aim = (step) => page.mouse.move(box.x + 20 + (step % 2), box.y + box.height / 2);
    let step = 0;
    await aim(step);
    await mock.ask("session", { name: "newer", left_s: 900, age_s: 0 });
    await until("the new one after those that were there", async () => {
      await aim(++step);
      return (await names()).join() === [...usual, "newer"].join();
    });
    await page.mouse.move(1, 1);
    await until("it in its place", async () => (await names()).join() === ["newer", ...usual].join());
    // Who rests there only reads.
    await aim(++step);
    await mock.ask("session", { name: "newest", left_s: 900, age_s: 0 });
    await until("that one in its place", async () => (await names()).join() === ["newest", "newer", ...usual].join());
  }],
  ["at 320 pixels rows are sorted above them, in German too, and no hidden header takes the focus", async ({ mock, visit }) => {
    const page = await openSorted({ mock, visit, locale: "de-DE" });
    await page.setViewportSize({ width: 320, height: 700 });
    await page.getByLabel("Sortieren nach").selectOption({ label: "Restzeit" });
    const time = page.getByRole("columnheader", { name: "Restzeit" });
    // Newest first was downwards, and the direction stays.
    await expectOrder(page, ["Ätna", "web9", "web10", "queued"], time, "descending");
    const down = page.getByRole("button", { name: "Absteigend", pressed: true });
    await down.focus();
    await page.keyboard.press("Enter");
    await expectOrder(page, ["web10", "web9", "Ätna", "queued"], time, "ascending");
    await page.waitForURL(/\?sort=time$/);
    await soon(() => page.getByTestId("sort").filter({ visible: true }).count(), 0);
    await soon(() => outOfReach(page, "[data-testid=sort-bar] :is(select, button)", { scrolls: true }), []);
  }],
  ["hosts as rows are sorted, with the search kept", async ({ mock, visit }) => {
    const page = await open({ mock, visit, path: "/admin/hosts?view=table", locale: "en-GB" });
    const names = () => page.getByTestId("host-row").evaluateAll((list) => list.map((e) => e.dataset.host));
    await page.getByTestId("host-row").nth(9).waitFor();
    assert.deepEqual(await names(), (await names()).toSorted());
    await page.getByRole("columnheader", { name: "Desktops" }).getByRole("button").click();
    const used = new Map(mock.world.hosts.map((h) => [h.name, h.sessions.used]));
    await until("few first", async () => (await names()).every((n, i, all) => i === 0 || used.get(all[i - 1]) <= used.get(n)));
    assert.ok(new Set(used.values()).size > 2, "these hosts say nothing about an order");
    await page.getByTestId("search").fill("lab");
    await until("the address", () => /sort=desktops/.test(page.url()) && /q=lab/.test(page.url()));
    await soon(() => page.locator("th[aria-sort=ascending]").innerText(), "Desktops");
  }],
  ["a row that is stacked is still a row of a table", async ({ mock, visit }) => {
    const page = await open({ mock, visit, path: "/admin/desktops", locale: "en-GB" });
    await page.setViewportSize({ width: 320, height: 700 });
    const row = page.getByRole("table").getByRole("row").filter({ has: page.getByRole("rowheader", { name: /reverse engineering/ }) });
    await row.waitFor();
    await soon(() => page.getByRole("columnheader").allInnerTexts(), ["Desktop", "Owner", "State", "Host", "Started", "Time left", "Viewers", "Actions"]);
    await soon(() => row.getByRole("cell").count(), 7);
    await row.getByRole("button", { name: /^Stop Introduction/ }).click();
    await page.locator("dialog[open]").waitFor();
  }],
];
