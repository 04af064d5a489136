// SPDX-License-Identifier: Apache-2.0
// Paths and pages. The URL is the state: everything here can be linked to and reloaded.
import { computed, signal } from "@preact/signals";

export type Route =
  | { page: "home" }
  | { page: "sign_in"; next: string; why: string | null }
  | { page: "desktop"; id: string }
  | { page: "preferences" }
  | { page: "admin"; area: "desktops"; id: string | null }
  | { page: "admin"; area: "hosts"; name: string | null; adding: boolean }
  | { page: "not_found" };

/** Only a path of ours: never another origin, never a scheme, never the sign-in page itself. */
export function safeNext(next: string | null): string {
  if (!next || !/^\/(?![/\\])/.test(next) || /[\u0000-\u001f\\]/.test(next) || next.startsWith("/sign-in")) return "/";
  return next;
}

export function parseRoute(pathname: string, search: string): Route {
  const query = new URLSearchParams(search);
  const parts = pathname.split("/").filter(Boolean);
  if (parts.length === 0) return { page: "home" };
  if (parts[0] === "sign-in" && parts.length === 1) {
    return { page: "sign_in", next: safeNext(query.get("next")), why: query.get("why") };
  }
  const id = parts[1];
  if (parts[0] === "desktops" && id && (parts.length === 2 || (parts.length === 3 && parts[2] === "ended"))) {
    return { page: "desktop", id: decode(id) };
  }
  if (parts[0] === "preferences" && parts.length === 1) return { page: "preferences" };
  if (parts[0] === "admin" && parts.length <= 3) return adminRoute(parts[1] ?? "desktops", parts[2], query);
  return { page: "not_found" };
}

function adminRoute(area: string, part: string | undefined, query: URLSearchParams): Route {
  const one = part === undefined ? null : decode(part);
  if (area === "desktops") return { page: "admin", area, id: one };
  if (area === "hosts") return { page: "admin", area, name: one, adding: one === null && query.has("add") };
  return { page: "not_found" };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

const here = signal({ pathname: location.pathname, search: location.search });
export const route = computed(() => parseRoute(here.value.pathname, here.value.search));

function sync(): void {
  here.value = { pathname: location.pathname, search: location.search };
}

export function navigate(path: string, options: { replace?: boolean } = {}): void {
  if (options.replace) history.replaceState(null, "", path);
  else history.pushState(null, "", path);
  sync();
  window.scrollTo(0, 0);
}

/** What the address says behind the question mark: filters and views, so that they can be linked to. */
export const query = computed(() => new URLSearchParams(here.value.search));

export function setQuery(name: string, value: string): void {
  const next = new URLSearchParams(location.search);
  if (value === "") next.delete(name);
  else next.set(name, value);
  const text = next.toString();
  history.replaceState(null, "", location.pathname + (text ? `?${text}` : ""));
  sync();
}

/** Changes the address without leaving the page that is shown. */
export function rewriteUrl(path: string): void {
  if (location.pathname !== path) history.replaceState(null, "", path);
}

export const hostPath = (name: string): string => `/admin/hosts/${encodeURIComponent(name)}`;
export const adminDesktopPath = (id: string): string => `/admin/desktops/${encodeURIComponent(id)}`;
export const desktopPath = (id: string): string => `/desktops/${encodeURIComponent(id)}`;

export function startRouter(): void {
  window.addEventListener("popstate", sync);
}
