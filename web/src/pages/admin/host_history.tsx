// SPDX-License-Identifier: Apache-2.0
// The last hour of a host: what its machine did, and how many desktops it had.
import { useEffect } from "preact/hooks";
import type { History, HistoryItem } from "../../api/host_types";
import { hostsApi } from "../../api/hosts_client";
import { t } from "../../i18n/i18n";
import { clockTime, dateTime } from "../../state/format";
import type { Load } from "../../state/load";
import { type Frame, niceMax } from "../../state/plot";
import { repeatWhileVisible } from "../../state/repeat";
import { useFetched } from "../../state/use_fetched";
import { Loading } from "../../ui/loading";
import { Plot } from "../../ui/plot";
import { ProblemNotice } from "../../ui/problem";
import { type Column, Table } from "../../ui/table";
import { extentText, percent } from "./host_load";

const refreshMs = 15_000;
const hourMs = 3_600_000;
const tableStepMs = 300_000;

interface Series {
  name: string;
  value: (item: HistoryItem) => number | null;
  max: number;
  format: (value: number) => string;
  tone: "load" | "desktops";
}

function seriesOf(items: readonly HistoryItem[]): Series[] {
  const machine = { max: 1, format: percent, tone: "load" } as const;
  return [
    { name: t("host.cpus"), value: (i) => i.cpu, ...machine },
    { name: t("host.memory"), value: (i) => i.memory, ...machine },
    { name: t("host.disk"), value: (i) => i.disk, ...machine },
    { name: t("host.desktops"), value: (i) => i.sessions, max: niceMax(items.map((i) => i.sessions)), format: String, tone: "desktops" },
  ];
}

/** One reading for each five minutes, the newest first. */
function thinned(items: readonly HistoryItem[]): HistoryItem[] {
  let next = Infinity;
  return [...items].reverse().filter(({ at }) => {
    const isDue = Date.parse(at) <= next;
    if (isDue) next = Date.parse(at) - tableStepMs;
    return isDue;
  });
}

function AsTable({ items, series }: { items: readonly HistoryItem[]; series: readonly Series[] }) {
  const columns: Column<HistoryItem>[] = [
    { name: "time", label: t("plot.time"), cell: (i) => <time dateTime={i.at} title={dateTime(i.at)}>{clockTime(i.at)}</time> },
    ...series.map((s, n): Column<HistoryItem> => ({
      name: `s${n}`, label: s.name, number: true,
      cell: (i) => {
        const value = s.value(i);
        return value === null ? "–" : s.format(value);
      },
    })),
  ];
  return (
    <details class="more">
      <summary>{t("plot.table")}</summary>
      <Table columns={columns} rows={thinned(items)} label={t("plot.title")} row={(i) => ({ key: i.at })} />
    </details>
  );
}

function Plots({ history, load }: { history: History; load: Load }) {
  const { items, interval_s } = history;
  const series = seriesOf(items);
  const asked = load.state === "ready" ? load.at : 0;
  const to = Math.max(asked, Date.parse(items.at(-1)?.at ?? ""));
  // A reading that came late is not a gap yet.
  const gapMs = interval_s * 2500;
  return (
    <>
      <div class={load.state === "error" ? "plots stale" : "plots"}>
        {series.map((s) => {
          const frame: Frame = { from: to - hourMs, to, max: s.max };
          const values = items.map(s.value);
          const last = values.at(-1);
          const text = extentText(values, s.format) ?? t("host.not_known");
          return (
            <Plot
              key={s.name} name={s.name} tone={s.tone} format={s.format} frame={frame} gapMs={gapMs} summary={`${s.name}: ${text}`}
              last={typeof last === "number" ? s.format(last) : "–"} points={items.map((i) => ({ at: Date.parse(i.at), value: s.value(i) }))}
            />
          );
        })}
      </div>
      <AsTable items={items} series={series} />
    </>
  );
}

export function HostHistory({ name }: { name: string }) {
  const { value, load, fetch } = useFetched(() => hostsApi.history(name));
  useEffect(() => repeatWhileVisible(fetch, refreshMs), []);
  const history = value.value;
  const state = load.value;
  const retry = (): void => void fetch();
  const notKept = state.state === "error" && state.problem.status === 404;
  return (
    <section class="panel-flat" aria-labelledby="history" data-testid="history">
      <h2 id="history">{t("plot.title")}</h2>
      {notKept && <p class="muted">{t("plot.not_kept")}</p>}
      {state.state === "error" && !notKept && (
        <ProblemNotice title={t("plot.failed")} problem={state.problem} onRetry={retry} stale={history && state.goodAt !== null ? clockTime(state.goodAt) : null} />
      )}
      {state.state === "loading" && <Loading title={t("plot.failed")} onRetry={retry}><div class="skeleton skeleton-plots" /></Loading>}
      {history && history.items.length === 0 && <p class="muted">{t("plot.empty")}</p>}
      {history && history.items.length > 0 && <Plots history={history} load={state} />}
    </section>
  );
}
