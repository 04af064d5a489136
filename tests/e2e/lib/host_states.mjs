// SPDX-License-Identifier: Apache-2.0
// States of what hosts tell: loads, history, events, tests and drains.

const onHost = (name, set = {}) => ({ as: "root", set: { fleet: "states", ...set }, path: `/admin/hosts/${name}`, wait: "[data-testid=limit]" });
const openTest = { act: (p) => p.getByTestId("test").click(), actAfter: true };

async function drain(page, fields) {
  await page.getByTestId("drain").click();
  for (const [name, value] of Object.entries(fields)) await page.locator(`dialog [name=${name}]`).fill(value);
  await page.locator("dialog").getByTestId("confirm").click();
}

export const hostStates = [
  { name: "hosts-table-states", as: "root", set: { fleet: "states" }, path: "/admin/hosts?view=table", wait: "[data-testid=host-row] >> nth=11" },
  { name: "hosts-old-server", as: "root", set: { fleet: "old" }, path: "/admin/hosts", wait: "[data-testid=host-card] >> nth=1" },
  { name: "host-old-server", ...onHost("boreas", { fleet: "old", history: "missing", host_events: "missing" }), then: "[data-testid=history] p.muted" },
  { name: "host-degraded", ...onHost("kalypso"), then: "[data-testid=plot]" },
  { name: "host-load-unknown", ...onHost("lamia") },
  { name: "host-history-short", ...onHost("juno", { history: "short" }), then: "[data-testid=plot]" },
  { name: "host-history-gap", ...onHost("local", { history: "gap" }), then: "[data-testid=plot]", actAfter: true, act: (p) => p.locator("[data-testid=history] summary").click() },
  { name: "host-history-empty", ...onHost("local", { history: "empty", host_events: "empty" }), then: "[data-testid=history] p.muted" },
  { name: "host-history-error", ...onHost("local", { history: "error", host_events: "error" }), then: "[data-testid=error] >> nth=1" },
  { name: "host-history-missing", ...onHost("local", { history: "missing", host_events: "missing" }), then: "[data-testid=history] p.muted" },
  { name: "host-history-loading", ...onHost("local", { history: "hang", host_events: "hang" }), then: ".skeleton-plots" },
  { name: "host-events", ...onHost("local"), wait: "[data-testid=host-events]", act: (p) => p.getByText(/^(Show all|Alle) /).click(), actAfter: true },
  { name: "host-drain", ...onHost("juno"), act: (p) => p.getByTestId("drain").click(), actAfter: true, then: "[data-testid=drain-form]" },
  { name: "host-drain-refused", ...onHost("juno"), act: (p) => drain(p, { message: "Hand in your work.", until: "2020-01-01T10:00" }), actAfter: true, then: "[data-testid=drain-form] [name=until][aria-invalid]" },
  { name: "host-drain-change", ...onHost("dione"), act: (p) => p.getByTestId("drain-change").click(), actAfter: true, then: "[data-testid=drain-form]" },
  { name: "host-test-step", ...onHost("local", { test_stream: "stuck" }), ...openTest, then: "[data-testid=test-step] >> nth=1" },
  { name: "host-test-problem", ...onHost("local", { test_stream: "problem" }), ...openTest, then: "dialog [data-testid=error]" },
];
