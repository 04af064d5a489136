// SPDX-License-Identifier: Apache-2.0
/** The lucide icons that are built into the pages (read by build/icons.mjs). */
export const iconNames = [
  "monitor", "terminal", "globe", "shield", "flask-conical", "code", "box", "cpu", "graduation-cap",
  "database", "brush", "book-open", "gamepad-2", "play", "maximize", "minimize", "clipboard", "keyboard",
  "scaling", "camera", "power", "log-out", "ellipsis", "x", "check", "circle-alert", "triangle-alert",
  "clock", "timer", "users", "search", "sun", "moon", "sun-moon", "rotate-cw", "arrow-left", "arrow-right",
  "copy", "eye", "eye-off", "chevron-down", "circle-check", "circle-x", "wifi-off", "external-link", "server",
  "user", "activity", "unplug", "house", "lock", "hourglass", "send", "monitor-off", "settings", "circle-help",
  "gauge",
] as const;

export type IconName = (typeof iconNames)[number];
