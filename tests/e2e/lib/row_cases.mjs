// SPDX-License-Identifier: Apache-2.0
// Rows of administration at every width: each action of each row stands in the window and is not covered.
import assert from "node:assert/strict";
import { outOfReach } from "./reach.mjs";

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
    assert.deepEqual(await outOfReach(page, `${row} :is(${actions})`, { scrolls: true }), [], `at ${width} px`);
    const over = await page.evaluate(() => [...document.querySelectorAll(".table-wrap, html")].map((e) => e.scrollWidth - e.clientWidth));
    assert.ok(over.every((px) => px <= 0), `something scrolls sideways at ${width} px: ${over}`);
  }
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
    await page.locator("[data-host=juno] [data-testid=host-state][data-state=draining]").waitFor();
  }],
  ["hosts as cards show all their actions at every width", async ({ mock, visit }) => {
    const page = await open({ mock, visit, path: "/admin/hosts?view=cards" });
    await page.getByTestId("host-card").nth(9).waitFor();
    await expectActions(page, "[data-testid=host-card]", "button", 20);
  }],
  ["a row that is stacked is still a row of a table", async ({ mock, visit }) => {
    const page = await open({ mock, visit, path: "/admin/desktops", locale: "en-GB" });
    await page.setViewportSize({ width: 320, height: 700 });
    const row = page.getByRole("table").getByRole("row").filter({ has: page.getByRole("rowheader", { name: /reverse engineering/ }) });
    await row.waitFor();
    assert.deepEqual(await page.getByRole("columnheader").allInnerTexts(), ["Desktop", "Owner", "State", "Host", "Time left", "Viewers", "Actions"]);
    assert.equal(await row.getByRole("cell").count(), 6);
    await row.getByRole("button", { name: /^Stop Introduction/ }).click();
    await page.locator("dialog[open]").waitFor();
  }],
];
