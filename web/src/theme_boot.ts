// SPDX-License-Identifier: Apache-2.0
// Runs before the first paint: sets the theme and the language that were chosen last time.
import { applyTheme, readPrefs } from "./state/prefs_store";

const prefs = readPrefs();
applyTheme(prefs.theme);
document.documentElement.lang = prefs.language ?? (navigator.language.startsWith("de") ? "de" : "en");
