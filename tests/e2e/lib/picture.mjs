// SPDX-License-Identifier: Apache-2.0
// What can be said about the remote picture from the browser's side.

const canvas = "[data-testid=desktop-canvas] canvas";

/** How many different colours a grid of pixels has; 1 is an empty picture, 0 none at all. */
export function colours(page) {
  return page.evaluate((selector) => {
    const c = document.querySelector(selector);
    if (!c || c.width === 0 || c.height === 0) return 0;
    const { data } = c.getContext("2d").getImageData(0, 0, c.width, c.height);
    const seen = new Set();
    for (let y = 0; y < c.height; y += 7) {
      for (let x = 0; x < c.width; x += 7) {
        const at = (y * c.width + x) * 4;
        seen.add((data[at] << 16) | (data[at + 1] << 8) | data[at + 2]);
      }
    }
    return seen.size;
  }, canvas);
}

export function pictureSize(page) {
  return page.evaluate((selector) => {
    const c = document.querySelector(selector);
    return c ? `${c.width}x${c.height}` : null;
  }, canvas);
}

export const picture = (page) => page.locator(canvas);
