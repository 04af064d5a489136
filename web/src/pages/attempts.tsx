// SPDX-License-Identifier: Apache-2.0
// Starts that did not work out and were tried again: shown, never hidden.
import type { Attempt, Session } from "../api/types";
import { t, tMaybe } from "../i18n/i18n";
import { clockTime } from "../state/format";
import { Icon } from "../ui/icon";

const stageName = (a: Attempt): string => tMaybe(`stage.${a.stage}`) ?? a.stage;

/** For staff with host and reason; others see that and when. */
export function attemptText(a: Attempt): string {
  const time = clockTime(a.at);
  if (!a.host) return t("starting.attempt_plain", { time, stage: stageName(a) });
  const why = a.code ? (tMaybe(`problem.${a.code}`) ?? a.code) : "";
  if (!why) return t("starting.attempt", { time, stage: stageName(a), host: a.host });
  return t("admin.attempt", { time, stage: stageName(a), host: a.host, text: why });
}

export function Retried({ session }: { session: Session }) {
  const list = session.attempts ?? [];
  if (list.length === 0) return null;
  return (
    <div class="notice notice-info" role="status" data-testid="retried">
      <Icon name="rotate-ccw" />
      <div class="notice-text">
        <p>{t("starting.attempts", { count: list.length })}</p>
        <ul class="attempts">{list.map((a) => <li key={a.at}>{attemptText(a)}</li>)}</ul>
      </div>
    </div>
  );
}
