// SPDX-License-Identifier: Apache-2.0
// Whether something can be reached where it stands: wholly in the window, not cut off, not covered.

/** What is wrong with the elements that match, one line each; none at all is wrong too. `scrolls`: the page may be moved up and down. */
export function outOfReach(page, selector, { scrolls = false } = {}) {
  return page.evaluate(([wanted, mayScroll]) => {
    const shown = [...document.querySelectorAll(wanted)].filter((e) => e.getClientRects().length > 0);
    const name = (e) => `${e.dataset.testid ?? e.className} "${(e.getAttribute("aria-label") ?? e.textContent).trim().slice(0, 40)}"`;
    const box = (r) => `${Math.round(r.left)},${Math.round(r.top)} to ${Math.round(r.right)},${Math.round(r.bottom)}`;
    const clips = (e) => getComputedStyle(e).overflowX !== "visible";
    const wrong = (e) => {
      if (mayScroll) window.scrollTo(0, e.getBoundingClientRect().top + window.scrollY - window.innerHeight / 2);
      const r = e.getBoundingClientRect();
      // Half a pixel is rounding.
      const inside = (left, right) => r.left >= left - 0.5 && r.right <= right + 0.5;
      if (!inside(0, window.innerWidth) || r.top < -0.5 || r.bottom > window.innerHeight + 0.5) return `${box(r)} of ${window.innerWidth}x${window.innerHeight}`;
      for (let p = e.parentElement; p && p !== document.body; p = p.parentElement) {
        const outer = p.getBoundingClientRect();
        if (clips(p) && !inside(outer.left, outer.right)) return `cut off by ${p.className}`;
      }
      const top = document.elementFromPoint((r.left + r.right) / 2, (r.top + r.bottom) / 2);
      return e.contains(top) ? null : `covered by ${top?.className || top?.tagName}`;
    };
    if (shown.length === 0) return [`nothing is shown of ${wanted}`];
    return shown.map((e) => [e, wrong(e)]).filter(([, why]) => why !== null).map(([e, why]) => `${name(e)}: ${why}`);
  }, [selector, scrolls]);
}
