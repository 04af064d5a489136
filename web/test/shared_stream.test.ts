// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import type { StreamListener } from "../src/state/event_stream";
import { type Channel, type Means, SharedStream, type Word } from "../src/state/shared_stream";

/** A browser with tabs: one lock, one channel, streams that the test speaks through, and a clock by hand. */
class Browser {
  opened: { listener: StreamListener; closed: boolean }[] = [];
  timers: { ms: number; run: () => void; dead: boolean }[] = [];
  private members: { hear: (word: Word) => void; deaf: boolean }[] = [];
  private waiting: (() => void)[] = [];
  private held = false;

  tab(): { stream: SharedStream; heard: string[]; member: { deaf: boolean } } {
    const heard: string[] = [];
    const listener: StreamListener = {
      opened: (missed) => heard.push(missed ? "opened, missed" : "opened"),
      broken: () => heard.push("broken"),
      event: (_, data) => heard.push(data),
    };
    const before = this.members.length;
    const stream = new SharedStream(this.means(), listener);
    return { stream, heard, member: this.members[before] as { deaf: boolean } };
  }

  private means(): Means {
    return {
      open: (listener) => {
        const one = { listener, closed: false };
        this.opened.push(one);
        return { close: () => void (one.closed = true) };
      },
      channel: (hear): Channel => {
        const me = { hear, deaf: false };
        this.members.push(me);
        return {
          post: (word) => this.members.forEach((m) => m !== me && !m.deaf && !me.deaf && m.hear(word)),
          close: () => void this.members.splice(this.members.indexOf(me), 1),
        };
      },
      lead: (lead) => {
        let leads = false;
        const take = (): void => {
          leads = true;
          lead();
        };
        if (this.held) this.waiting.push(take);
        else {
          this.held = true;
          take();
        }
        return () => {
          if (!leads) return void this.waiting.splice(this.waiting.indexOf(take), 1);
          const next = this.waiting.shift();
          if (next) next();
          else this.held = false;
        };
      },
      after: (ms, run) => {
        const timer = { ms, run, dead: false };
        this.timers.push(timer);
        return () => void (timer.dead = true);
      },
    };
  }

  /** Lets every timer run that is still waiting. */
  pass(): void {
    for (const timer of this.timers.splice(0)) if (!timer.dead) timer.run();
  }
}

test("two tabs share one stream, and both hear", () => {
  const browser = new Browser();
  const first = browser.tab();
  browser.opened[0]?.listener.opened(false);
  const second = browser.tab();
  browser.opened[0]?.listener.event("session", "news");
  assert.equal(browser.opened.length, 1);
  assert.deepEqual(first.heard, ["opened", "news"]);
  assert.deepEqual(second.heard, ["opened", "news"]);
});

test("when the leading tab goes the next opens a stream, and knows that it may have missed something", () => {
  const browser = new Browser();
  const first = browser.tab();
  browser.opened[0]?.listener.opened(false);
  const second = browser.tab();
  first.stream.close();
  assert.equal(browser.opened.length, 2);
  browser.opened[1]?.listener.opened(false);
  assert.deepEqual(second.heard, ["opened", "opened, missed"]);
  assert.equal(browser.opened[0]?.closed, true);
});

test("a leader that does not answer is not waited for: the tab opens a stream of its own", () => {
  const browser = new Browser();
  const first = browser.tab();
  first.member.deaf = true;
  const second = browser.tab();
  assert.equal(browser.opened.length, 1);
  browser.pass();
  assert.equal(browser.opened.length, 2);
  browser.opened[1]?.listener.opened(false);
  browser.opened[1]?.listener.event("session", "own");
  assert.deepEqual(second.heard, ["opened", "own"]);
  assert.deepEqual(first.heard, []);
});

test("a leader that falls silent is asked again before it is given up", () => {
  const browser = new Browser();
  browser.tab();
  browser.opened[0]?.listener.opened(false);
  const second = browser.tab();
  for (let i = 0; i < 5; i++) browser.pass();
  assert.equal(browser.opened.length, 1);
  assert.deepEqual(second.heard, ["opened"]);
});

test("a broken stream is told to the others, and so is its return", () => {
  const browser = new Browser();
  browser.tab();
  browser.opened[0]?.listener.opened(false);
  const second = browser.tab();
  browser.opened[0]?.listener.broken(false);
  browser.opened[0]?.listener.opened(false);
  assert.deepEqual(second.heard, ["opened", "broken", "opened, missed"]);
});

test("a closed tab hears nothing, and does not come to lead", () => {
  const browser = new Browser();
  const first = browser.tab();
  const second = browser.tab();
  second.stream.close();
  browser.opened[0]?.listener.event("session", "news");
  first.stream.close();
  assert.deepEqual(second.heard, []);
  assert.equal(browser.opened.length, 1);
});
