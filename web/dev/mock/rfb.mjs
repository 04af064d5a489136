// SPDX-License-Identifier: Apache-2.0
// A small RFB 3.8 server (RFC 6143) that draws a desktop by itself: raw encoding, security type None,
// ExtendedDesktopSize, cut text echoed back. Typed characters appear in its terminal window.

const extendedDesktopSize = -308;
const desktopSizeLimit = 4096;

export class DrawnDesktop {
  constructor(ws, name, witness) {
    this.ws = ws;
    this.name = name;
    this.witness = witness;
    this.buffer = Buffer.alloc(0);
    this.width = 1280;
    this.height = 720;
    this.format = { bytes: 4, shifts: [16, 8, 0] };
    this.canResize = false;
    this.typed = [];
    this.pointer = { x: -1, y: -1 };
    this.expect = this.version;
    this.wanted = null;
    this.dirty = true;
    ws.send(Buffer.from("RFB 003.008\n"));
    ws.on("message", (data) => this.feed(data));
  }

  stop() {
    clearTimeout(this.timer);
  }

  feed(data) {
    this.buffer = Buffer.concat([this.buffer, data]);
    for (;;) {
      const used = this.buffer.length === 0 ? 0 : this.expect(this.buffer);
      if (used === 0) return;
      this.buffer = this.buffer.subarray(used);
    }
  }

  version(b) {
    if (b.length < 12) return 0;
    this.ws.send(Buffer.from([1, 1]));
    this.expect = this.security;
    return 12;
  }

  security() {
    this.ws.send(Buffer.alloc(4));
    this.expect = this.clientInit;
    return 1;
  }

  clientInit() {
    const name = Buffer.from(this.name);
    const init = Buffer.alloc(24);
    init.writeUInt16BE(this.width, 0);
    init.writeUInt16BE(this.height, 2);
    init.set([32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0], 4);
    init.writeUInt32BE(name.length, 20);
    this.ws.send(Buffer.concat([init, name]));
    this.expect = this.message;
    return 1;
  }

  /** Bytes used, 0 if the message is not complete. */
  message(b) {
    const need = (n) => b.length >= n;
    switch (b[0]) {
      case 0:
        if (!need(20)) return 0;
        this.format = { bytes: b[4] / 8, shifts: [b[14], b[15], b[16]] };
        return 20;
      case 2: {
        if (!need(4) || !need(4 + 4 * b.readUInt16BE(2))) return 0;
        const count = b.readUInt16BE(2);
        const encodings = Array.from({ length: count }, (_, i) => b.readInt32BE(4 + 4 * i));
        this.canResize = encodings.includes(extendedDesktopSize);
        return 4 + 4 * count;
      }
      case 3:
        if (!need(10)) return 0;
        this.wanted = { incremental: b[1] === 1 };
        if (!this.wanted.incremental) this.dirty = true;
        this.answer();
        return 10;
      case 4:
        if (!need(8)) return 0;
        if (b[1] === 1) this.key(b.readUInt32BE(4));
        this.witness({ type: "key", down: b[1] === 1, keysym: b.readUInt32BE(4) });
        return 8;
      case 5:
        if (!need(6)) return 0;
        this.point(b[1], b.readUInt16BE(2), b.readUInt16BE(4));
        return 6;
      case 6: {
        if (!need(8)) return 0;
        const length = b.readInt32BE(4);
        const size = Math.abs(length);
        if (!need(8 + size)) return 0;
        if (length >= 0) this.witness({ type: "cut_text", text: b.subarray(8, 8 + size).toString("latin1") });
        return 8 + size;
      }
      case 251: {
        if (!need(8) || !need(8 + 16 * b[6])) return 0;
        this.resize(b.readUInt16BE(2), b.readUInt16BE(4));
        return 8 + 16 * b[6];
      }
      default:
        this.ws.close(4502, "protocol");
        return b.length;
    }
  }

  key(keysym) {
    if (keysym >= 0x20 && keysym < 0x7f) this.typed.push(keysym);
    if (keysym === 0xff08) this.typed.pop();
    this.redraw();
  }

  point(buttons, x, y) {
    if (buttons) this.witness({ type: "pointer", buttons, x, y });
    this.pointer = { x, y };
    if (buttons) this.redraw();
  }

