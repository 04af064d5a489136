// SPDX-License-Identifier: Apache-2.0
// The few browser globals that modules read while they load.
const g = globalThis as Record<string, unknown>;
g["location"] ??= { pathname: "/", search: "" };
if (!(g["navigator"] as Navigator | undefined)?.languages) Object.defineProperty(g, "navigator", { value: { languages: ["en-GB"] }, configurable: true });
export {};
