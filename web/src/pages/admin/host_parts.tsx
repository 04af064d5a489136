// SPDX-License-Identifier: Apache-2.0
// What a host's card, row and page have in common.
import type { Drain, Host } from "../../api/host_types";
import { t, tMaybe } from "../../i18n/i18n";
import { now } from "../../state/clock";
import { bytes, clockTime, dateTime, duration, timeOrDate } from "../../state/format";
import { hasChangedKey, imagesReady, share, shownState, type ShownState } from "../../state/host_view";
import { Icon } from "../../ui/icon";
import type { IconName } from "../../ui/icon_names";
import { Meter } from "../../ui/meter";
import { Gauges } from "./host_load";

/** A shape and a colour for each state; the word beside it says it. */
const marks: Record<ShownState, { icon: IconName; kind: "ok" | "busy" | "bad" | "muted" }> = {
  up: { icon: "circle-check", kind: "ok" },
  degraded: { icon: "triangle-alert", kind: "busy" },
  probation: { icon: "rotate-ccw", kind: "busy" },
  down: { icon: "circle-x", kind: "bad" },
  unknown: { icon: "circle-help", kind: "muted" },
  never: { icon: "circle-dashed", kind: "muted" },
  stale: { icon: "hourglass", kind: "busy" },
  draining: { icon: "circle-arrow-down", kind: "busy" },
  drained: { icon: "circle-pause", kind: "muted" },
  maintenance: { icon: "wrench", kind: "muted" },
};

export const stateOf = (host: Host): ShownState => shownState(host, now.value);

export const stateText = (host: Host): string => t(`host.state.${stateOf(host)}`);

export function stateHint(host: Host): string {
  if (hasChangedKey(host)) return t("host.hint.key");
  const shown = stateOf(host);
  const age = host.last_check_at === null ? 0 : (now.value - Date.parse(host.last_check_at)) / 1000;
  return t(`host.hint.${shown}`, { time: duration(age) });
}

export function HostMark({ host }: { host: Host }) {
  const shown = stateOf(host);
  const { icon, kind } = marks[shown];
  return (
    <span class={`chip chip-shape chip-${kind}`} title={stateHint(host)} data-testid="host-state" data-state={shown}>
      <Icon name={icon} size={15} />
      {stateText(host)}
    </span>
  );
}

export function wayText(host: Host): string | null {
  return host.way ? (tMaybe(`host.way.${host.way}`) ?? host.way) : null;
}

export function imagesText(host: Host): string {
  const { present, total } = imagesReady(host);
  return total === 0 ? t("host.no_images") : t("host.images_ready", { present, count: total });
}

export function CheckedAt({ host, plain = false }: { host: Host; plain?: boolean }) {
  if (host.last_check_at === null) return <span>{t("host.state.never")}</span>;
  const time = clockTime(host.last_check_at);
  return <time dateTime={host.last_check_at} title={dateTime(host.last_check_at)}>{plain ? time : t("host.checked_short", { time })}</time>;
}

function ofText(used: string | number, capacity: string | number, limited: boolean): string {
  return limited ? t("host.of", { used, capacity }) : t("host.unlimited", { used });
}

/** When a host that is not well is looked at again. */
function NextCheck({ at }: { at: string }) {
  const left = (Date.parse(at) - now.value) / 1000;
  return (
    <p class="host-note host-note-calm" data-testid="next-check">
      <Icon name="timer" size={16} /><span>{left > 0 ? t("host.next_check", { time: duration(Math.ceil(left)) }) : t("host.next_check_now")}</span>
    </p>
  );
}

function Concerns({ host }: { host: Host }) {
  const concerns = host.concerns ?? [];
  const notes = concerns.map(({ code, text }) => ({ code, name: tMaybe(`host.concern.${code}`), text }));
  if (concerns.length === 0 && stateOf(host) === "degraded" && host.reason) notes.push({ code: "reason", name: null, text: host.reason });
  return notes.map(({ code, name, text }) => (
    <p key={code} class="host-note" data-testid="concern" data-code={code}>
      <Icon name="triangle-alert" size={16} /><span>{name && <strong>{name}</strong>}{name && text && ": "}{text}</span>
    </p>
  ));
}

