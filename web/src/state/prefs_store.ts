// SPDX-License-Identifier: Apache-2.0
// What this browser remembers. No imports: it is also the script that runs before the first paint.

export type Theme = "light" | "dark" | "system";
export const displayModes = ["match", "fit", "actual"] as const;
export type DisplayMode = (typeof displayModes)[number];
export const qualityPresets = ["auto", "sharp", "balanced", "low"] as const;
export type QualityPreset = (typeof qualityPresets)[number];
export const barEdges = ["top", "bottom", "left", "right"] as const;
export type BarEdge = (typeof barEdges)[number];

export interface Prefs {
  theme: Theme;
  language: "en" | "de" | null;
  display: DisplayMode;
  quality: QualityPreset;
  edge: BarEdge;
  statistics: boolean;
  notifications: boolean;
}

export const defaultPrefs: Prefs = {
  theme: "system",
  language: null,
  display: "match",
  quality: "auto",
  edge: "top",
  statistics: false,
  notifications: false,
};

const key = "berth.prefs";
const choices: { [K in keyof Prefs]: readonly Prefs[K][] } = {
  theme: ["light", "dark", "system"],
  language: ["en", "de", null],
  display: displayModes,
  quality: qualityPresets,
  edge: barEdges,
  statistics: [true, false],
  notifications: [true, false],
};

/** Unknown or damaged values fall back to the default, one by one. */
export function parsePrefs(text: string | null): Prefs {
  let stored: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(text ?? "{}");
    if (typeof parsed === "object" && parsed !== null) stored = parsed as Record<string, unknown>;
  } catch {
    return { ...defaultPrefs };
  }
  const result = { ...defaultPrefs } as Record<string, unknown>;
  for (const [name, allowed] of Object.entries(choices)) {
    if ((allowed as readonly unknown[]).includes(stored[name])) result[name] = stored[name];
  }
  return result as unknown as Prefs;
}

/** Storage may be forbidden (private windows, policies): then defaults, and nothing is remembered. */
export function readPrefs(): Prefs {
  try {
    return parsePrefs(localStorage.getItem(key));
  } catch {
    return { ...defaultPrefs };
  }
}

export function writePrefs(prefs: Prefs): void {
  try {
    localStorage.setItem(key, JSON.stringify(prefs));
  } catch {
    // Not remembered; the page works on.
  }
}

export function applyTheme(theme: Theme): void {
  const dark = theme === "dark" || (theme === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset["theme"] = dark ? "dark" : "light";
}
