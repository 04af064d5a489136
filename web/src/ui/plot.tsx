// SPDX-License-Identifier: Apache-2.0
// Lines over time: small ones without axes, and plots with them. The words beside a line say what it shows.
import { clockTime } from "../state/format";
import { type Frame, type Point, runsOf } from "../state/plot";

interface LineProps {
  points: readonly Point[];
  frame: Frame;
  gapMs: number;
  /** What somebody hears who does not see it. */
  summary: string;
}

export function Line({ points, frame, gapMs, summary, grid = false }: LineProps & { grid?: boolean }) {
  return (
    <svg class="line" viewBox="0 0 100 100" preserveAspectRatio="none" role="img" aria-label={summary} focusable="false">
      {grid && <path class="line-grid" d="M0 0H100M0 50H100M0 100H100" />}
      {runsOf(points, frame, gapMs).map((run) => (
        <g key={run.line}>
          <path class="line-area" d={run.area} />
          <path class="line-stroke" d={run.line} />
        </g>
      ))}
    </svg>
  );
}

interface PlotProps extends LineProps {
  name: string;
  /** The last value, in words. */
  last: string;
  format: (value: number) => string;
  tone: "load" | "desktops";
}

export function Plot({ name, last, format, tone, ...line }: PlotProps) {
  const { from, to, max } = line.frame;
  return (
    <figure class={`plot plot-${tone}`} data-testid="plot">
      <figcaption><span>{name}</span><strong>{last}</strong></figcaption>
      <div class="plot-body">
        <span class="plot-scale" aria-hidden="true"><span>{format(max)}</span><span>{format(0)}</span></span>
        <Line {...line} grid />
      </div>
      <p class="plot-times" aria-hidden="true"><span>{clockTime(from)}</span><span>{clockTime(to)}</span></p>
    </figure>
  );
}