  resize(width, height) {
    this.width = Math.min(Math.max(width, 64), desktopSizeLimit);
    this.height = Math.min(Math.max(height, 64), desktopSizeLimit);
    this.witness({ type: "resize", width: this.width, height: this.height });
    this.announceSize(1);
    this.redraw();
  }

  announceSize(reason) {
    const m = Buffer.alloc(4 + 12 + 4 + 16);
    m.writeUInt16BE(1, 2);
    m.writeUInt16BE(reason, 4);
    m.writeUInt16BE(this.width, 8);
    m.writeUInt16BE(this.height, 10);
    m.writeInt32BE(extendedDesktopSize, 12);
    m[16] = 1;
    m.writeUInt16BE(this.width, 28);
    m.writeUInt16BE(this.height, 30);
    this.sizeTold = true;
    this.ws.send(m);
  }

  copy(text) {
    const body = Buffer.from(text, "latin1");
    const head = Buffer.alloc(8);
    head[0] = 3;
    head.writeUInt32BE(body.length, 4);
    this.ws.send(Buffer.concat([head, body]));
  }

  redraw() {
    this.dirty = true;
    this.answer();
  }

  answer() {
    if (!this.wanted || !this.dirty || this.timer) return;
    this.timer = setTimeout(() => {
      this.timer = null;
      if (!this.wanted || this.ws.readyState !== this.ws.OPEN) return;
      this.wanted = null;
      this.dirty = false;
      if (this.canResize && !this.sizeTold) this.announceSize(0);
      else this.sendPicture();
    }, 15);
  }

  sendPicture() {
    const head = Buffer.alloc(16);
    head.writeUInt16BE(1, 2);
    head.writeUInt16BE(this.width, 8);
    head.writeUInt16BE(this.height, 10);
    this.ws.send(Buffer.concat([head, this.picture()]));
  }

  picture() {
    const { width: w, height: h } = this;
    const pixels = Buffer.alloc(w * h * 4);
    const [rs, gs, bs] = this.format.shifts.map((s) => s / 8);
    const put = (x, y, r, g, b) => {
      const at = (y * w + x) * 4;
      pixels[at + rs] = r;
      pixels[at + gs] = g;
      pixels[at + bs] = b;
    };
    const box = (x0, y0, bw, bh, r, g, b) => {
      for (let y = Math.max(0, y0); y < Math.min(h, y0 + bh); y++) for (let x = Math.max(0, x0); x < Math.min(w, x0 + bw); x++) put(x, y, r, g, b);
    };
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++) {
        const wave = Math.sin(x / 90 + y / 37) * 6 + Math.sin(x / 31 - y / 90) * 4;
        put(x, y, 18 + (y * 50) / h + wave, 86 + (x * 60) / w + wave, 110 + (y * 50) / h + wave);
      }
    }
    box(0, h - 34, w, 34, 24, 32, 38);
    for (let i = 0; i < 4; i++) box(10 + i * 34, h - 27, 22, 20, 90 + i * 40, 170 - i * 20, 160);
    const wx = Math.round(w * 0.12);
    const wy = Math.round(h * 0.14);
    const ww = Math.round(w * 0.6);
    const wh = Math.round(h * 0.62);
    box(wx + 6, wy + 8, ww, wh, 10, 40, 50);
    box(wx, wy, ww, wh, 28, 31, 36);
    box(wx, wy, ww, 26, 226, 230, 232);
    for (let i = 0; i < 3; i++) box(wx + 10 + i * 18, wy + 8, 10, 10, [230, 240, 90][i], [90, 180, 190][i], [80, 60, 90][i]);
    for (let i = 0; i < 9; i++) box(wx + 16, wy + 44 + i * 22, 60 + ((i * 97) % (ww - 140)), 9, 120 + (i % 3) * 40, 190, 150);
    const columns = Math.max(1, Math.floor((ww - 40) / 12));
    this.typed.forEach((k, i) => box(wx + 16 + (i % columns) * 12, wy + wh - 60 + Math.floor(i / columns) * 16, 9, 12, 255, 120 + (k % 100), 60 + ((k * 7) % 180)));
    if (this.pointer.x >= 0) box(this.pointer.x - 3, this.pointer.y - 3, 7, 7, 255, 200, 80);
    return pixels;
  }
}
