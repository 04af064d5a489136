// SPDX-License-Identifier: Apache-2.0
// The server's event stream, as whoever listens sees it.

export const eventTypes = ["hello", "session", "host", "reset"] as const;
export type EventType = (typeof eventTypes)[number];

export interface StreamListener {
  /** `missed`: events may have been lost before this. */
  opened(missed: boolean): void;
  /** `refused`: it does not come back by itself. */
  broken(refused: boolean): void;
  event(type: EventType, data: string): void;
}

export interface Stream {
  close(): void;
}

export const streamUrl = (scope: string): string => `/api/v1/events${scope}`;

/** A stream of this page's own. */
export function openDirect(scope: string, listener: StreamListener): Stream {
  const source = new EventSource(streamUrl(scope));
  source.onopen = () => listener.opened(false);
  // The browser retries a broken stream itself; after a refusal it never does.
  source.onerror = () => listener.broken(source.readyState === EventSource.CLOSED);
  for (const type of eventTypes) source.addEventListener(type, (e: MessageEvent<string>) => listener.event(type, e.data));
  return { close: () => source.close() };
}
