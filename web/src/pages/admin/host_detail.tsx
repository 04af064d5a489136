// SPDX-License-Identifier: Apache-2.0
// /admin/hosts/{name}: everything about one host.
import { useSignal } from "@preact/signals";
import type { Host } from "../../api/host_types";
import { t } from "../../i18n/i18n";
import { bytes } from "../../state/format";
import { hasChangedKey, limitOf } from "../../state/host_view";
import { hosts, hostsLoad, loadHosts } from "../../state/hosts";
import { Button } from "../../ui/button";
import { Facts } from "../../ui/facts";
import { Icon } from "../../ui/icon";
import { Loading } from "../../ui/loading";
import { ProblemNotice } from "../../ui/problem";
import { useTitle } from "../../ui/use_title";
import { AdminFrame, BackLink, useLiveHosts } from "./frame";
import { AllActions } from "./host_actions";
import { AcceptKeyDialog } from "./host_dialogs";
import { HostEvents } from "./host_events";
import { HostHistory } from "./host_history";
import { Images } from "./host_images";
import { MachineLoad } from "./host_load";
import { CapacityBars, CheckedAt, HostMark, HostNotes, Labels, stateHint, stateOf, wayText } from "./host_parts";
import { SessionTable } from "./session_table";

function ChangedKey({ host, mayChange }: { host: Host; mayChange: boolean }) {
  const open = useSignal(false);
  const shown = host.host_key?.fingerprint;
  return (
    <div class="notice notice-error key-alarm" role="alert" data-testid="key-changed">
      <Icon name="shield-alert" size={22} />
      <div class="notice-text">
        <strong>{t("host.key.changed_title")}</strong>
        <p>{t("host.key.changed_body")}</p>
        <Facts facts={[[t("host.key.old"), <code>{host.host_key?.known_fingerprint ?? "–"}</code>], [t("host.key.new"), <code>{shown ?? "–"}</code>]]} />
        {mayChange && shown && <Button kind="danger" icon="key-round" testid="accept-key" onClick={() => (open.value = true)}>{t("host.key.accept")}</Button>}
      </div>
      {open.value && shown && <AcceptKeyDialog host={host} fingerprint={shown} onClose={() => (open.value = false)} />}
    </div>
  );
}

function Capacity({ host }: { host: Host }) {
  const shown = stateOf(host);
  const limit = limitOf(host, shown);
  return (
    <section class="panel-flat" aria-labelledby="capacity">
      <h2 id="capacity">{t("host.capacity")}</h2>
      <MachineLoad host={host} hinted />
      <CapacityBars host={host} />
      <p data-testid="limit" data-limit={limit}>{t(`host.limit.${limit}`, { state: t(`host.state.${shown}`) })}</p>
      <p class="hint">{t("host.committed")}</p>
    </section>
  );
}

function Connection({ host }: { host: Host }) {
  const { engine, host_key: key, connections } = host;
  const isSsh = host.endpoint.startsWith("ssh:");
  return (
    <section class="panel-flat" aria-labelledby="connection">
      <h2 id="connection">{t("host.connection")}</h2>
      <Facts
        facts={[
          [t("host.endpoint"), <code>{host.endpoint}</code>],
          [t("host.way"), wayText(host)],
          [t("host.transport"), isSsh && host.transport ? t(`host.transport.${host.transport}`) : null],
          [t("host.key"), key && key.status !== "none" && key.fingerprint ? <><code>{key.fingerprint}</code> ({t(`host.key.status.${key.status}`)})</> : null],
          [t("host.connections"), connections ? t("host.of", { ...connections }) : null],
          [t("host.round_trip"), typeof host.round_trip_ms === "number" ? t("host.ms", { n: host.round_trip_ms }) : null],
          [t("host.engine"), engine && t("host.engine_value", { version: engine.version, api: engine.api_version })],
          [t("host.os"), engine && `${engine.os}, ${t("host.machine", { cpus: engine.cpus, memory: bytes(engine.memory_bytes) })}`],
          [t("host.data_path"), host.data_path ? t(`host.data_path.${host.data_path}`) : null],
          [t("host.public_name"), host.public_name],
          [t("host.weight"), host.weight],
          [t("host.labels"), Object.keys(host.labels ?? {}).length > 0 ? <Labels host={host} /> : null],
          [t("host.origin"), host.origin ? t(`host.origin.${host.origin}`) : null],
          [t("host.checked"), <CheckedAt host={host} plain />],
          [t("host.last_error"), host.last_error],
        ]}
      />
    </section>
  );
}

function Body({ host, mayChange }: { host: Host; mayChange: boolean }) {
  return (
    <>
      <div class="title-row">
        <h1>{host.name}</h1>
        <HostMark host={host} />
      </div>
      {hasChangedKey(host) && <ChangedKey host={host} mayChange={mayChange} />}
      <div class="host-notes">
        <p class="muted">{stateHint(host)}</p>
        {!hasChangedKey(host) && <HostNotes host={host} />}
      </div>
      {mayChange && <AllActions host={host} />}
      <div class="columns">
        <Capacity host={host} />
        <Images host={host} mayChange={mayChange} />
      </div>
      <HostHistory name={host.name} />
      <Connection host={host} />
      <section aria-labelledby="sessions-here">
        <h2 id="sessions-here">{t("host.sessions_here")}</h2>
        <SessionTable labelledBy="sessions-here" host={host.name} />
      </section>
      <HostEvents name={host.name} />
    </>
  );
}

export function HostDetail({ name, mayChange }: { name: string; mayChange: boolean }) {
  useTitle(name);
  useLiveHosts();
  const host = hosts.value.get(name);
  const load = hostsLoad.value;
  const retry = (): void => void loadHosts();
  return (
    <AdminFrame focusKey={`admin-host-${name}-${host !== undefined}`}>
      <BackLink href="/admin/hosts">{t("admin.back_hosts")}</BackLink>
      {host && <Body host={host} mayChange={mayChange} />}
      {!host && load.state === "ready" && (
        <div class="empty" data-testid="error">
          <h1>{t("host.not_found")}</h1>
          <p class="muted">{t("host.not_found_body")}</p>
        </div>
      )}
      {!host && load.state !== "ready" && <h1>{name}</h1>}
      {!host && load.state === "error" && <ProblemNotice title={t("hosts.load_failed")} problem={load.problem} onRetry={retry} />}
      {!host && load.state === "loading" && <Loading title={t("hosts.load_failed")} onRetry={retry}><div class="skeleton skeleton-panel" /></Loading>}
    </AdminFrame>
  );
}
