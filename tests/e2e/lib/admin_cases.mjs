// SPDX-License-Identifier: Apache-2.0
// Hosts as staff use them, against the mock.
import assert from "node:assert/strict";
import { soon, until } from "./report.mjs";

export async function openHosts({ mock, visit, who = "root", fleet = "states", path = "/admin/hosts" }) {
  const { context, page } = await visit();
  await mock.signIn(context, who);
  await mock.ask("set", { fleet });
  await page.goto(path);
  await page.getByTestId("host-state").first().waitFor();
  // The heading takes the focus once the page is there; later it would take it from what a case has focused.
  await page.locator("h1:focus").waitFor();
  return page;
}

export const card = (page, name) => page.locator(`[data-testid=host-card][data-host=${name}]`);

export const adminCases = [
  ["a host is drained with two clicks, says how many remain, and is resumed from the message", async ({ mock, visit }) => {
    const page = await openHosts({ mock, visit });
    const sent = page.waitForRequest((r) => r.url().endsWith("/hosts/juno/drain"));
    await card(page, "juno").getByTestId("drain").click();
    await page.locator("dialog").getByTestId("confirm").click();
    assert.equal((await sent).postData(), null, "a plain drain says nothing to anybody");
    // The message goes by itself: it is read and answered in one step.
    const text = await until("the message", () => page.evaluate(() => {
      const toast = document.querySelector(".toast");
      const said = toast?.querySelector(".toast-text")?.textContent;
      toast?.querySelector(".btn:not(.btn-icon)")?.click();
      return said;
    }));
    assert.match(text, /3 desktops still run here/);
    await until("the return", () => mock.world.hosts.find((h) => h.name === "juno").state === "up");
    await card(page, "juno").and(page.locator("[data-state=up]")).waitFor();
  }],
  ["a host's change is seen without asking", async ({ mock, visit }) => {
    const page = await openHosts({ mock, visit, path: "/admin/hosts/local" });
    await page.locator("[data-testid=live][data-state=live]").waitFor();
    await mock.ask("host", { name: "local", state: "down", last_error: "The engine does not answer." });
    await page.locator("[data-testid=host-state][data-state=down]").waitFor();
    await page.getByText("The engine does not answer.").first().waitFor();
  }],
  ["a test opens with the keyboard, shows every step, and Esc gives the focus back", async ({ mock, visit }) => {
    const page = await openHosts({ mock, visit });
    await card(page, "boreas").getByTestId("test").focus();
    await page.keyboard.press("Enter");
    await page.getByTestId("test-summary").waitFor();
    const states = await page.getByTestId("test-step").evaluateAll((list) => list.map((x) => x.dataset.state));
    assert.deepEqual([states[0], states[1], states.at(-1)], ["ok", "failed", "skipped"]);
    assert.match(await page.locator("[data-testid=test-step][data-state=failed]").innerText(), /What helps: Is sshd running/);
    await page.keyboard.press("Escape");
    await page.locator("dialog[open]").waitFor({ state: "detached" });
    await soon(() => page.evaluate(() => document.activeElement?.dataset.testid), "test");
  }],
  ["an image is pulled, with its progress, until it is there", async ({ mock, visit }) => {
    const page = await openHosts({ mock, visit, path: "/admin/hosts/juno" });
    await mock.ask("set", { pull_ms: 600_000 });
    const image = page.locator("[data-testid=image][data-template=kali]");
    await image.getByTestId("pull").click();
    await image.and(page.locator("[data-state=pulling]")).waitFor();
    assert.match(await image.innerText(), /0 %, 0\sB of 2\.6\sGB/);
    const { images } = mock.world.hosts.find((h) => h.name === "juno");
    await mock.ask("host", { name: "juno", images: images.map((i) => ({ ...i, present: true, pulling: null })) });
    await image.and(page.locator("[data-state=present]")).waitFor();
  }],
  ["a host is added only with the key that was shown and confirmed", async ({ mock, visit }) => {
    const page = await openHosts({ mock, visit, path: "/admin/hosts" });
    await page.getByTestId("add-host").click();
    await page.locator("[name=endpoint]").fill("ssh://berth@kronos.lab.example");
    await soon(() => page.locator("[name=name]").inputValue(), "kronos");
    const sent = [];
    page.on("request", (r) => r.method() === "POST" && r.url().endsWith("/hosts") && sent.push(r.postDataJSON()));
    await page.getByTestId("add-submit").click();
    const shown = await page.getByTestId("confirm-key").locator("dd code").innerText();
    assert.ok(!mock.world.hosts.some((h) => h.name === "kronos"), "it was added without a question");
    await page.getByTestId("confirm-key-add").click();
    await page.waitForURL(/\/admin\/hosts\/kronos$/);
    assert.deepEqual(sent.map((s) => s.accept_host_key), [undefined, shown]);
  }],
  ["a refused address is marked where it stands, and has the focus", async ({ mock, visit }) => {
    const page = await openHosts({ mock, visit, path: "/admin/hosts" });
    await page.getByTestId("add-host").click();
    const address = page.locator("[name=endpoint]");
    await address.fill("http://kronos");
    await page.getByTestId("add-submit").click();
    await page.locator("[name=endpoint][aria-invalid=true]:focus").waitFor();
    await soon(() => address.evaluate((e) => document.getElementById(e.getAttribute("aria-describedby")).textContent), "one of ssh://, unix://, tcp:// is needed");
  }],
  ["a changed key needs two deliberate clicks, and exactly the shown one is accepted", async ({ mock, visit }) => {
    const page = await openHosts({ mock, visit, path: "/admin/hosts/iris" });
    const shown = await page.getByTestId("key-changed").locator("dd code").nth(1).innerText();
    const sent = page.waitForRequest((r) => r.url().endsWith("/host-key"));
    await page.getByTestId("accept-key").click();
    await page.locator("dialog :focus").getByText("Cancel").waitFor();
    await page.locator("dialog").getByTestId("confirm").click();
    assert.deepEqual((await sent).postDataJSON(), { fingerprint: shown });
    await page.getByTestId("key-changed").waitFor({ state: "detached" });
  }],
  ["only what was changed is sent", async ({ mock, visit }) => {
    const page = await openHosts({ mock, visit, path: "/admin/hosts/juno" });
    await page.getByTestId("edit").click();
    await page.locator("dialog [name=weight]:focus").waitFor();
    await page.locator("dialog [name=labels]").fill("gpu=yes");
    await page.locator("dialog [name=weight]").fill("3");
    const sent = page.waitForRequest((r) => r.method() === "PATCH");
    await page.locator("dialog").getByTestId("confirm").click();
    assert.deepEqual((await sent).postDataJSON(), { weight: 3, labels: { gpu: "yes" } });
    await page.locator("dialog[open]").waitFor({ state: "detached" });
  }],
  ["a host that is not empty is not removed, but drained if wanted", async ({ mock, visit }) => {
    const page = await openHosts({ mock, visit, path: "/admin/hosts/juno" });
    await page.getByTestId("remove").click();
    await soon(() => page.locator("dialog").getByTestId("confirm").count(), 0);
    await page.getByTestId("drain-instead").click();
    await page.locator("[data-testid=host-state][data-state=draining]").waitFor();
  }],
  ["a host that another administrator removes goes from the list", async ({ mock, visit }) => {
    const page = await openHosts({ mock, visit });
    await page.locator("[data-testid=live][data-state=live]").waitFor();
    const other = await visit();
    await mock.signIn(other.context, "root");
    await other.page.goto("/admin/hosts/eris");
    await other.page.getByTestId("remove").click();
    await other.page.locator("dialog").getByTestId("confirm").click();
    await other.page.waitForURL(/\/admin\/hosts$/);
    await card(page, "eris").waitFor({ state: "detached" });
  }],
  ["a Docker context is taken over with one click", async ({ mock, visit }) => {
    const page = await openHosts({ mock, visit, path: "/admin/hosts" });
    await page.getByTestId("add-host").click();
    const context = page.locator("[data-testid=context][data-name=lab]");
    await context.getByTestId("import").click();
    await context.getByRole("link", { name: "lab" }).waitFor();
    assert.ok(mock.world.hosts.some((h) => h.name === "lab"));
  }],
  ["a Docker context whose machine nobody has confirmed leads to the question", async ({ mock, visit }) => {
    const page = await openHosts({ mock, visit, path: "/admin/hosts" });
    await page.getByTestId("add-host").click();
    await page.locator("[data-testid=context][data-name=gpu-room]").getByTestId("import").click();
    await page.getByTestId("confirm-key-add").click();
    await page.waitForURL(/\/admin\/hosts\/gpu-room$/);
  }],
  ["search and filter are part of the address", async ({ mock, visit }) => {
    const page = await openHosts({ mock, visit });
    await page.getByTestId("search").fill("gpu");
    await until("one card", async () => (await page.getByTestId("host-card").count()) === 1);
    await page.waitForURL(/\?q=gpu$/);
    await soon(() => page.locator("[role=status][data-testid=matches]").innerText(), "1 of 12 hosts");
    await page.reload();
    await card(page, "juno").waitFor();
    await soon(() => page.getByTestId("host-card").count(), 1);
  }],
  ["somebody else's desktop is extended and stopped on its page, as in its row", async ({ mock, visit }) => {
    const { context, page } = await visit();
    await mock.signIn(context, "root");
    const { id, deadline } = await mock.ask("session", { owner: "anna" });
    const actions = (where) => where.locator(".actions").first().locator("a, button").evaluateAll((list) => list.map((e) => e.dataset.testid));
    await page.goto("/admin/desktops");
    const row = page.locator(`[data-testid=admin-session][data-id=${id}]`);
    await row.waitFor();
    const inRow = await actions(row);
    assert.deepEqual(inRow, ["open", "extend", "stop"]);
    await row.getByRole("rowheader").getByRole("link").click();
    await page.getByRole("heading", { level: 2, name: "Why this host" }).waitFor();
    await soon(() => actions(page.locator(".admin-content")), inRow);
    await page.getByTestId("extend").click();
    await until("more time", () => Date.parse(mock.world.sessions.get(id).deadline) > Date.parse(deadline));
    await page.getByTestId("stop").click();
    await page.locator("dialog[open]").getByText("It belongs to anna.").waitFor();
    await page.getByTestId("confirm-stop").click();
    await page.locator("dialog[open]").waitFor({ state: "detached" });
    await soon(() => page.evaluate(() => document.activeElement?.id), "main", "the focus is lost");
    await page.locator(".admin-content .notice").getByText("root stopped it.").waitFor();
    await soon(() => page.locator(".admin-content").getByTestId("stop").count(), 0);
    assert.equal(mock.world.sessions.get(id).end.reason, "admin_request");
  }],
  ["a web application of somebody else is not opened, but can be stopped", async ({ mock, visit }) => {
    const { context, page } = await visit();
    await mock.signIn(context, "root");
    const { id } = await mock.ask("session", { owner: "anna", template: "notebook" });
    await page.goto(`/admin/desktops/${id}`);
    await page.getByTestId("stop").waitFor();
    await soon(() => page.locator(".admin-content").getByTestId("open").count(), 0);
  }],
  ["an operator sees the hosts and changes none", async ({ mock, visit }) => {
    const page = await openHosts({ mock, visit, who: "olga", path: "/admin/hosts/juno" });
    await page.getByTestId("limit").waitFor();
    for (const action of ["test", "drain", "edit", "remove", "pull"]) await soon(() => page.getByTestId(action).count(), 0, action);
  }],
];
