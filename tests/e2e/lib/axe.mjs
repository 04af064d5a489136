// SPDX-License-Identifier: Apache-2.0
import { AxeBuilder } from "@axe-core/playwright";

/** A colour on its way to another is neither's contrast: what moves is waited for, but for what never ends (a spinner). */
const settle = (page) => page.evaluate(async () => {
  const ending = document.getAnimations().filter((a) => Number.isFinite(a.effect?.getComputedTiming().endTime));
  await Promise.allSettled(ending.map((a) => a.finished));
});

/** Fails with one line per finding. The remote picture is somebody else's content. */
export async function expectAccessible(page) {
  await settle(page);
  const { violations } = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"])
    .analyze();
  if (violations.length === 0) return;
  const lines = violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target.join(" ")}: ${n.failureSummary?.split("\n").slice(1).join("; ")}`));
  throw new Error(lines.join("\n"));
}
