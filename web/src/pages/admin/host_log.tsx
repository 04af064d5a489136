// SPDX-License-Identifier: Apache-2.0
// What went wrong on a host lately: changes that this page saw, and starts that failed there.
import type { Host } from "../../api/host_types";
import type { StageName } from "../../api/types";
import { t, tMaybe } from "../../i18n/i18n";
import { clockTime, dateTime } from "../../state/format";
import { hostChanges } from "../../state/hosts";
import { sessions } from "../../state/sessions";
import { Icon } from "../../ui/icon";
import type { IconName } from "../../ui/icon_names";

interface Entry {
  at: number;
  icon: IconName;
  text: string;
  detail: string | null;
}

const shownEntries = 20;

function failedStart(at: string, stage: StageName | string, code: string | null | undefined, detail: string | undefined): Entry {
  const name = tMaybe(`stage.${stage}`) ?? stage;
  const why = detail || (code ? (tMaybe(`problem.${code}`) ?? code) : null);
  return { at: Date.parse(at), icon: "circle-x", text: t("host.failed_start", { stage: name }), detail: why };
}

function entriesOf(host: Host): Entry[] {
  const changes = hostChanges.value
    .filter((c) => c.host === host.name)
    .map((c): Entry => ({
      at: c.at, icon: "activity", detail: c.reason,
      text: t("host.change", { from: t(`host.state.${c.from}`), to: t(`host.state.${c.to}`) }),
    }));
  const failed = [...sessions.value.values()].flatMap((s) => {
    const tries = (s.attempts ?? []).filter((a) => a.host === host.name).map((a) => failedStart(a.at, a.stage, a.code, a.detail));
    const ended = s.host === host.name && s.end?.reason === "failed" && s.ended_at ? [failedStart(s.ended_at, s.end.stage ?? "starting", s.end.code, s.end.detail)] : [];
    return [...tries, ...ended];
  });
  return [...changes, ...failed].sort((a, b) => b.at - a.at).slice(0, shownEntries);
}

export function HostLog({ host }: { host: Host }) {
  const entries = entriesOf(host);
  return (
    <section aria-labelledby="failures">
      <h2 id="failures">{t("host.failures")}</h2>
      {entries.length === 0 ? <p class="quiet-line">{t("host.no_failures")}</p> : (
        <ul class="log" data-testid="host-log">
          {entries.map((e, i) => (
            <li key={`${e.at}-${i}`}>
              <Icon name={e.icon} size={16} />
              <span><time dateTime={new Date(e.at).toISOString()} title={dateTime(new Date(e.at).toISOString())}>{clockTime(e.at)}</time> {e.text}{e.detail && <span class="log-detail">{e.detail}</span>}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
