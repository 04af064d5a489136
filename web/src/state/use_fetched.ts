// SPDX-License-Identifier: Apache-2.0
// Something a page fetches for itself: what came last, and how it stands with it.
import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Answer } from "../api/request";
import { failed, type Load, ready } from "./load";

export interface Fetched<T> {
  value: Signal<T | null>;
  load: Signal<Load>;
  fetch: () => Promise<void>;
}

/** Fetches when the part is shown first. What it asks for stays the same as long as it is shown. */
export function useFetched<T>(ask: () => Promise<Answer<T>>): Fetched<T> {
  const value = useSignal<T | null>(null);
  const load = useSignal<Load>({ state: "loading" });
  const turns = useRef({ asked: 0, taken: 0 });
  const fetch = async (): Promise<void> => {
    const turn = ++turns.current.asked;
    const answer = await ask();
    // One that was asked later has answered already.
    if (turn < turns.current.taken) return;
    turns.current.taken = turn;
    if (answer.ok) value.value = answer.value;
    load.value = answer.ok ? ready() : failed(load.value, answer.problem);
  };
  useEffect(() => void fetch(), []);
  return { value, load, fetch };
}
