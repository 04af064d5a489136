// SPDX-License-Identifier: Apache-2.0
// The last picture of each desktop, kept in this tab only and forgotten at sign-out.

const prefix = "berth.thumb.";
const width = 480;

export function readThumbnail(id: string): string | null {
  try {
    return sessionStorage.getItem(prefix + id);
  } catch {
    return null;
  }
}

export function keepThumbnail(id: string, canvas: HTMLCanvasElement): void {
  if (canvas.width === 0 || canvas.height === 0) return;
  try {
    const small = document.createElement("canvas");
    small.width = width;
    small.height = Math.round((width * canvas.height) / canvas.width);
    small.getContext("2d")?.drawImage(canvas, 0, 0, small.width, small.height);
    sessionStorage.setItem(prefix + id, small.toDataURL("image/jpeg", 0.7));
  } catch {
    // No thumbnail is not worth a message.
  }
}

export function forgetThumbnail(id: string): void {
  try {
    sessionStorage.removeItem(prefix + id);
  } catch {
    // Same.
  }
}

export function forgetThumbnails(): void {
  try {
    for (const name of Object.keys(sessionStorage)) {
      if (name.startsWith(prefix)) sessionStorage.removeItem(name);
    }
  } catch {
    // Same.
  }
}
