// SPDX-License-Identifier: Apache-2.0
// Every state of every page, and how to get there with the mock.
// `set` are faults, `make` sessions; `path` may use the first session's id as {id}.

import { openPanel } from "./bar.mjs";
import { fileStates } from "./file_cases.mjs";
import { hostStates } from "./host_states.mjs";

const picture = ".theatre[data-phase=connected]";
const ended = (reason, message = "") => ({ make: [{ state: "ended", age_s: 4000, end: { reason, message } }], path: "/desktops/{id}", wait: "[data-testid=ended]" });

const notice = { message: "The room gets new machines. Please hand in your work.", ends_at: new Date(Date.now() + 5_400_000).toISOString() };
const edgeNames = { bottom: /^(Bottom|Unten)$/, left: /^(Left|Links)$/, right: /^(Right|Rechts)$/ };
const attempt = { at: "2026-01-15T10:42:07Z", stage: "creating", host: "boreas", code: "host_unreachable", detail: "timed out after 10 s: POST /containers/create" };

export const states = [
  { name: "signin", signedOut: true, path: "/", wait: "[data-testid=sign-in]" },
  { name: "signin-wrong", signedOut: true, path: "/", act: (p) => signInAs(p, "anna", "wrong"), wait: "[data-testid=error]" },
  { name: "signin-throttled", signedOut: true, set: { login: "rate_limited" }, path: "/", act: (p) => signInAs(p, "anna", "berth"), wait: "[data-testid=error]" },
  { name: "signin-expired", signedOut: true, path: "/sign-in?next=/desktops/x&why=expired", wait: "[data-testid=sign-in]" },
  { name: "home-none", path: "/", wait: "[data-testid=template-card]" },
  {
    name: "home-running", path: "/", wait: "[data-testid=session-card] >> nth=2", set: { templates: "many" },
    make: [{ left_s: 4210 }, { template: "kali", left_s: 250, name: "CTF quals" }, { template: "queued", state: "playing" }],
  },
  { name: "home-full", path: "/", set: { max_sessions: 1 }, make: [{}], wait: "[data-testid=session-card]" },
  { name: "home-empty", path: "/", set: { templates: "empty" }, wait: ".empty" },
  { name: "home-one", path: "/", set: { templates: "one" }, wait: "[data-testid=template-card]" },
  { name: "home-error", path: "/", set: { templates: "error", sessions: "error" }, wait: "[data-testid=error] >> nth=1" },
  { name: "home-loading", path: "/", set: { templates: "hang", sessions: "hang" }, wait: ".skeleton-template >> nth=0" },
  { name: "home-offline", path: "/", set: { events: "down" }, wait: "[data-testid=live][data-state=polling]" },
  { name: "home-no-match", path: "/", set: { templates: "many" }, act: (p) => p.getByTestId("search").fill("zzz"), wait: ".empty" },
  { name: "home-start-failed", path: "/", set: { start: "no_capacity" }, act: (p) => p.getByTestId("start").first().click(), wait: "[data-testid=error]" },
  { name: "home-options", path: "/", act: (p) => p.getByTestId("options").first().click(), wait: "dialog[open]" },
  { name: "home-menu", path: "/", act: (p) => p.getByTestId("account-menu").click(), wait: ".popover-panel" },
  { name: "home-stop", path: "/", make: [{}], act: (p) => p.getByTestId("stop").click(), wait: "dialog[open]" },
  { name: "starting", make: [{ template: "slow", state: "playing" }], path: "/desktops/{id}", wait: "[data-stage=preparing][data-state=active]" },
  { name: "starting-queued", make: [{ template: "queued", state: "playing" }], path: "/desktops/{id}", wait: "[data-stage=queued] .stage-detail" },
  { name: "starting-slow", make: [{ template: "slow", state: "playing" }], path: "/desktops/{id}", wait: ".expectation-slow" },
  { name: "starting-failed", make: [{ template: "fails", state: "playing" }], path: "/desktops/{id}", wait: "[data-testid=ended]" },
  { name: "starting-failed-staff", as: "root", make: [{ owner: "anna", template: "fails", state: "playing" }], path: "/desktops/{id}", wait: "[data-testid=ended]", act: (p) => p.locator("summary").click(), actAfter: true },
  { name: "desktop", make: [{}], path: "/desktops/{id}", wait: picture },
  ...["clipboard", "keys", "display", "more"].map((tool) => ({
    name: `desktop-${tool}`, make: [{}], path: "/desktops/{id}", wait: picture, actAfter: true, act: (p) => openPanel(p, tool),
  })),
  { name: "desktop-bar-closed", make: [{}], path: "/desktops/{id}", wait: picture, actAfter: true, act: (p) => p.getByTestId("toolbar").waitFor({ state: "hidden" }) },
  { name: "desktop-10min", make: [{ left_s: 590 }], path: "/desktops/{id}", wait: "[data-warning=ten]" },
  { name: "desktop-1min", make: [{ left_s: 59 }], path: "/desktops/{id}", wait: "[data-warning=one]" },
  { name: "desktop-grace", make: [{ left_s: -5, grace_s: 600 }], path: "/desktops/{id}", wait: "[data-warning=grace]" },
  { name: "desktop-no-extension", make: [{ left_s: 250, lease: { extension_s: 1800, extensions_used: 4, extensions_left: 0, hard_limit_at: null } }], path: "/desktops/{id}", wait: "[data-warning=five]" },
  { name: "desktop-idle", make: [{ idle_left_s: 100 }], path: "/desktops/{id}", wait: "[data-testid=idle-warning]" },
  { name: "desktop-copied", make: [{}], path: "/desktops/{id}", wait: picture, actAfter: true, act: (p, mock) => mock("cut_text", { text: "from afar" }), then: "[data-testid=remote-copied]" },
  { name: "desktop-lost", make: [{}], path: "/desktops/{id}", wait: picture, actAfter: true, act: async (p, mock) => { await mock("set", { ticket: "host_unreachable" }); await mock("drop"); }, then: "[data-testid=retry-now]" },
  ...[1000, 4403, 4408, 4409, 4423, 4429].map((code) => ({
    name: `desktop-closed-${code}`, make: [{}], path: "/desktops/{id}", wait: picture, actAfter: true, act: (p, mock) => mock("close", { code }), then: `[data-testid=connection][data-code="${code}"]`,
  })),
  { name: "desktop-watch", as: "root", make: [{ owner: "anna" }], path: "/desktops/{id}", wait: picture },
  { name: "web", make: [{ template: "notebook" }], path: "/desktops/{id}", wait: "[data-testid=open-app]" },
  { name: "web-staff", as: "root", make: [{ owner: "anna", template: "notebook" }], path: "/desktops/{id}", wait: "[data-testid=owner-only]" },
  { name: "ended-owner", ...ended("owner_request") },
  { name: "ended-time", ...ended("lease_expired") },
  { name: "ended-admin", ...ended("admin_request", "The exam is over. Please hand in your work.") },
  { name: "ended-crashed", ...ended("out_of_memory", "The desktop used more than its 4 GB of memory.") },
  { name: "ended-idle", ...ended("idle") },
  { name: "ended-disconnected", ...ended("disconnected") },
  { name: "ended-died", ...ended("container_died", "The desktop's main program ended with code 137.") },
  { name: "ended-removed", ...ended("removed_outside") },
  { name: "ended-host-lost", ...ended("host_lost") },
  { name: "ended-maintenance", make: [{ state: "ended", age_s: 4000, notice, end: { reason: "host_maintenance" } }], path: "/desktops/{id}", wait: "[data-testid=ended]" },
  { name: "home-notice", path: "/", make: [{ notice }, { template: "kali", notice: { message: "", ends_at: null } }], wait: "[data-testid=service-notice] >> nth=1" },
  { name: "desktop-notice", path: "/desktops/{id}", make: [{ notice }], wait: picture, then: "[data-testid=service-notice]" },
  { name: "desktop-notice-plain", path: "/desktops/{id}", make: [{ left_s: 250, notice: { message: "", ends_at: null } }], wait: picture, then: "[data-testid=service-notice]" },
  { name: "web-notice", path: "/desktops/{id}", make: [{ template: "notebook", notice }], wait: "[data-testid=service-notice]" },
  { name: "home-no-network", path: "/", make: [{}], wait: "[data-testid=session-card]", act: (p) => p.context().setOffline(true), actAfter: true, then: "[data-testid=network] p" },
  { name: "desktop-not-found", path: "/desktops/d_nothing", wait: "[data-testid=error]" },
  { name: "not-found", path: "/nowhere", wait: "[data-testid=error]" },
  { name: "forbidden", path: "/admin", wait: "[data-testid=error]" },
  { name: "offline", path: "/", set: { me: "error" }, wait: "[data-testid=error]" },
  { name: "preferences", path: "/preferences", wait: "h1" },
  { name: "home-no-answer", path: "/", make: [{ condition: "unknown" }], wait: "[data-testid=no-answer]" },
  { name: "starting-retried", path: "/desktops/{id}", make: [{ template: "slow", state: "playing", attempts: [attempt] }], wait: "[data-testid=retried]" },
  { name: "desktop-no-answer", path: "/desktops/{id}", make: [{ condition: "unknown" }], wait: "[data-testid=no-answer]" },
  ...["bottom", "left", "right"].map((edge) => ({
    name: `desktop-bar-${edge}`, make: [{}], path: "/desktops/{id}", wait: picture, actAfter: true, then: `.edge-${edge} [data-testid=panel-more]`,
    act: async (p) => { await openPanel(p, "more"); await p.getByRole("radio", { name: edgeNames[edge] }).check({ force: true }); },
  })),
];

