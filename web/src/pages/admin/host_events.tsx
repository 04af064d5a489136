// SPDX-License-Identifier: Apache-2.0
// What happened to a host, as its server keeps it; what failed there stands apart.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { HostEvent } from "../../api/host_types";
import { hostsApi } from "../../api/hosts_client";
import { t } from "../../i18n/i18n";
import { adminDesktopPath } from "../../router";
import { now } from "../../state/clock";
import { eventWords, isFailure } from "../../state/event_words";
import { clockTime, dateTime, timeOrDate } from "../../state/format";
import { hostHeard } from "../../state/hosts";
import { onRefetch } from "../../state/live";
import type { Load } from "../../state/load";
import { atMostEvery } from "../../state/repeat";
import { useFetched } from "../../state/use_fetched";
import { Button } from "../../ui/button";
import { Icon } from "../../ui/icon";
import type { IconName } from "../../ui/icon_names";
import { Link } from "../../ui/link";
import { Loading } from "../../ui/loading";
import { ProblemNotice } from "../../ui/problem";

const asked = 100;
const shownAtFirst = 10;
/** While an image is pulled a host is heard of several times a second. */
const refetchMs = 2000;

const icons: Record<string, IconName> = {
  "host.up": "circle-check", "host.down": "circle-x", "host.degraded": "triangle-alert", "host.mode": "wrench", "host.added": "plus", "host.changed": "pencil",
  "host.removed": "trash-2", "host.key_accepted": "key-round", "host.key_changed": "shield-alert", "host.pull": "download", "host.pulled": "check",
};

function Entry({ event }: { event: HostEvent }) {
  const { title, change, detail } = eventWords(event);
  return (
    <li data-testid="host-event" data-type={event.type}>
      <Icon name={isFailure(event) ? "circle-x" : (icons[event.type] ?? "activity")} size={16} />
      <span>
        <time dateTime={event.at} title={dateTime(event.at)}>{timeOrDate(event.at, now.value)}</time>{" "}
        <strong>{title}</strong>{change && `: ${change}`}
        {event.actor && <span class="muted"> {t("event.by", { name: event.actor })}</span>}
        {event.session && <> · <Link href={adminDesktopPath(event.session)}>{t("event.session")}</Link></>}
        {detail && <span class="log-detail">{detail}</span>}
      </span>
    </li>
  );
}

function List({ events, none, testid }: { events: readonly HostEvent[]; none: string; testid: string }) {
  const all = useSignal(false);
  if (events.length === 0) return <p class="quiet-line">{none}</p>;
  const shown = all.value ? events : events.slice(0, shownAtFirst);
  return (
    <>
      <ul class="log" data-testid={testid}>{shown.map((e) => <Entry key={e.seq} event={e} />)}</ul>
      {shown.length < events.length && <div class="actions"><Button small kind="quiet" onClick={() => (all.value = true)}>{t("event.all", { count: events.length })}</Button></div>}
    </>
  );
}

/** Asks again whenever something is heard of this host, and while nothing can be heard with all the rest. */
function useNews(name: string, fetch: () => Promise<void>): void {
  useEffect(() => {
    const soon = atMostEvery(refetchMs, () => void fetch());
    const first = hostHeard.peek();
    const leave = hostHeard.subscribe((heard) => {
      if (heard !== first && heard?.name === name) soon();
    });
    const stop = onRefetch(fetch);
    return () => {
      leave();
      stop();
    };
  }, []);
}

function Failed({ load, onRetry }: { load: Extract<Load, { state: "error" }>; onRetry: () => void }) {
  if (load.problem.status === 404) return <p class="quiet-line">{t("event.not_kept")}</p>;
  return <ProblemNotice title={t("event.load_failed")} problem={load.problem} onRetry={onRetry} stale={load.goodAt === null ? null : clockTime(load.goodAt)} />;
}

export function HostEvents({ name }: { name: string }) {
  const { value, load, fetch } = useFetched(() => hostsApi.events(name, asked));
  useNews(name, fetch);
  const items = value.value?.items;
  const state = load.value;
  const retry = (): void => void fetch();
  return (
    <>
      {items && (
        <section aria-labelledby="failures">
          <h2 id="failures">{t("event.failures")}</h2>
          <List events={items.filter(isFailure)} none={t("event.no_failures")} testid="host-failures" />
        </section>
      )}
      <section aria-labelledby="events">
        <h2 id="events">{t("event.title")}</h2>
        {state.state === "error" && <Failed load={state} onRetry={retry} />}
        {state.state === "loading" && <Loading title={t("event.load_failed")} onRetry={retry}><div class="skeleton skeleton-line" /></Loading>}
        {items && <List events={items.filter((e) => !isFailure(e))} none={t("event.none")} testid="host-events" />}
      </section>
    </>
  );
}
