// SPDX-License-Identifier: Apache-2.0
// What a machine does at the moment, whoever uses it; never to be taken for what is set aside for desktops.
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import type { Host } from "../../api/host_types";
import { t } from "../../i18n/i18n";
import { now } from "../../state/clock";
import { bytes, clockTime, duration } from "../../state/format";
import { share } from "../../state/host_view";
import { extentOf } from "../../state/plot";
import { Bar, Meter } from "../../ui/meter";
import { Line } from "../../ui/plot";

const readingMs = 30_000;
const oldAfterMs = 90_000;

export const percent = (part: number): string => t("host.percent", { n: Math.round(part * 100) });

/** Low, high and last in words; null where nothing is known. */
export function extentText(values: readonly (number | null)[], format: (value: number) => string): string | null {
  const extent = extentOf(values);
  if (!extent) return null;
  return t("host.between", { low: format(extent.low), high: format(extent.high), last: extent.last === null ? t("host.not_known") : format(extent.last) });
}

/** Bars that belong together, with a head that says what they are about. */
export function Gauges({ head, children, testid }: { head: string; children: ComponentChildren; testid: string }) {
  const id = useId();
  return (
    <div class="gauges" role="group" aria-labelledby={id} data-testid={testid}>
      <p class="gauges-head" id={id}>{head}</p>
      {children}
    </div>
  );
}

const recentOf = (host: Host): (number | null)[] => host.load_recent ?? [];

function Spark({ host }: { host: Host }) {
  const recent = recentOf(host);
  const text = extentText(recent, percent);
  if (recent.length < 2 || text === null) return null;
  const points = recent.map((value, i) => ({ at: i * readingMs, value }));
  return <Line points={points} frame={{ from: 0, to: (recent.length - 1) * readingMs, max: 1 }} gapMs={readingMs} summary={`${sparkLabel(host)}: ${text}`} />;
}

const sparkLabel = (host: Host): string => t("host.spark", { time: duration((recentOf(host).length * readingMs) / 1000) });

function loadHead({ load }: Host): string {
  const isOld = load && now.value - Date.parse(load.at) > oldAfterMs;
  return isOld ? t("host.load_at", { time: clockTime(load.at) }) : t("host.load");
}

const ofText = (used: number, total: number): string => t("host.of", { used: bytes(used), capacity: bytes(total) });

/** Nothing where the server does not know of loads at all. */
export function MachineLoad({ host, hinted = false }: { host: Host; hinted?: boolean }) {
  const { load } = host;
  if (load === undefined) return null;
  if (load === null) {
    return <Gauges head={t("host.load")} testid="machine-load"><p class="muted">{t("host.load_unknown")} {hinted && t("host.load_unknown_hint")}</p></Gauges>;
  }
  const { cpu, memory, disk } = load;
  const hasSpark = extentOf(recentOf(host)) !== null && recentOf(host).length > 1;
  return (
    <Gauges head={loadHead(host)} testid="machine-load">
      <div class="meters">
        <Meter tone="load" label={t("host.cpus")} text={cpu === null ? t("host.not_known") : percent(cpu)} share={cpu} />
        {hasSpark && <div class="spark plot-load"><span class="meter-label" aria-hidden="true">{sparkLabel(host)}</span><Spark host={host} /></div>}
        <Meter tone="load" label={t("host.memory")} text={ofText(memory.used_bytes, memory.total_bytes)} share={share(memory.used_bytes, memory.total_bytes)} />
        {disk && <Meter tone="load" label={t("host.disk")} text={ofText(disk.used_bytes, disk.total_bytes)} share={share(disk.used_bytes, disk.total_bytes)} />}
      </div>
      {hinted && <p class="hint">{t("host.load_hint")}</p>}
    </Gauges>
  );
}

function Row({ label, part, children }: { label: string; part: number | null; children?: ComponentChildren }) {
  return (
    <span class={part !== null && part >= 0.9 ? "load-row meter-full" : "load-row"}>
      <span class="meter-label">{label}</span>
      {children ?? (part === null ? <span /> : <Bar share={part} />)}
      <span class="load-value">{part === null ? "–" : percent(part)}</span>
    </span>
  );
}

/** The same in a table's cell: the line in the place of the first bar. */
export function LoadCell({ host }: { host: Host }) {
  const { load } = host;
  if (!load) return <span>–</span>;
  const { cpu, memory, disk } = load;
  return (
    <span class="load-cell meter-load plot-load" title={loadHead(host)}>
      <Row label={t("host.cpus")} part={cpu}>{recentOf(host).length > 1 ? <Spark host={host} /> : undefined}</Row>
      <Row label={t("host.memory")} part={share(memory.used_bytes, memory.total_bytes)} />
      {disk && <Row label={t("host.disk")} part={share(disk.used_bytes, disk.total_bytes)} />}
    </span>
  );
}
