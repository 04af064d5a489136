// SPDX-License-Identifier: Apache-2.0
// One event stream for all tabs of a browser: the tab that holds the lock opens it and passes on what it hears.
//
// Browsers allow six connections to one server over HTTP/1.1; a stream for each tab would use them up.
// Where locks or channels are missing (plain HTTP on another machine's address), each tab has its own.
import type { EventType, Stream, StreamListener } from "./event_stream";

export type Word =
  | { kind: "ask" }
  | { kind: "connecting" }
  | { kind: "opened" }
  | { kind: "broken" }
  | { kind: "event"; type: EventType; data: string };

export interface Channel {
  post(word: Word): void;
  close(): void;
}

/** What a browser offers for this; in tests something else stands here. */
export interface Means {
  open: (listener: StreamListener) => Stream;
  channel: (onWord: (word: Word) => void) => Channel;
  /** Calls `lead` once no other tab leads; the answer gives the lead up, or stops waiting for it. */
  lead: (lead: () => void) => () => void;
  /** Calls back after this long; the answer cancels it. */
  after: (ms: number, run: () => void) => () => void;
}

/** A leader answers at once; its timers may sleep in the background, its messages do not. */
const answerMs = 10_000;
/** A follower that has heard nothing for this long asks again. */
const quietMs = 45_000;

export class SharedStream implements Stream {
  private readonly channel: Channel;
  private readonly giveUp: () => void;
  private own: Stream | null = null;
  private leads = false;
  private state: "connecting" | "opened" | "broken" = "connecting";
  private heard = false;
  private closed = false;
  private cancelTimer: () => void = () => undefined;

  constructor(
    private readonly means: Means,
    private readonly listener: StreamListener,
  ) {
    this.channel = means.channel((word) => this.take(word));
    this.giveUp = means.lead(() => this.lead());
    if (!this.leads) this.ask();
  }

  close(): void {
    this.closed = true;
    this.cancelTimer();
    this.own?.close();
    this.channel.close();
    this.giveUp();
  }

  /** The page is looked at again: a silent leader is found out now and not later. */
  check(): void {
    if (!this.leads && !this.own && !this.closed) this.ask();
  }

  private lead(): void {
    if (this.closed) return;
    this.leads = true;
    this.cancelTimer();
    // Whoever takes over may have missed what came between.
    const missed = this.heard;
    if (this.own) return;
    this.openOwn(missed);
  }

  private openOwn(missed: boolean): void {
    this.own = this.means.open({
      opened: () => {
        this.state = "opened";
        this.listener.opened(missed);
        this.say({ kind: "opened" });
      },
      broken: (refused) => {
        this.state = "broken";
        this.listener.broken(refused);
        this.say({ kind: "broken" });
      },
      event: (type, data) => {
        this.listener.event(type, data);
        this.say({ kind: "event", type, data });
      },
    });
  }

  private say(word: Word): void {
    if (this.leads) this.channel.post(word);
  }

  private ask(): void {
    this.waitFor(answerMs, () => this.openOwn(this.heard));
    this.channel.post({ kind: "ask" });
  }

  private waitFor(ms: number, run: () => void): void {
    this.cancelTimer();
    this.cancelTimer = this.means.after(ms, () => {
      if (!this.closed && !this.leads && !this.own) run();
    });
  }

  private take(word: Word): void {
    if (this.closed) return;
    if (word.kind === "ask") {
      if (this.leads) this.channel.post({ kind: this.state });
      return;
    }
    if (this.leads || this.own) return;
    this.waitFor(quietMs, () => this.ask());
    if (word.kind === "event") {
      this.listener.event(word.type, word.data);
    } else if (word.kind === "broken") {
      this.state = "broken";
      this.listener.broken(false);
    } else if (word.kind === "opened" && this.state !== "opened") {
      // It is also the answer to a question while all is well: that is not news.
      this.state = "opened";
      this.listener.opened(this.heard);
      this.heard = true;
    }
  }
}
