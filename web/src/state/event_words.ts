// SPDX-License-Identifier: Apache-2.0
// What is said about something that happened to a host. Pure.
import type { HostEvent } from "../api/host_types";
import { tMaybe } from "../i18n/i18n";

export const isFailure = (event: Pick<HostEvent, "type">): boolean => event.type.endsWith("failed");

const stateWord = (state: string): string | null => tMaybe(`host.state.${state}`) ?? tMaybe(`event.mode.${state}`);

export interface EventWords {
  title: string;
  change: string | null;
  /** The server's own words. */
  detail: string;
}

/** A state of which nothing else is known to say is its own title; a mode may stand in the text alone. */
export function eventWords({ type, from, to, text }: Pick<HostEvent, "type" | "from" | "to" | "text">): EventWords {
  const change = from && to && from !== to ? `${stateWord(from) ?? from} → ${stateWord(to) ?? to}` : null;
  const title = tMaybe(`event.type.${type}`);
  if (title === null) return { title: change ?? stateWord(type.replace(/^host\./, "")) ?? type, change: null, detail: text };
  // Of a desktop's end the server says the reason's stable word.
  if (type.startsWith("session.")) return { title, change: null, detail: tMaybe(`end.${text}`) ?? text };
  const mode = type === "host.mode" && change === null ? stateWord(text) : null;
  return { title, change: change ?? mode, detail: mode === null ? text : "" };
}
