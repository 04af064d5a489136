// SPDX-License-Identifier: Apache-2.0
// /admin/hosts: every host, live. Search, filter and view are part of the address.
import type { Host } from "../../api/host_types";
import { t } from "../../i18n/i18n";
import { query, setQuery } from "../../router";
import { clockTime } from "../../state/format";
import { hasChangedKey, isOut, matchesHost, takesDesktops } from "../../state/host_view";
import { hostList, hostsLoad, loadHosts } from "../../state/hosts";
import { Button } from "../../ui/button";
import { Icon } from "../../ui/icon";
import { Link } from "../../ui/link";
import { Loading } from "../../ui/loading";
import { ProblemNotice } from "../../ui/problem";
import { useTitle } from "../../ui/use_title";
import { Segmented } from "../settings";
import { AdminFrame, useLiveHosts } from "./frame";
import { HostCard, HostTable } from "./host_card";
import { stateOf } from "./host_parts";

const searchFrom = 7;
/** From here on rows say more than cards. */
const tableFrom = 13;
const filters = ["all", "attention", "out"] as const;
type Filter = (typeof filters)[number];

function needsAttention(host: Host): boolean {
  const shown = stateOf(host);
  return shown === "down" || shown === "degraded" || shown === "stale" || shown === "unknown" || shown === "probation" || hasChangedKey(host) || (host.concerns ?? []).length > 0;
}

function passes(host: Host, filter: Filter): boolean {
  if (filter === "attention") return needsAttention(host);
  return filter === "all" || isOut(host);
}

/** What the hosts in service still take; null where one of them has no limit. */
function freePlaces(list: Host[]): number | null {
  const serving = list.filter((h) => takesDesktops(stateOf(h)));
  if (serving.some((h) => h.sessions.capacity === 0)) return null;
  return serving.reduce((sum, h) => sum + Math.max(0, h.sessions.capacity - h.sessions.used), 0);
}

function Summary({ list }: { list: Host[] }) {
  const free = freePlaces(list);
  const attention = list.filter(needsAttention).length;
  const parts = [t("hosts.count", { count: list.length }), ...(free === null ? [] : [t("hosts.free", { count: free })]), ...(attention > 0 ? [t("hosts.attention", { count: attention })] : [])];
  return <p class="muted" data-testid="hosts-summary">{parts.join(" · ")}</p>;
}

function AddLink({ primary = false }: { primary?: boolean }) {
  return (
    <Link href="/admin/hosts?add" class={primary ? "btn btn-primary" : "btn btn-plain"} testid="add-host">
      <Icon name="plus" /><span class="btn-label">{t("hosts.add")}</span>
    </Link>
  );
}

function Controls({ filter, view }: { filter: Filter; view: "cards" | "table" }) {
  return (
    <div class="filters" role="search" aria-label={t("hosts.search")}>
      <div class="search">
        <Icon name="search" />
        <input
          class="input" type="search" data-testid="search" aria-label={t("hosts.search")} placeholder={t("hosts.search")}
          value={query.value.get("q") ?? ""} onInput={(e) => setQuery("q", e.currentTarget.value)}
        />
      </div>
      <Segmented
        legend={t("hosts.filter")} value={filter} onChange={(v) => setQuery("show", v === "all" ? "" : v)}
        options={filters.map((f) => ({ value: f, label: t(`hosts.filter.${f}`) }))}
      />
      <Segmented
        legend={t("hosts.view")} value={view} onChange={(v) => setQuery("view", v)}
        options={(["cards", "table"] as const).map((v) => ({ value: v, label: t(`hosts.view.${v}`) }))}
      />
    </div>
  );
}

function Empty({ mayChange }: { mayChange: boolean }) {
  return (
    <div class="empty">
      <Icon name="server" size={32} />
      <p><strong>{t("hosts.empty")}</strong></p>
      <p class="muted">{t("hosts.empty_hint")}</p>
      {mayChange && <AddLink primary />}
    </div>
  );
}

function clearFilters(): void {
  setQuery("q", "");
  setQuery("show", "");
}

function List({ list, mayChange }: { list: Host[]; mayChange: boolean }) {
  const q = query.value.get("q") ?? "";
  const asked = query.value.get("show") ?? "all";
  const filter = filters.find((f) => f === asked) ?? "all";
  const view = query.value.get("view") ?? (list.length >= tableFrom ? "table" : "cards");
  const shown = list.filter((h) => passes(h, filter) && matchesHost(h, q));
  const isPart = q !== "" || filter !== "all";
  return (
    <>
      {list.length >= searchFrom && <Controls filter={filter} view={view === "table" ? "table" : "cards"} />}
      <p class="matches" role="status" data-testid="matches">{isPart && t("hosts.matches", { shown: shown.length, count: list.length })}</p>
      {shown.length === 0 ? (
        <div class="empty">
          <p>{t("hosts.no_match")}</p>
          <Button icon="x" onClick={clearFilters}>{t("hosts.clear")}</Button>
        </div>
      ) : view === "table" ? (
        <HostTable hosts={shown} mayChange={mayChange} />
      ) : (
        <ul class="hosts">{shown.map((h) => <li key={h.name}><HostCard host={h} mayChange={mayChange} /></li>)}</ul>
      )}
    </>
  );
}

export function HostsPage({ mayChange }: { mayChange: boolean }) {
  useTitle(t("admin.hosts"));
  useLiveHosts();
  const load = hostsLoad.value;
  const list = hostList.value;
  const retry = (): void => void loadHosts();
  return (
    <AdminFrame focusKey="admin-hosts">
      <div class="page-head">
        <div>
          <h1>{t("admin.hosts")}</h1>
          {list.length > 0 && <Summary list={list} />}
        </div>
        {mayChange && list.length > 0 && <AddLink />}
      </div>
      {load.state === "error" && (
        <ProblemNotice title={t("hosts.load_failed")} problem={load.problem} onRetry={retry} stale={list.length > 0 && load.goodAt !== null ? clockTime(load.goodAt) : null} />
      )}
      {load.state === "loading" && list.length === 0 && (
        <Loading title={t("hosts.load_failed")} onRetry={retry}>
          <div class="hosts"><div class="skeleton skeleton-host" /><div class="skeleton skeleton-host" /></div>
        </Loading>
      )}
      {load.state === "ready" && list.length === 0 && <Empty mayChange={mayChange} />}
      {list.length > 0 && <div class={load.state === "error" ? "host-list stale" : "host-list"}><List list={list} mayChange={mayChange} /></div>}
    </AdminFrame>
  );
}
