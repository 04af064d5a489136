// SPDX-License-Identifier: Apache-2.0
// Everything about one opened desktop that is not drawing: connection, keys, clipboard, modes.
import { effect, signal } from "@preact/signals";
import type RFB from "@novnc/novnc";
import type { Session } from "../api/types";
import { t } from "../i18n/i18n";
import { signInAgain } from "../state/account";
import { displayName } from "../state/actions";
import { prefs } from "../state/prefs";
import type { BarEdge } from "../state/prefs_store";
import { loadSession } from "../state/sessions";
import { keepThumbnail } from "../state/thumbnails";
import { announce } from "../ui/messages";
import { ClipboardBridge } from "./clipboard";
import { DesktopConnection } from "./connection";
import { ChordDetector, isModifier, StickyKeys } from "./keys";
import { applyDisplay, applyQuality } from "./modes";

export type PanelName = "clipboard" | "keys" | "display" | "more";

export class ViewModel {
  readonly barOpen = signal(true);
  readonly panel = signal<PanelName | null>(null);
  /** The edge under the pointer while the bar is dragged. */
  readonly dragEdge = signal<BarEdge | null>(null);
  readonly size = signal({ width: 0, height: 0 });
  readonly connection: DesktopConnection;
  readonly keys: StickyKeys;
  readonly clipboard: ClipboardBridge;
  readonly viewOnly: boolean;
  private readonly chord: ChordDetector;
  private cleanups: (() => void)[] = [];

  constructor(
    readonly session: Session,
    private readonly target: HTMLElement,
    private readonly frozen: HTMLCanvasElement,
  ) {
    this.viewOnly = !session.mine;
    const rfb = (): RFB | null => this.connection.rfb.peek();
    this.keys = new StickyKeys((keysym, code, down) => rfb()?.sendKey(keysym, code, down));
    this.clipboard = new ClipboardBridge(rfb);
    this.chord = new ChordDetector(() => this.toggleBar());
    this.connection = new DesktopConnection({
      sessionId: session.id,
      endpoint: session.endpoints.find((e) => e.protocol === "rfb")?.name ?? "desktop",
      rights: this.viewOnly ? "view" : "control",
      target,
      onRfb: (r) => this.setUp(r),
      onFreeze: () => this.freeze(),
      onOver: (after) => (after === "sign_in" ? signInAgain() : void loadSession(session.id)),
    });
  }

  start(): void {
    this.listen();
    this.connection.traffic.start();
    void this.clipboard.start();
    void this.connection.connect();
  }

  dispose(): void {
    this.freeze();
    for (const cleanup of this.cleanups) cleanup();
    this.connection.traffic.stop();
    this.connection.dispose();
  }

  get canvas(): HTMLCanvasElement | null {
    return this.target.querySelector("canvas");
  }

  focusPicture(): void {
    this.connection.rfb.peek()?.focus({ preventScroll: true });
  }

  toggleBar(): void {
    const open = !this.barOpen.value;
    this.barOpen.value = open;
    if (open) {
      this.letGo();
      requestAnimationFrame(() => document.querySelector<HTMLElement>("[data-testid=toolbar] [tabindex='0']")?.focus());
    } else {
      this.closeBar();
    }
  }

  closeBar(): void {
    this.panel.value = null;
    this.barOpen.value = false;
    this.focusPicture();
  }

  /** Every key that the desktop thinks is down goes up. */
  letGo(): void {
    this.keys.releaseAll();
    this.chord.reset();
    // noVNC releases its held keys when the window loses the focus, and offers no other way.
    window.dispatchEvent(new Event("blur"));
  }

  /** Tells the desktop that somebody is here: a key that does nothing. */
  nudge(): void {
    const rfb = this.connection.rfb.peek();
    rfb?.sendKey(0xffe1, "ShiftLeft", true);
    rfb?.sendKey(0xffe1, "ShiftLeft", false);
  }

