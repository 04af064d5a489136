// SPDX-License-Identifier: Apache-2.0
// The shared stream with what the browser offers; a stream of its own where that is missing.
import { openDirect, type Stream, type StreamListener } from "./event_stream";
import { type Means, SharedStream, type Word } from "./shared_stream";

function browserMeans(name: string, scope: string): Means {
  return {
    open: (listener) => openDirect(scope, listener),
    channel: (onWord) => {
      const channel = new BroadcastChannel(name);
      channel.onmessage = (e: MessageEvent<Word>) => onWord(e.data);
      return { post: (word) => channel.postMessage(word), close: () => channel.close() };
    },
    lead: (lead) => {
      const waiting = new AbortController();
      let letGo = (): void => waiting.abort();
      const held = (): Promise<void> =>
        new Promise((resolve) => {
          letGo = resolve;
          lead();
        });
      navigator.locks.request(name, { signal: waiting.signal }, held).catch(() => undefined);
      return () => letGo();
    },
    after: (ms, run) => {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
  };
}

export interface BrowserStream extends Stream {
  check(): void;
}

/** `who` keeps people apart who use the same browser one after the other. */
export function openStream(scope: string, who: string, listener: StreamListener): BrowserStream {
  if (!("locks" in navigator) || typeof BroadcastChannel === "undefined") {
    return { ...openDirect(scope, listener), check: () => undefined };
  }
  return new SharedStream(browserMeans(`berth.events.${who}${scope}`, scope), listener);
}
