// SPDX-License-Identifier: Apache-2.0
// Counts what passes a WebSocket, once a second, and measures the way to the server.
import { signal } from "@preact/signals";

export interface Rates {
  inBps: number;
  outBps: number;
  messages: number;
  rttMs: number | null;
}

const probeMs = 5000;
const slowRttMs = 500;
const slowForMs = 10_000;

export class Traffic {
  readonly rates = signal<Rates>({ inBps: 0, outBps: 0, messages: 0, rttMs: null });
  /** The round trip has been long for ten seconds. */
  readonly unstable = signal(false);
  private inBytes = 0;
  private outBytes = 0;
  private messages = 0;
  private rttMs: number | null = null;
  private slowSince: number | null = null;
  private timers: ReturnType<typeof setInterval>[] = [];

  watch(socket: WebSocket): void {
    socket.addEventListener("message", (e: MessageEvent<ArrayBuffer>) => {
      this.inBytes += e.data.byteLength ?? 0;
      this.messages++;
    });
    const send = socket.send.bind(socket);
    socket.send = (data) => {
      if (typeof data !== "string" && "byteLength" in data) this.outBytes += data.byteLength;
      send(data);
    };
  }

  start(): void {
    this.timers = [setInterval(() => this.sample(), 1000), setInterval(() => void this.probe(), probeMs)];
    void this.probe();
  }

  stop(): void {
    this.timers.forEach(clearInterval);
    this.timers = [];
  }

  private sample(): void {
    this.rates.value = { inBps: this.inBytes * 8, outBps: this.outBytes * 8, messages: this.messages, rttMs: this.rttMs };
    this.inBytes = this.outBytes = this.messages = 0;
  }

  private async probe(): Promise<void> {
    if (document.hidden) return;
    const sent = performance.now();
    // An attempt that never ends counts as long as it has lasted.
    const answered = await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(probeMs - 500) }).then(() => true, () => false);
    this.rttMs = Math.round(performance.now() - sent);
    if (answered && this.rttMs <= slowRttMs) {
      this.slowSince = null;
      this.unstable.value = false;
    } else {
      this.slowSince ??= sent;
      this.unstable.value = performance.now() - this.slowSince >= slowForMs;
    }
  }
}
