// SPDX-License-Identifier: Apache-2.0
// Work that is done again and again, but only for somebody who looks.

type Page = Pick<Document, "hidden" | "addEventListener" | "removeEventListener">;

/** Runs every `ms` while the page is seen, and at once when it is seen again; never twice at a time. The answer ends it. */
export function repeatWhileVisible(run: () => Promise<unknown>, ms: number, page: Page = document): () => void {
  let isRunning = false;
  const once = (): void => {
    if (isRunning || page.hidden) return;
    isRunning = true;
    void run().finally(() => (isRunning = false));
  };
  const timer = setInterval(once, ms);
  page.addEventListener("visibilitychange", once);
  return () => {
    clearInterval(timer);
    page.removeEventListener("visibilitychange", once);
  };
}

/** At once, then at most every `ms`; a call in between is made up for at the end of that time. */
export function atMostEvery(ms: number, run: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isDue = false;
  const go = (): void => {
    isDue = false;
    timer = setTimeout(() => {
      timer = undefined;
      if (isDue) go();
    }, ms);
    run();
  };
  return () => {
    if (timer === undefined) go();
    else isDue = true;
  };
}
