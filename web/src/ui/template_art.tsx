// SPDX-License-Identifier: Apache-2.0
// A picture for a template that has none: a small desktop or page, tinted by the template's name.
import { Icon } from "./icon";
import { type IconName, iconNames } from "./icon_names";

const tones = 8;

/** A stable number for a name (FNV-1a), so that a template keeps its colour. */
export function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193) >>> 0;
  // The low bits of FNV are its weakest.
  return (h ^ (h >>> 15) ^ (h >>> 7)) >>> 0;
}

export function templateIcon(icon: string | undefined, web: boolean): IconName {
  if (icon && (iconNames as readonly string[]).includes(icon)) return icon as IconName;
  return web ? "globe" : "monitor";
}

const waves = [
  "M-10 78q25-14 50 0t50 0 50 0 50 0 50 0 50 0 50 0",
  "M-30 93q25-14 50 0t50 0 50 0 50 0 50 0 50 0 50 0 50 0",
  "M-18 108q25-14 50 0t50 0 50 0 50 0 50 0 50 0 50 0 50 0",
];

function Window({ x, y, w, h: height, lines }: { x: number; y: number; w: number; h: number; lines: number[] }) {
  return (
    <g>
      <rect class="art-window" x={x} y={y} width={w} height={height} rx="5" />
      <path class="art-bar" d={`M${x} ${y + 9}v-4a5 5 0 0 1 5-5h${w - 10}a5 5 0 0 1 5 5v4z`} />
      <circle class="art-dot" cx={x + 7} cy={y + 4.5} r="1.6" />
      <circle class="art-dot" cx={x + 12} cy={y + 4.5} r="1.6" />
      {lines.map((length, i) => <path key={i} class="art-line" d={`M${x + 9} ${y + 19 + i * 9}h${length * (w - 18)}`} />)}
    </g>
  );
}

export function TemplateArt({ name, icon, web }: { name: string; icon: string | undefined; web: boolean }) {
  const seed = hash(name);
  const dx = (seed >>> 4) % 26;
  const dy = (seed >>> 9) % 10;
  return (
    <div class={`art art-tone-${seed % tones}`}>
      <svg viewBox="0 0 318 120" preserveAspectRatio="xMaxYMid slice" aria-hidden="true" focusable="false">
        {waves.map((d) => <path key={d} class="art-wave" d={d} />)}
        <Window x={150 + dx} y={20 + dy} w={web ? 118 : 92} h={web ? 74 : 58} lines={web ? [0.9, 0.55, 0.75, 0.4, 0.62] : [0.5, 0.8, 0.36]} />
        {!web && <Window x={216 + dx / 2} y={50 + dy} w={72} h={46} lines={[0.7, 0.45]} />}
      </svg>
      <span class="art-icon"><Icon name={templateIcon(icon, web)} size={26} /></span>
    </div>
  );
}