const considered = [
  { host: "local", verdict: "full", score: 0, text: "20 of 20 places are taken" },
  { host: "atlas", verdict: "chosen", score: 0.333, text: "least loaded" },
  { host: "boreas", verdict: "down", score: 0, text: "Connection refused" },
  { host: "juno", verdict: "free", score: 0.25, text: "more desktops for its weight" },
];
const someDesktops = [{ owner: "anna", host: "atlas" }, { owner: "root", template: "kali" }, { owner: "anna", template: "queued", state: "playing" }];
const onHost = (name) => ({ as: "root", set: { fleet: "states" }, path: `/admin/hosts/${name}`, wait: "[data-testid=limit]" });
const openTest = { act: (p) => p.getByTestId("test").click(), actAfter: true };

states.push(
  { name: "admin-desktops", as: "root", make: someDesktops, path: "/admin", wait: "[data-testid=admin-session] >> nth=2" },
  { name: "admin-desktops-none", as: "root", path: "/admin/desktops", wait: ".quiet-line" },
  { name: "admin-desktops-error", as: "root", set: { sessions: "error" }, path: "/admin/desktops", wait: "[data-testid=error]" },
  { name: "admin-desktops-loading", as: "root", set: { sessions: "hang" }, path: "/admin/desktops", wait: ".skeleton-rows" },
  { name: "admin-desktops-sorted", as: "root", make: someDesktops, path: "/admin/desktops?sort=-owner", wait: "[data-testid=admin-session] >> nth=2" },
  { name: "admin-desktop-stop", as: "root", make: [{ owner: "anna" }], path: "/admin/desktops/{id}", wait: "[data-testid=stop]", act: (p) => p.getByTestId("stop").click(), actAfter: true, then: "dialog[open]" },
  { name: "admin-desktop", as: "root", make: [{ owner: "anna", host: "atlas", placement: considered, attempts: [attempt] }], path: "/admin/desktops/{id}", wait: "[data-testid=placement]" },
  { name: "admin-desktop-gone", as: "root", path: "/admin/desktops/d_nothing", wait: "[data-testid=error]" },
  { name: "hosts", as: "root", path: "/admin/hosts", wait: "[data-testid=host-card] >> nth=2" },
  { name: "hosts-states", as: "root", set: { fleet: "states" }, path: "/admin/hosts", wait: "[data-testid=host-card] >> nth=11" },
  { name: "hosts-many", as: "root", set: { fleet: "many" }, path: "/admin/hosts", wait: "[data-testid=host-row] >> nth=20" },
  { name: "hosts-search", as: "root", set: { fleet: "states" }, path: "/admin/hosts?q=gpu", wait: "[data-testid=host-card]" },
  { name: "hosts-no-match", as: "root", set: { fleet: "states" }, path: "/admin/hosts?q=zzz", wait: ".empty" },
  { name: "hosts-empty", as: "root", set: { fleet: "empty" }, path: "/admin/hosts", wait: ".empty" },
  { name: "hosts-error", as: "root", set: { hosts: "error" }, path: "/admin/hosts", wait: "[data-testid=error]" },
  { name: "hosts-error-later", as: "root", set: { fleet: "many" }, path: "/admin/hosts", wait: "[data-testid=host-row] >> nth=20", actAfter: true, act: (p, mock) => mock("set", { hosts: "error", events: "down" }), then: ".stale [data-testid=host-row]" },
  { name: "hosts-loading", as: "root", set: { hosts: "hang" }, path: "/admin/hosts", wait: ".skeleton-host" },
  { name: "host", ...onHost("juno"), make: [{ owner: "anna", host: "juno" }] },
  { name: "host-down", ...onHost("boreas"), make: [{ owner: "anna", host: "boreas", condition: "unknown" }, { owner: "anna", template: "kali", attempts: [attempt] }], wait: "[data-testid=host-failures]" },
  { name: "host-draining", ...onHost("dione") },
  { name: "host-maintenance", ...onHost("fenrir") },
  { name: "host-never", ...onHost("gaia") },
  { name: "host-stale", ...onHost("hera") },
  { name: "host-key-changed", ...onHost("iris") },
  { name: "host-key-accept", ...onHost("iris"), act: (p) => p.getByTestId("accept-key").click(), actAfter: true, then: "dialog[open]" },
  { name: "host-test", ...onHost("local"), ...openTest, then: "[data-testid=test-step] >> nth=10" },
  { name: "host-test-failed", ...onHost("boreas"), ...openTest, then: "[data-testid=test-step][data-state=failed]" },
  { name: "host-test-running", ...onHost("local"), set: { fleet: "states", test_ms: 60_000 }, ...openTest, then: "[data-testid=test-next]" },
  { name: "host-edit", ...onHost("juno"), act: (p) => p.getByTestId("edit").click(), actAfter: true, then: "dialog[open]" },
  { name: "host-maintain", ...onHost("local"), act: (p) => p.getByTestId("maintain").click(), actAfter: true, then: "dialog[open]" },
  { name: "host-remove", ...onHost("eris"), act: (p) => p.getByTestId("remove").click(), actAfter: true, then: "dialog[open] [data-testid=confirm]" },
  { name: "host-remove-full", ...onHost("juno"), act: (p) => p.getByTestId("remove").click(), actAfter: true, then: "dialog[open] [data-testid=drain-instead]" },
  { name: "host-gone", as: "root", path: "/admin/hosts/nothing", wait: "[data-testid=error]" },
  { name: "host-add", as: "root", path: "/admin/hosts?add", wait: "[data-testid=context] >> nth=2", act: (p) => p.getByTestId("commands").waitFor(), actAfter: true },
  { name: "host-add-key", as: "root", path: "/admin/hosts?add", wait: "[data-testid=context]", act: (p) => fillHost(p), actAfter: true, then: "[data-testid=confirm-key]" },
  { name: "host-add-refused", as: "root", path: "/admin/hosts?add", wait: "[data-testid=context]", actAfter: true, then: "[data-testid=error]", act: (p) => fillHost(p, "http://juno") },
  { name: "host-add-nothing-found", as: "root", set: { contexts: "none", ssh_key: "none" }, path: "/admin/hosts?add", wait: ".quiet-line", act: (p) => p.getByTestId("commands").waitFor(), actAfter: true },
);

states.push(...hostStates, ...fileStates);

async function fillHost(page, endpoint = "ssh://berth@juno.lab.example") {
  await page.locator("[name=endpoint]").fill(endpoint);
  await page.getByTestId("add-submit").click();
}

export async function signInAs(page, username, password) {
  await page.getByTestId("username").fill(username);
  await page.getByTestId("password").fill(password);
  await page.getByTestId("sign-in").click();
}
