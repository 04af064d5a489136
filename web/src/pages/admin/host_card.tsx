// SPDX-License-Identifier: Apache-2.0
// A host among others: as a card, or as a row where there are many.
import type { Host } from "../../api/host_types";
import { t } from "../../i18n/i18n";
import { hostPath } from "../../router";
import { hasChangedKey, share } from "../../state/host_view";
import { Link } from "../../ui/link";
import { Meter } from "../../ui/meter";
import { QuickActions } from "./host_actions";
import { CapacityBars, CheckedAt, HostMark, HostNotes, imagesText, Labels, stateOf, wayText } from "./host_parts";

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

const columns = ["name", "state", "desktops", "memory", "images", "way", "checked"] as const;
const columnKeys = {
  name: "add.name", state: "admin.col.state", desktops: "host.desktops", memory: "host.memory", images: "host.images", way: "host.way", checked: "host.checked",
} as const;

function HostRow({ host }: { host: Host }) {
  const { sessions, memory } = host;
  return (
    <tr data-testid="host-row" data-host={host.name}>
      <td><strong><Link class="row-link" href={hostPath(host.name)}>{host.name}</Link></strong><span class="row-note">{host.endpoint}</span></td>
      <td><HostMark host={host} /></td>
      <td><Meter label="" text={`${sessions.used} / ${sessions.capacity || "∞"}`} share={share(sessions.used, sessions.capacity)} /></td>
      <td>{memory && share(memory.used_bytes, memory.capacity_bytes) !== null ? `${Math.round((memory.used_bytes / memory.capacity_bytes) * 100)} %` : "–"}</td>
      <td>{imagesText(host)}</td>
      <td>{wayText(host) ?? "–"}</td>
      <td><CheckedAt host={host} plain /></td>
    </tr>
  );
}

export function HostTable({ hosts }: { hosts: Host[] }) {
  return (
    <div class="table-wrap" role="group" aria-label={t("admin.hosts")} tabIndex={0}>
      <table class="table">
        <thead><tr>{columns.map((c) => <th key={c} scope="col">{t(columnKeys[c])}</th>)}</tr></thead>
        <tbody>{hosts.map((h) => <HostRow key={h.name} host={h} />)}</tbody>
      </table>
    </div>
  );
}
