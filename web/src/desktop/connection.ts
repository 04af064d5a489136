// SPDX-License-Identifier: Apache-2.0
// One desktop's connection: ticket, WebSocket, RFB, and again after a loss.
//
// The WebSocket is made here and not by noVNC, because noVNC does not tell the close code.
import { signal } from "@preact/signals";
import type RFB from "@novnc/novnc";
import { api } from "../api/client";
import { type AfterClose, afterClose, backoffMs, closeCodeOfProblem } from "./close_codes";
import { Traffic } from "./traffic";

export type Phase =
  | { kind: "connecting"; attempt: number }
  | { kind: "connected" }
  | { kind: "lost"; code: number; attempt: number; retryAt: number }
  | { kind: "closed"; code: number; reason: string };

export interface ConnectionOptions {
  sessionId: string;
  endpoint: string;
  rights: "control" | "view";
  target: HTMLElement;
  /** Called once per connection, before the first picture: set modes and listeners here. */
  onRfb: (rfb: RFB) => void;
  /** Called while the last frame is still there. */
  onFreeze: () => void;
  /** The desktop or the login is over. */
  onOver: (after: AfterClose, reason: string) => void;
}

const connectTimeoutMs = 15_000;

export class DesktopConnection {
  readonly phase = signal<Phase>({ kind: "connecting", attempt: 1 });
  readonly rfb = signal<RFB | null>(null);
  readonly traffic = new Traffic();
  private socket: WebSocket | null = null;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private attempt = 1;
  /** Counts attempts; what belongs to an older one is ignored. */
  private generation = 0;
  private everConnected = false;
  private disposed = false;

  constructor(private readonly options: ConnectionOptions) {}

  get wasConnected(): boolean {
    return this.everConnected;
  }

  async connect(): Promise<void> {
    const mine = ++this.generation;
    clearTimeout(this.retryTimer);
    this.phase.value = { kind: "connecting", attempt: this.attempt };
    const { sessionId, endpoint, rights } = this.options;
    const [answer, module] = await Promise.all([
      api.ticket(sessionId, endpoint, rights),
      import("@novnc/novnc").catch(() => null),
    ]);
    if (mine !== this.generation || this.disposed) return;
    if (!answer.ok) return this.ended(closeCodeOfProblem(answer.problem), "");
    if (!module || !answer.value.websocket_path) return this.ended(1006, "");
    this.open(mine, module.default, answer.value.websocket_path, answer.value.ticket);
  }

  private open(mine: number, Rfb: typeof RFB, path: string, ticket: string): void {
    const url = new URL(path, location.href);
    url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url, ["binary", `berth.ticket.${ticket}`]);
    this.socket = socket;
    this.traffic.watch(socket);
    const timer = setTimeout(() => this.fail(mine), connectTimeoutMs);
    // Added before RFB's own handlers, so that the last frame can still be kept.
    socket.addEventListener("close", (e) => {
      clearTimeout(timer);
      if (mine !== this.generation) return;
      this.options.onFreeze();
      // 1005: our own side closed after a protocol error, there is no code.
      this.ended(e.code === 1005 ? 1006 : e.code, e.reason);
    });
    const rfb = new Rfb(this.options.target, socket, { shared: true });
    rfb.addEventListener("connect", () => {
      clearTimeout(timer);
      if (mine !== this.generation) return;
      this.attempt = 1;
      this.everConnected = true;
      this.phase.value = { kind: "connected" };
    });
    this.options.onRfb(rfb);
    this.rfb.value = rfb;
  }

  /** The attempt hangs: give it up as a broken network. */
  private fail(mine: number): void {
    if (mine !== this.generation) return;
    this.generation++;
    this.socket?.close();
    this.ended(1006, "");
  }

  private ended(code: number, reason: string): void {
    this.rfb.value = null;
    this.socket = null;
    const after = afterClose(code);
    if (after === "retry" || after === "retry_fast" || after === "retry_slow") {
      const delay = backoffMs(after, this.attempt, Math.random());
      this.phase.value = { kind: "lost", code, attempt: this.attempt, retryAt: Date.now() + delay };
      this.attempt++;
      this.retryTimer = setTimeout(() => void this.connect(), delay);
      return;
    }
    this.phase.value = { kind: "closed", code, reason };
    if (after !== "stay") this.options.onOver(after, reason);
  }

  /** Resets the back-off: the person asked, the network came back, or the page became visible. */
  retryNow(): void {
    const kind = this.phase.peek().kind;
    if (kind !== "lost" && kind !== "closed") return;
    this.attempt = 1;
    void this.connect();
  }

  disconnect(): void {
    clearTimeout(this.retryTimer);
    this.options.onFreeze();
    this.generation++;
    this.rfb.peek()?.disconnect();
    this.ended(1000, "");
  }

  dispose(): void {
    this.disposed = true;
    this.generation++;
    clearTimeout(this.retryTimer);
    this.rfb.peek()?.disconnect();
    this.socket?.close();
  }
}
