// SPDX-License-Identifier: Apache-2.0
// The picture beside the sign-in card: a harbour at dusk from above, windows lit in some of its slips.
import { t } from "../i18n/i18n";

const slipWidth = 62;
const rows = [
  { y: 150, offset: 0, boats: [1, 2, 4, 6, 7] },
  { y: 330, offset: -31, boats: [0, 2, 3, 5, 8] },
  { y: 510, offset: 0, boats: [1, 3, 4, 6] },
];

function Berth({ x, y, boat, lit }: { x: number; y: number; boat: boolean; lit: boolean }) {
  return (
    <g transform={`translate(${x} ${y})`}>
      <path class="h-pier" d="M6 0v74a25 25 0 0 0 50 0V0" />
      {boat && <rect class={lit ? "h-boat h-lit" : "h-boat"} x="19" y="-4" width="24" height="84" rx="12" />}
      {boat && <rect class="h-deck" x="25" y="14" width="12" height="30" rx="4" />}
    </g>
  );
}

export function Harbour() {
  return (
    <div class="harbour">
      <svg viewBox="0 0 560 760" preserveAspectRatio="xMidYMid slice" aria-hidden="true" focusable="false">
        {Array.from({ length: 14 }, (_, i) => (
          <path key={i} class="h-wave" d={`M-40 ${40 + i * 56}q35-16 70 0t70 0 70 0 70 0 70 0 70 0 70 0 70 0 70 0`} />
        ))}
        {rows.map((row, r) => (
          <g key={r}>
            {Array.from({ length: 10 }, (_, i) => (
              <Berth key={i} x={row.offset + i * slipWidth - 10} y={row.y} boat={row.boats.includes(i)} lit={(i + r) % 3 === 0} />
            ))}
          </g>
        ))}
      </svg>
      <p class="harbour-line">{t("signin.tagline")}</p>
    </div>
  );
}
