// SPDX-License-Identifier: Apache-2.0
// What staff see of hosts while it happens, and what people are told, against the mock.
import assert from "node:assert/strict";
import { card, openHosts } from "./admin_cases.mjs";
import { soon, until } from "./report.mjs";

const hostOf = (mock, name) => mock.world.hosts.find((h) => h.name === name);

/** Counts the calls of a path from now on. */
function callsOf(page, pattern) {
  const calls = [];
  page.on("request", (r) => pattern.test(r.url()) && calls.push(r));
  return calls;
}

/** As if another tab were looked at: a headless page is never hidden by itself. */
const setHidden = (page, hidden) => page.evaluate((value) => {
  Object.defineProperty(document, "hidden", { value, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}, hidden);

export const hostCases = [
  ["loads are seen to change without an event, and nothing is asked while nobody looks", async ({ mock, visit }) => {
    const page = await openHosts({ mock, visit });
    const cpu = card(page, "juno").getByTestId("machine-load");
    hostOf(mock, "juno").load = { ...hostOf(mock, "juno").load, cpu: 0.77 };
    await cpu.getByText("77 %").waitFor({ timeout: 8000 });
    await setHidden(page, true);
    const calls = callsOf(page, /\/api\/v1\/hosts$/);
    await page.waitForTimeout(6000); // longer than the time between two questions
    assert.equal(calls.length, 0);
    hostOf(mock, "juno").load = { ...hostOf(mock, "juno").load, cpu: 0.11 };
    await setHidden(page, false);
    await cpu.getByText("11 %").waitFor({ timeout: 3000 });
  }],
  ["a host that is down says when it is tried again", async ({ mock, visit }) => {
    const page = await openHosts({ mock, visit });
    await mock.ask("host", { name: "boreas", next_check_at: new Date(Date.now() + 20_000).toISOString() });
    const said = card(page, "boreas").getByTestId("next-check");
    await said.getByText(/^Looked at again in 1\d s\.$/).waitFor();
    await mock.ask("host", { name: "boreas", next_check_at: new Date(Date.now() - 1000).toISOString() });
    await said.getByText("It is being looked at again.").waitFor();
  }],
  ["a test shows each step as it is done, and is left with its dialog", async ({ mock, visit }) => {
    const page = await openHosts({ mock, visit });
    await mock.ask("set", { test_stream: "stuck" });
    await card(page, "local").getByTestId("test").click();
    await page.getByTestId("test-step").nth(1).waitFor();
    await page.getByTestId("test-next").waitFor();
    await soon(() => page.getByTestId("test-summary").count(), 0);
    await page.keyboard.press("Escape");
    await until("the end of the stream", () => mock.world.tests.at(-1) === "left");
    await mock.ask("set", { test_stream: "ok" });
    await card(page, "local").getByTestId("test").click();
    await page.getByTestId("test-summary").getByText("Everything works.").waitFor();
    await soon(() => page.getByTestId("test-next").count(), 0);
  }],
  ["a server that does not stream a test is understood too", async ({ mock, visit }) => {
    const page = await openHosts({ mock, visit });
    await mock.ask("set", { test_stream: "off" });
    await card(page, "local").getByTestId("test").click();
    await page.getByTestId("test-summary").waitFor();
    await soon(() => page.getByTestId("test-step").count(), 12);
  }],
  ["a drain with a message and an end is told to the people there, live, and taken back", async ({ mock, visit }) => {
    const page = await openHosts({ mock, visit, path: "/admin/hosts/juno" });
    const person = await visit();
    await mock.signIn(person.context, "anna");
    await mock.ask("session", { host: "juno" });
    await person.page.goto("/");
    await person.page.locator("[data-testid=live][data-state=live]").waitFor();
    await page.getByTestId("drain").click();
    await page.getByTestId("remaining").getByText("3 desktops still run here.").waitFor();
    await page.locator("dialog [name=message]").fill("New machines come.");
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
    await page.locator("dialog [name=until]").fill(`${tomorrow}T18:00`);
    const sent = page.waitForRequest((r) => r.url().endsWith("/drain"));
    await page.locator("dialog").getByTestId("confirm").click();
    assert.match((await sent).postDataJSON().until, /Z$/);
    await page.getByTestId("drain-told").getByText("New machines come.").waitFor();
    await page.getByTestId("drain-ends").waitFor();
    await person.page.getByTestId("service-notice").getByText("New machines come.").waitFor();
    await mock.ask("host", { name: "juno", sessions: { used: 1, capacity: 20 } });
    await page.locator(".host-notes").getByText("1 desktop still runs here.").waitFor();
    await page.getByTestId("resume").first().click();
    await person.page.getByTestId("service-notice").waitFor({ state: "detached" });
  }],
  ["an end that lies in the past is refused where it stands", async ({ mock, visit }) => {
    const page = await openHosts({ mock, visit, path: "/admin/hosts/juno" });
    await page.getByTestId("drain").click();
    const field = page.locator("dialog [name=until]");
    await field.fill("2020-01-01T10:00");
    await page.locator("dialog").getByTestId("confirm").click();
    await page.locator("dialog [name=until][aria-invalid=true]").waitFor();
    await soon(() => field.evaluate((e) => document.getElementById(e.getAttribute("aria-describedby")).textContent), "is in the past");
    assert.equal(hostOf(mock, "juno").state, "up");
  }],
  ["what happens to a host is on its page at once, the newest first, and failures stand apart", async ({ mock, visit }) => {
    const page = await openHosts({ mock, visit, path: "/admin/hosts/juno" });
    await page.getByTestId("host-failures").getByText("A start failed").waitFor();
    await soon(() => page.getByTestId("host-events").getByText("A start failed").count(), 0);
    await page.locator("[data-testid=live][data-state=live]").waitFor();
    mock.world.hostEvents.push({ host: "juno", at: new Date().toISOString(), type: "host.changed", session: null, from: "", to: "", actor: "olga", text: "weight" });
    await mock.ask("host", { name: "juno", weight: 3 });
    await page.getByTestId("host-event").filter({ hasText: "Settings changed by olga" }).waitFor();
    assert.match(await page.getByTestId("host-events").getByTestId("host-event").first().innerText(), /Settings changed by olga/);
  }],
];
