// SPDX-License-Identifier: Apache-2.0
// The few browser globals that modules read while they load.
const g = globalThis as Record<string, unknown>;
g["location"] ??= { pathname: "/", search: "" };
if (!("languages" in navigator)) Object.defineProperty(navigator, "languages", { value: ["en-GB"] });
export {};
