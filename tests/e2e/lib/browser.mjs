// SPDX-License-Identifier: Apache-2.0
// Debian's Chromium, without a word to anybody else on the network.
import { chromium } from "playwright-core";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";

const args = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
];

export async function openBrowser() {
  // A home of its own, so that a run neither reads nor leaves a profile.
  const home = await mkdtemp(path.join(os.tmpdir(), "berth-e2e-"));
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args,
    env: { ...process.env, HOME: home, XDG_CONFIG_HOME: home, XDG_CACHE_HOME: home },
  });
  browser.on("disconnected", () => void rm(home, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined));
  return browser;
}
