// SPDX-License-Identifier: Apache-2.0
// Display modes and quality presets in noVNC's words.
import type RFB from "@novnc/novnc";
import type { DisplayMode, QualityPreset } from "../state/prefs_store";

type Display = Pick<RFB, "resizeSession" | "scaleViewport" | "clipViewport">;
type Quality = Pick<RFB, "qualityLevel" | "compressionLevel">;

export function applyDisplay(rfb: Display, mode: DisplayMode): void {
  const set = <K extends keyof Display>(name: K, value: boolean): void => {
    // A setter of noVNC acts on every assignment; do not ask for a resize that is already so.
    if (rfb[name] !== value) rfb[name] = value;
  };
  set("clipViewport", false);
  // While matching, scaling covers the moment until the desktop has the new size, and desktops that refuse.
  set("scaleViewport", mode !== "actual");
  set("resizeSession", mode === "match");
}

export function qualityLevels(preset: QualityPreset, rttMs: number | null): { quality: number; compression: number } {
  switch (preset) {
    case "sharp":
      return { quality: 9, compression: 1 };
    case "balanced":
      return { quality: 6, compression: 2 };
    case "low":
      return { quality: 2, compression: 9 };
    case "auto":
      if (rttMs !== null && rttMs > 300) return { quality: 3, compression: 8 };
      return rttMs !== null && rttMs > 80 ? { quality: 6, compression: 4 } : { quality: 8, compression: 2 };
  }
}

export function applyQuality(rfb: Quality, preset: QualityPreset, rttMs: number | null): void {
  const { quality, compression } = qualityLevels(preset, rttMs);
  if (rfb.qualityLevel !== quality) rfb.qualityLevel = quality;
  if (rfb.compressionLevel !== compression) rfb.compressionLevel = compression;
}
