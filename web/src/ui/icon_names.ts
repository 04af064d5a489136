// SPDX-License-Identifier: Apache-2.0
/** The lucide icons that are built into the pages (read by build/icons.mjs). */
export const iconNames = [
  "monitor", "terminal", "globe", "shield", "flask-conical", "code", "box", "cpu", "graduation-cap",
  "database", "brush", "book-open", "gamepad-2", "play", "maximize", "minimize", "clipboard", "keyboard",
  "scaling", "camera", "power", "log-out", "ellipsis", "x", "check", "circle-alert", "triangle-alert",
  "clock", "timer", "users", "search", "rotate-cw", "arrow-right",
  "copy", "eye", "eye-off", "chevron-down", "circle-check", "circle-x", "wifi-off", "external-link",
  "user", "activity", "unplug", "house", "lock", "hourglass", "send", "monitor-off", "circle-help",
  "gauge", "server", "plus", "wrench", "circle-dashed", "shield-alert", "key-round", "download", "trash-2",
  "pencil", "bell", "settings", "rotate-ccw", "arrow-left", "circle-pause", "circle-arrow-down", "list-checks",
  "circle-minus", "move", "arrow-up", "arrow-down", "chevrons-up-down",
] as const;

export type IconName = (typeof iconNames)[number];
