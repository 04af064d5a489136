// SPDX-License-Identifier: Apache-2.0
import { useSignal } from "@preact/signals";
import { api } from "../api/client";
import type { Host } from "../api/types";
import { t } from "../i18n/i18n";
import { bytes, clockTime } from "../state/format";
import { Button } from "../ui/button";
import { Places } from "../ui/brand";
import { toast } from "../ui/messages";
import { problemText } from "../ui/problem";

type Action = "drain" | "resume" | "test";

const chipOf: Record<Host["state"], string> = { up: "ok", down: "bad", unknown: "muted", draining: "busy", drained: "muted" };

function Missing({ host }: { host: Host }) {
  const names = host.images.filter((i) => !i.present).map((i) => i.template);
  return names.length > 0 ? <p class="template-reason">{t("admin.host.missing", { list: names.join(", ") })}</p> : null;
}

export function HostCard({ host, mayChange, onChange }: { host: Host; mayChange: boolean; onChange: (host: Host) => void }) {
  const busy = useSignal<Action | null>(null);
  const run = async (action: Action): Promise<void> => {
    busy.value = action;
    const answer = await api.hostAction(host.name, action);
    busy.value = null;
    if (answer.ok) onChange(answer.value);
    else toast(problemText(answer.problem), { kind: "error" });
  };
  const out = host.state === "draining" || host.state === "drained";
  const button = (action: Action) => (
    <Button small busy={busy.value === action} onClick={() => void run(action)}>{t(`admin.host.${action}`)}</Button>
  );
  return (
    <article class="host-card" aria-label={host.name} data-testid="host-card" data-host={host.name}>
      <div class="session-title">
        <h3>{host.name}</h3>
        <span class={`chip chip-${chipOf[host.state]}`}>{t(`admin.host.${host.state}`)}</span>
      </div>
      {host.reason && <p class="template-reason">{host.reason}</p>}
      <Places used={host.sessions.used} max={host.sessions.capacity} />
      <p class="session-meta">
        <span class="meta meta-quiet"><code>{host.endpoint}</code></span>
        {host.engine && <span class="meta meta-quiet">Docker {host.engine.version} · {host.engine.cpus} CPU · {bytes(host.engine.memory_bytes)}</span>}
        {host.last_check_at && <span class="meta meta-quiet">{t("admin.host.checked", { time: clockTime(host.last_check_at) })}</span>}
      </p>
      <Missing host={host} />
      {mayChange && <div class="actions">{button("test")}{button(out ? "resume" : "drain")}</div>}
    </article>
  );
}
