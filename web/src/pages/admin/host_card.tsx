// SPDX-License-Identifier: Apache-2.0
// A host among others: as a card, or as a row where there are many.
import type { Host } from "../../api/host_types";
import { t } from "../../i18n/i18n";
import { hostPath } from "../../router";
import { hasChangedKey, imagesReady, share } from "../../state/host_view";
import { Link } from "../../ui/link";
import { Meter } from "../../ui/meter";
import type { Order } from "../../ui/sorting";
import { type Column, Table } from "../../ui/table";
import { QuickActions } from "./host_actions";
import { LoadCell, MachineLoad } from "./host_load";
import { CapacityBars, CheckedAt, HostMark, HostNotes, imagesText, Labels, stateOf, stateText, wayText } from "./host_parts";

export function HostCard({ host, mayChange }: { host: Host; mayChange: boolean }) {
  const { engine } = host;
  const way = wayText(host);
  return (
    <article class={hasChangedKey(host) ? "host-card host-card-bad" : "host-card"} aria-label={host.name} data-testid="host-card" data-host={host.name} data-state={stateOf(host)}>
      <div class="session-title">
        <h2 class="host-name"><Link href={hostPath(host.name)}>{host.name}</Link></h2>
        <HostMark host={host} />
      </div>
      <p class="host-address"><code>{host.endpoint}</code></p>
      <HostNotes host={host} />
      <MachineLoad host={host} />
      <CapacityBars host={host} />
      <p class="facts">
        {engine && <span>{t("host.engine_value", { version: engine.version, api: engine.api_version })}</span>}
        {engine && <span>{engine.os}</span>}
        <span>{imagesText(host)}</span>
        {way && <span>{way}</span>}
        {typeof host.round_trip_ms === "number" && <span>{t("host.ms", { n: host.round_trip_ms })}</span>}
        {host.weight !== 1 && <span>{t("host.weight")} {host.weight}</span>}
        <CheckedAt host={host} />
        <Labels host={host} />
      </p>
      {mayChange && <QuickActions host={host} />}
    </article>
  );
}

function NameAndWay({ host }: { host: Host }) {
  const way = wayText(host);
  return (
    <>
      <Link class="row-link" href={hostPath(host.name)}>{host.name}</Link>
      <span class="row-note"><code>{host.endpoint}</code></span>
      {way && <span class="row-note">{way}</span>}
    </>
  );
}

function StateAndCheck({ host }: { host: Host }) {
  return (
    <span>
      <HostMark host={host} />
      {host.last_check_at !== null && <span class="row-note"><CheckedAt host={host} /></span>}
    </span>
  );
}

const byName: Order = { column: "name", descending: false };

const memoryShare = ({ memory }: Host): number | null => (memory ? share(memory.used_bytes, memory.capacity_bytes) : null);

function MemoryShare({ host }: { host: Host }) {
  const used = memoryShare(host);
  return used === null ? "–" : `${Math.round(used * 100)} %`;
}

function ImagesShare({ host }: { host: Host }) {
  const { present, total } = imagesReady(host);
  return <span title={imagesText(host)}>{total === 0 ? "–" : `${present} / ${total}`}</span>;
}

/** Whose images are all there comes last; one that needs none has no place in this order. */
function imagesShare(host: Host): number | null {
  const { present, total } = imagesReady(host);
  return share(present, total);
}

export function HostTable({ hosts, mayChange }: { hosts: Host[]; mayChange: boolean }) {
  const columns: Column<Host>[] = [
    { name: "name", label: t("add.name"), sort: (h) => h.name, cell: (h) => <NameAndWay host={h} /> },
    { name: "state", label: t("admin.col.state"), sort: stateText, cell: (h) => <StateAndCheck host={h} /> },
    {
      name: "desktops", label: t("host.desktops"), sort: ({ sessions: s }) => s.used,
      cell: ({ sessions: s }) => <Meter label="" text={`${s.used} / ${s.capacity || "∞"}`} share={share(s.used, s.capacity)} />,
    },
    { name: "memory", label: t("host.col.memory"), sort: memoryShare, cell: (h) => <MemoryShare host={h} /> },
    { name: "load", label: t("host.col.load"), sort: (h) => h.load?.cpu ?? null, cell: (h) => <LoadCell host={h} /> },
    { name: "images", label: t("host.images"), sort: imagesShare, cell: (h) => <ImagesShare host={h} /> },
  ];
  if (mayChange) columns.push({ name: "actions", label: t("admin.col.actions"), cell: (h) => <QuickActions host={h} /> });
  return (
    <Table
      columns={columns} rows={hosts} label={t("admin.hosts")} order={byName}
      row={(h) => ({ key: h.name, "data-testid": "host-row", "data-host": h.name })}
    />
  );
}
