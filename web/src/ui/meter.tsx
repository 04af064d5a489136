// SPDX-License-Identifier: Apache-2.0
interface Props {
  label: string;
  /** What the bar says, in words. */
  text: string;
  /** 0 to 1; null draws no bar, since there is nothing to measure against. */
  share: number | null;
  /** `load`: what is measured on a machine, not what is promised to desktops. */
  tone?: "load";
}

export function Bar({ share }: { share: number }) {
  return (
    <svg viewBox="0 0 100 3" preserveAspectRatio="none" aria-hidden="true" focusable="false">
      <rect class="meter-track" width="100" height="3" />
      <rect class="meter-fill" width={share * 100} height="3" />
    </svg>
  );
}

/** A labelled number with a bar under it; the words carry the meaning. */
export function Meter({ label, text, share, tone }: Props) {
  const full = share !== null && share >= 0.9;
  return (
    <div class={`meter${full ? " meter-full" : ""}${tone ? ` meter-${tone}` : ""}`}>
      <span class="meter-label">{label}</span>
      <span class="meter-text">{text}</span>
      {share !== null && <Bar share={share} />}
    </div>
  );
}
