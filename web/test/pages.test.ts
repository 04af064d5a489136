// SPDX-License-Identifier: Apache-2.0
import "./setup";
import assert from "node:assert/strict";
import { test } from "node:test";
import { de } from "../src/i18n/de";
import { en } from "../src/i18n/en";
import { locale, type Messages, preferredLocale, t } from "../src/i18n/i18n";
import { defaultPrefs, parsePrefs } from "../src/state/prefs_store";
import { parseRoute, safeNext } from "../src/router";
import { applyDisplay, qualityLevels } from "../src/desktop/modes";

test("after sign-in only a path of ours is followed", () => {
  assert.equal(safeNext("/desktops/d_1"), "/desktops/d_1");
  for (const bad of [null, "", "https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/sign-in?next=/", "/a\nb"]) {
    assert.equal(safeNext(bad), "/", String(bad));
  }
});

test("addresses lead to their pages", () => {
  assert.deepEqual(parseRoute("/", ""), { page: "home" });
  assert.deepEqual(parseRoute("/desktops/d_1", ""), { page: "desktop", id: "d_1" });
  assert.deepEqual(parseRoute("/desktops/d_1/ended", ""), { page: "desktop", id: "d_1" });
  assert.deepEqual(parseRoute("/desktops/%", ""), { page: "desktop", id: "%" });
  assert.deepEqual(parseRoute("/desktops/d_1/more", ""), { page: "not_found" });
  assert.deepEqual(parseRoute("/admin", ""), { page: "admin", area: "desktops", id: null });
  assert.deepEqual(parseRoute("/admin/desktops/d_1", ""), { page: "admin", area: "desktops", id: "d_1" });
  assert.deepEqual(parseRoute("/admin/hosts", "?add"), { page: "admin", area: "hosts", name: null, adding: true });
  assert.deepEqual(parseRoute("/admin/hosts/rack%201", ""), { page: "admin", area: "hosts", name: "rack 1", adding: false });
  for (const nowhere of ["/admin/users", "/admin/hosts/a/b"]) assert.deepEqual(parseRoute(nowhere, ""), { page: "not_found" });
  assert.deepEqual(parseRoute("/sign-in", "?next=%2Fadmin&why=expired"), { page: "sign_in", next: "/admin", why: "expired" });
});

const placeholders = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1] ?? "").sort();

test("German says everything that English says, with the same values in it", () => {
  const english: Messages = en;
  for (const [key, message] of Object.entries(english)) {
    const other = de[key as keyof typeof en];
    assert.equal(typeof other, typeof message, key);
    const forms = (m: typeof message): string[] => (typeof m === "string" ? [m] : [m.one, m.other]);
    const pairs = forms(message).map((text, i) => [text, forms(other)[i] ?? ""] as const);
    for (const [a, b] of pairs) assert.deepEqual([...new Set(placeholders(b))], [...new Set(placeholders(a))], key);
  }
});

test("plural forms follow the count", () => {
  locale.value = "en";
  assert.equal(t("card.viewers", { count: 1 }), "1 viewer");
  assert.equal(t("card.viewers", { count: 2 }), "2 viewers");
});

test("the browser's first known language is taken", () => {
  assert.equal(preferredLocale(["fr-FR", "de-AT", "en"]), "de");
  assert.equal(preferredLocale(["ja"]), "en");
});

test("damaged preferences fall back one by one", () => {
  assert.deepEqual(parsePrefs("{oops"), defaultPrefs);
  assert.deepEqual(parsePrefs("null"), defaultPrefs);
  assert.deepEqual(parsePrefs('{"theme":"dark","display":"sideways"}'), { ...defaultPrefs, theme: "dark" });
});

test("only matching the window asks the desktop for another size", () => {
  const rfb = { resizeSession: false, scaleViewport: false, clipViewport: false };
  applyDisplay(rfb, "match");
  assert.deepEqual(rfb, { resizeSession: true, scaleViewport: true, clipViewport: false });
  applyDisplay(rfb, "actual");
  assert.deepEqual(rfb, { resizeSession: false, scaleViewport: false, clipViewport: false });
});

test("a long way to the server lowers the automatic quality", () => {
  assert.ok(qualityLevels("auto", 400).quality < qualityLevels("auto", 20).quality);
  assert.equal(qualityLevels("sharp", 400).quality, 9);
});
