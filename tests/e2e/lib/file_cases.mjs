// SPDX-License-Identifier: Apache-2.0
// Hosts out of a hosts.yml: the states of that part of the page, and what happens there, against the mock.
import assert from "node:assert/strict";
import { openHosts } from "./admin_cases.mjs";
import { soon } from "./report.mjs";

const addPage = { as: "root", path: "/admin/hosts?add", wait: "[data-testid=hosts-file]", actAfter: true };

const hostsYml = `workspace_hosts:
  - hostname: kronos.lab.example
    user: berth
    pub_hostname: kronos.example.org
  - hostname: atlas.lab.example
    user: berth
  - hostname: leda.lab.example
  - hostname: metis.lab.example
    user: root
`;

async function readFile(page, text = hostsYml) {
  await page.getByTestId("file-text").fill(text);
  await page.getByTestId("file-read").click();
}

async function addUntilAsked(page) {
  await readFile(page);
  await page.getByTestId("file-add").click();
}

/** The first is left out, the second is taken. */
async function addAll(page) {
  await addUntilAsked(page);
  await page.getByTestId("confirm-key-cancel").click();
  await page.locator("[data-name=metis] [data-testid=confirm-key-add]").click();
}

export const fileStates = [
  { name: "host-file-list", ...addPage, act: (p) => readFile(p), then: "[data-testid=file-host] >> nth=3" },
  { name: "host-file-asked", ...addPage, act: addUntilAsked, then: "[data-testid=file-result] [data-testid=confirm-key]" },
  { name: "host-file-done", ...addPage, act: addAll, then: "[data-testid=file-done]" },
  { name: "host-file-refused", ...addPage, act: (p) => readFile(p, "hosts: []"), then: "[data-testid=hosts-file] [data-testid=error]" },
  { name: "host-file-empty", ...addPage, act: (p) => readFile(p, "workspace_hosts: []"), then: "[data-testid=hosts-file] .quiet-line" },
  { name: "host-file-large", ...addPage, act: (p) => readFile(p, "#".repeat(60_001)), then: "[data-testid=hosts-file] .hint-error" },
];

const hostOf = (mock, name) => mock.world.hosts.find((h) => h.name === name);

async function openAdd(openMock) {
  const page = await openHosts(openMock);
  await page.getByTestId("add-host").click();
  await page.getByTestId("hosts-file").waitFor();
  return page;
}

export const fileCases = [
  ["the hosts of a hosts.yml are added one after the other, each key is asked for, and each has its result", async (tools) => {
    const { mock } = tools;
    const page = await openAdd(tools);
    await page.getByTestId("file-choose").setInputFiles({ name: "hosts.yml", mimeType: "application/yaml", buffer: Buffer.from(`${hostsYml}  - hostname: juno.lab.example\n    user: berth\n`) });
    const row = (name) => page.locator(`[data-testid=file-host][data-name=${name}]`);
    await row("juno").getByText("in use as juno").waitFor();
    await row("leda").getByText("user is missing").waitFor();
    await soon(() => page.getByTestId("file-host").locator("input[type=checkbox]").count(), 3);
    await row("atlas").locator("input").uncheck();
    const sent = [];
    page.on("request", (r) => r.method() === "POST" && r.url().endsWith("/hosts") && sent.push(r.postDataJSON()));
    await page.getByTestId("file-add").getByText("Add 2 hosts").click();
    await row("kronos").getByTestId("confirm-key-add").waitFor();
    await row("kronos").locator("[data-testid=confirm-key-cancel]:focus").waitFor();
    await soon(() => row("metis").getByTestId("file-result").getAttribute("data-state"), "waiting");
    const shown = await row("kronos").locator("dd code").innerText();
    await row("kronos").getByTestId("confirm-key-add").click();
    await row("kronos").locator("[data-state=added]").waitFor();
    await row("metis").getByTestId("confirm-key-cancel").click();
    await page.getByTestId("file-done").getByText("Added: 1. Not added: 1.").waitFor();
    assert.deepEqual(sent.map((s) => [s.name, s.accept_host_key]), [["kronos", undefined], ["kronos", shown], ["metis", undefined]]);
    assert.equal(sent[0].public_name, "kronos.example.org");
    assert.ok(hostOf(mock, "kronos") && !hostOf(mock, "metis") && !hostOf(mock, "atlas"));
    await row("metis").locator("input[type=checkbox]").waitFor();
  }],
  ["one that is refused does not keep the next from being added", async (tools) => {
    const page = await openAdd(tools);
    const name = "ssh://berth@kronos.lab.example";
    await readFile(page, hostsYml.replace("atlas.lab", "local.lab"));
    // Somebody else has taken the name since the file was read.
    await page.getByTestId("file-add").click();
    await page.locator("[data-name=kronos] [data-testid=confirm-key-add]").click();
    await page.locator("[data-name=local] [data-testid=file-result][data-state=not_added]").getByText("That exists already.").waitFor();
    await page.locator("[data-name=metis] [data-testid=confirm-key-add]").click();
    await page.getByTestId("file-done").getByText("Added: 2. Not added: 1.").waitFor();
    assert.equal(hostOf(tools.mock, "kronos").endpoint, name);
  }],
];
