// SPDX-License-Identifier: Apache-2.0
// Message lookup: {name} is replaced, a message with plural forms chooses by `count`.
import { computed, signal } from "@preact/signals";
import { en } from "./en";
import { de } from "./de";

export type Plural = { one: string; other: string };
export type MessageKey = keyof typeof en;
export type Messages = Record<MessageKey, string | Plural>;
export type Locale = "en" | "de";

const catalogues: Record<Locale, Messages> = { en, de };

export const locale = signal<Locale>("en");
/** The browser's own region for the chosen language (en-GB, de-AT): how dates and numbers look. */
export const region = computed(() => navigator.languages.find((l) => l.toLowerCase().startsWith(locale.value)) ?? locale.value);
const plurals = computed(() => new Intl.PluralRules(locale.value));

export function preferredLocale(languages: readonly string[]): Locale {
  for (const language of languages) {
    const base = language.toLowerCase().split("-")[0];
    if (base === "de" || base === "en") return base;
  }
  return "en";
}

export function t(key: MessageKey, values: Record<string, string | number> = {}): string {
  const message = catalogues[locale.value][key];
  const text =
    typeof message === "string"
      ? message
      : plurals.value.select(Number(values["count"] ?? 0)) === "one"
        ? message.one
        : message.other;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? value.toLocaleString(region.value) : value;
  });
}

/** The message of a key made at run time (a server's code), or null where there is none. */
export function tMaybe(key: string, values: Record<string, string | number> = {}): string | null {
  return key in en ? t(key as MessageKey, values) : null;
}
