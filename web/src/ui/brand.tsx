// SPDX-License-Identifier: Apache-2.0
// The mark: a slip in a harbour seen from above, with a boat in it. The same shape counts places.
import { t } from "../i18n/i18n";

export function Mark({ size = 28 }: { size?: number }) {
  return (
    <svg class="mark" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect class="mark-ground" width="32" height="32" rx="8" />
      <path class="mark-slip" d="M8 7v12a8 8 0 0 0 16 0V7" />
      <rect class="mark-boat" x="13" y="6.5" width="6" height="13" rx="3" />
    </svg>
  );
}

export function Wordmark() {
  return (
    <span class="wordmark">
      <Mark />
      <span>{t("app.name")}</span>
    </span>
  );
}

function Slip({ taken }: { taken: boolean }) {
  return (
    <svg class={taken ? "slip slip-taken" : "slip"} width="16" height="20" viewBox="0 0 16 20" aria-hidden="true" focusable="false">
      <path d="M2 2v9a6 6 0 0 0 12 0V2" />
      {taken && <rect x="5.5" y="1.5" width="5" height="10.5" rx="2.5" />}
    </svg>
  );
}

/** "1 of 2 desktops in use", with a slip drawn for each place while there are few. */
export function Places({ used, max }: { used: number; max: number }) {
  const drawn = max > 0 && max <= 8 ? max : 0;
  return (
    <p class="places" data-testid="quota">
      {drawn > 0 && (
        <span class="slips">
          {Array.from({ length: drawn }, (_, i) => <Slip key={i} taken={i < used} />)}
        </span>
      )}
      {max > 0 ? t("home.quota", { used, count: max }) : t("home.quota_free", { count: used })}
    </p>
  );
}
