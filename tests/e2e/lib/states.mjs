// SPDX-License-Identifier: Apache-2.0
// Every state of every page, and how to get there with the mock.
// `set` are faults, `make` sessions; `path` may use the first session's id as {id}.

const picture = ".theatre[data-phase=connected]";
const ended = (reason, message = "") => ({ make: [{ state: "ended", age_s: 4000, end: { reason, message } }], path: "/desktops/{id}", wait: "[data-testid=ended]" });

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
  { name: "starting-failed-staff", as: "root", make: [{ template: "fails", state: "playing" }], path: "/desktops/{id}", wait: "[data-testid=ended]", act: (p) => p.locator("summary").click(), actAfter: true },
  { name: "desktop", make: [{}], path: "/desktops/{id}", wait: picture },
  ...["clipboard", "keys", "display", "more"].map((tool) => ({
    name: `desktop-${tool}`, make: [{}], path: "/desktops/{id}", wait: picture, actAfter: true, act: (p) => p.getByTestId(`tool-${tool}`).click(),
  })),
  { name: "desktop-bar-closed", make: [{}], path: "/desktops/{id}", wait: picture, actAfter: true, act: (p) => p.getByTestId("toolbar").waitFor({ state: "hidden" }) },
  { name: "desktop-10min", make: [{ left_s: 590 }], path: "/desktops/{id}", wait: "[data-warning=ten]" },
  { name: "desktop-1min", make: [{ left_s: 50 }], path: "/desktops/{id}", wait: "[data-warning=one]" },
  { name: "desktop-grace", make: [{ left_s: -5 }], path: "/desktops/{id}", wait: "[data-warning=grace]" },
  { name: "desktop-no-extension", make: [{ left_s: 250, lease: { extension_s: 1800, extensions_used: 4, extensions_left: 0, hard_limit_at: null } }], path: "/desktops/{id}", wait: "[data-warning=five]" },
  { name: "desktop-idle", make: [{ idle_left_s: 100 }], path: "/desktops/{id}", wait: "[data-testid=idle-warning]" },
  { name: "desktop-copied", make: [{}], path: "/desktops/{id}", wait: picture, actAfter: true, act: (p, mock) => mock("cut_text", { text: "from afar" }), then: "[data-testid=remote-copied]" },
  { name: "desktop-lost", make: [{}], path: "/desktops/{id}", wait: picture, actAfter: true, act: async (p, mock) => { await mock("set", { ticket: "host_unreachable" }); await mock("drop"); }, then: "[data-testid=retry-now]" },
  ...[1000, 4403, 4408, 4409, 4423, 4429].map((code) => ({
    name: `desktop-closed-${code}`, make: [{}], path: "/desktops/{id}", wait: picture, actAfter: true, act: (p, mock) => mock("close", { code }), then: `[data-testid=connection][data-code="${code}"]`,
  })),
  { name: "desktop-watch", as: "root", make: [{ owner: "anna" }], path: "/desktops/{id}", wait: picture },
  { name: "web", make: [{ template: "notebook" }], path: "/desktops/{id}", wait: "[data-testid=open-app]" },
  { name: "ended-owner", ...ended("owner_request") },
  { name: "ended-time", ...ended("lease_expired") },
  { name: "ended-admin", ...ended("admin_request", "The exam is over. Please hand in your work.") },
  { name: "ended-crashed", ...ended("out_of_memory", "The desktop used more than its 4 GB of memory.") },
  { name: "desktop-not-found", path: "/desktops/d_nothing", wait: "[data-testid=error]" },
  { name: "not-found", path: "/nowhere", wait: "[data-testid=error]" },
  { name: "forbidden", path: "/admin", wait: "[data-testid=error]" },
  { name: "offline", path: "/", set: { me: "error" }, wait: "[data-testid=error]" },
  { name: "admin", as: "root", make: [{ owner: "anna" }, { owner: "root", template: "kali" }, { owner: "anna", template: "queued", state: "playing" }], path: "/admin", wait: "[data-testid=host-card] >> nth=2" },
];

export async function signInAs(page, username, password) {
  await page.getByTestId("username").fill(username);
  await page.getByTestId("password").fill(password);
  await page.getByTestId("sign-in").click();
}
