// SPDX-License-Identifier: Apache-2.0
import { effect, signal } from "@preact/signals";
import { locale, preferredLocale } from "../i18n/i18n";
import { applyTheme, type Prefs, readPrefs, writePrefs } from "./prefs_store";

export const prefs = signal<Prefs>(readPrefs());

export function setPref<K extends keyof Prefs>(name: K, value: Prefs[K]): void {
  prefs.value = { ...prefs.value, [name]: value };
  writePrefs(prefs.value);
}

export function startPrefs(): void {
  effect(() => {
    locale.value = prefs.value.language ?? preferredLocale(navigator.languages);
    document.documentElement.lang = locale.value;
  });
  effect(() => applyTheme(prefs.value.theme));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => applyTheme(prefs.value.theme));
}