  screenshot(): void {
    this.connection.rfb.peek()?.toBlob((blob) => {
      if (!blob) return;
      const link = document.createElement("a");
      link.href = URL.createObjectURL(blob);
      const stamp = new Date().toISOString().slice(0, 19).replace(/[T:]/g, "-");
      link.download = `${displayName(this.session).replace(/[^\p{L}\p{N}_-]+/gu, "-")}-${stamp}.png`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    }, "image/png");
  }

  private setUp(rfb: RFB): void {
    rfb.viewOnly = this.viewOnly;
    rfb.background = "transparent";
    rfb.focusOnClick = true;
    applyDisplay(rfb, this.viewOnly ? "fit" : prefs.peek().display);
    applyQuality(rfb, prefs.peek().quality, this.connection.traffic.rates.peek().rttMs);
    this.clipboard.forgetConnection();
    rfb.addEventListener("clipboard", (e) => this.clipboard.onRemote((e as CustomEvent<{ text: string }>).detail.text));
    rfb.addEventListener("connect", () => this.connected());
  }

  private connected(): void {
    const canvas = this.canvas;
    if (!canvas) return;
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "application");
    const observer = new MutationObserver(() => this.describe(canvas));
    observer.observe(canvas, { attributes: true, attributeFilter: ["width", "height"] });
    this.cleanups.push(() => observer.disconnect());
    this.describe(canvas);
    if (!document.activeElement || document.activeElement === document.body) this.focusPicture();
    announce(t("desk.connected", { name: displayName(this.session) }));
    void this.clipboard.onFocus();
  }

  private describe(canvas: HTMLCanvasElement): void {
    this.size.value = { width: canvas.width, height: canvas.height };
    const values = { name: displayName(this.session), width: String(canvas.width), height: String(canvas.height) };
    canvas.setAttribute("aria-label", t("desk.picture_size", values));
  }

  private freeze(): void {
    const canvas = this.canvas;
    if (!canvas || canvas.width === 0) return;
    this.frozen.width = canvas.width;
    this.frozen.height = canvas.height;
    this.frozen.getContext("2d")?.drawImage(canvas, 0, 0);
    keepThumbnail(this.session.id, canvas);
  }

  private on<T extends Event>(target: EventTarget, type: string, handler: (e: T) => void, capture = false): void {
    target.addEventListener(type, handler as EventListener, capture);
    this.cleanups.push(() => target.removeEventListener(type, handler as EventListener, capture));
  }

  private listen(): void {
    const onPicture = (e: Event): boolean => e.target instanceof Node && this.target.contains(e.target);
    this.on<KeyboardEvent>(window, "keydown", (e) => {
      this.chord.keydown(e.key);
      // Held back from noVNC, which would send the key before the text is there.
      if (onPicture(e) && !this.viewOnly && this.clipboard.holdPaste(e)) e.stopImmediatePropagation();
    }, true);
    this.on<KeyboardEvent>(window, "keyup", (e) => {
      const sent = onPicture(e) && !isModifier(e.key);
      // After noVNC has seen it, so that its own key-up has gone out.
      setTimeout(() => {
        if (sent) this.keys.keyWasSent();
        this.chord.keyup(e.key);
      });
    }, true);
    this.on(window, "blur", () => {
      this.keys.releaseAll();
      this.chord.reset();
    });
    this.on(window, "focus", () => void this.clipboard.onFocus());
    this.on(this.target, "focusin", () => void this.clipboard.onFocus());
    this.on(window, "online", () => this.retryLost());
    this.on(document, "visibilitychange", () => {
      if (document.hidden) this.freeze();
      else this.retryLost();
    });
    this.on(window, "pagehide", () => this.freeze());
    this.cleanups.push(effect(() => {
      const { display, quality } = prefs.value;
      const rfb = this.connection.rfb.value;
      if (!rfb) return;
      applyDisplay(rfb, this.viewOnly ? "fit" : display);
      applyQuality(rfb, quality, this.connection.traffic.rates.value.rttMs);
    }));
  }

  private retryLost(): void {
    if (this.connection.phase.peek().kind === "lost") this.connection.retryNow();
  }
}