/** Places, memory and CPU: what running desktops may use, against what there is for them. */
export function CapacityBars({ host }: { host: Host }) {
  const { sessions, memory, cpus, creating } = host;
  return (
    <Gauges head={t("host.set_aside")} testid="set-aside"><div class="meters">
      <Meter label={t("host.desktops")} text={ofText(sessions.used, sessions.capacity, sessions.capacity > 0)} share={share(sessions.used, sessions.capacity)} />
      {memory && (
        <Meter
          label={t("host.memory")} share={share(memory.used_bytes, memory.capacity_bytes)}
          text={ofText(bytes(memory.used_bytes), bytes(memory.capacity_bytes), memory.capacity_bytes > 0)}
        />
      )}
      {cpus && (
        <Meter
          label={t("host.cpus")} share={share(cpus.used, cpus.capacity)}
          text={cpus.capacity > 0 ? t("host.cores", { used: cpus.used, capacity: cpus.capacity }) : t("host.cores_unlimited", { count: cpus.used })}
        />
      )}
      <Meter label={t("host.creating")} text={ofText(creating.used, creating.capacity, creating.capacity > 0)} share={share(creating.used, creating.capacity)} />
    </div></Gauges>
  );
}

/** The sentences that somebody has to read: why it does not work, what is missing, what was announced. */
export function HostNotes({ host }: { host: Host }) {
  const shown = stateOf(host);
  const missing = host.images.filter((i) => !i.present && !i.pulling).map((i) => i.template);
  const broken = shown === "down" || shown === "unknown" || shown === "probation";
  const error = host.last_error || host.reason;
  return (
    <>
      {hasChangedKey(host) && <p class="host-note host-note-bad"><Icon name="shield-alert" size={16} /><span>{t("host.key.changed_title")}</span></p>}
      {broken && error && !hasChangedKey(host) && <p class="host-note host-note-bad"><Icon name="circle-alert" size={16} /><span>{error}</span></p>}
      {broken && host.next_check_at && !hasChangedKey(host) && <NextCheck at={host.next_check_at} />}
      <Concerns host={host} />
      {shown === "stale" && <p class="host-note"><Icon name="hourglass" size={16} /><span>{stateHint(host)}</span></p>}
      {shown === "draining" && <p class="host-note"><Icon name="circle-arrow-down" size={16} /><span>{remainingText(host)}</span></p>}
      {host.drain && <DrainNotes drain={host.drain} />}
      {host.maintenance && <p class="host-note"><Icon name="wrench" size={16} /><span>{maintenanceText(host)}</span></p>}
      {missing.length > 0 && <p class="host-note"><Icon name="triangle-alert" size={16} /><span>{t("host.images_missing", { list: missing.join(", ") })}</span></p>}
    </>
  );
}

/** What was said to the people there, and when the rest is ended. */
function DrainNotes({ drain: { message, until } }: { drain: Drain }) {
  return (
    <>
      {message && <p class="host-note host-note-calm" data-testid="drain-told"><Icon name="send" size={16} /><span>{t("drain.told", { message })}</span></p>}
      {until && <p class="host-note" data-testid="drain-ends"><Icon name="clock" size={16} /><span>{t("drain.ends", { time: timeOrDate(until, now.value) })}</span></p>}
    </>
  );
}

export function remainingText(host: Host): string {
  return host.sessions.used > 0 ? t("host.remaining", { count: host.sessions.used }) : t("host.remaining_none");
}

export function maintenanceText(host: Host): string {
  const { message, until } = host.maintenance ?? { message: "", until: null };
  const when = until ? t("host.maintain.note_until", { time: dateTime(until) }) : t("host.maintain.note");
  return message ? `${when}: ${message}` : when;
}

export function Labels({ host }: { host: Host }) {
  const list = Object.entries(host.labels ?? {});
  if (list.length === 0) return null;
  return <span class="labels">{list.map(([k, v]) => <span key={k} class="tag">{v === "" ? k : `${k}=${v}`}</span>)}</span>;
}
