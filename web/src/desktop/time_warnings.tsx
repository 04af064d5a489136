// SPDX-License-Identifier: Apache-2.0
// The strip that says that time runs out, and the question whether anybody is still there.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Session } from "../api/types";
import { t } from "../i18n/i18n";
import { extendSession } from "../state/actions";
import { now } from "../state/clock";
import { duration, timeLeft } from "../state/format";
import { endOf, mayExtend } from "../state/lease";
import { Button } from "../ui/button";
import { Icon } from "../ui/icon";
import { idleLeft, type Warning, warningAt } from "./warnings";
import type { ViewModel } from "./view_model";

function warningText(warning: Warning, session: Session): string {
  if (warning === "grace") return t("warn.grace", { time: timeLeft(Date.parse(session.ends_at ?? session.now) - now.value) });
  if (warning === "one") return t("warn.last");
  const minutes = Math.max(1, Math.ceil((Date.parse(endOf(session) ?? session.now) - now.value) / 60_000));
  return t("warn.left", { count: minutes });
}

function Strip({ vm, session, warning, onDismiss }: { vm: ViewModel; session: Session; warning: Warning; onDismiss: () => void }) {
  const busy = useSignal(false);
  const none = !mayExtend(session);
  const urgent = warning === "one" || warning === "grace";
  const extend = async (): Promise<void> => {
    busy.value = true;
    await extendSession(session);
    busy.value = false;
    vm.focusPicture();
  };
  return (
    <div class={urgent ? "strip strip-urgent" : "strip"} data-testid="time-warning" data-warning={warning}>
      <Icon name="timer" size={20} />
      <p>
        <strong>{warningText(warning, session)}</strong>
        {none && <span> {t("warn.no_extension")}</span>}
      </p>
      <div class="actions">
        {!none && session.lease.extension_s > 0 && !vm.viewOnly && (
          <Button kind="primary" small busy={busy.value} testid="extend" onClick={() => void extend()}>
            {t("bar.extend_by", { time: duration(session.lease.extension_s) })}
          </Button>
        )}
        {!urgent && <Button small onClick={() => { onDismiss(); vm.focusPicture(); }}>{t("warn.not_now")}</Button>}
      </div>
    </div>
  );
}

function IdleStrip({ vm, ms }: { vm: ViewModel; ms: number }) {
  return (
    <div class="strip strip-urgent" role="alert" data-testid="idle-warning">
      <Icon name="hourglass" size={20} />
      <p>
        <strong>{t("idle.title")}</strong>{" "}
        <span aria-live="off">{t("idle.body", { time: timeLeft(ms) })}</span>
      </p>
      <div class="actions">
        <Button kind="primary" small onClick={() => { vm.nudge(); vm.focusPicture(); }}>{t("idle.here")}</Button>
      </div>
    </div>
  );
}

export function TimeWarnings({ vm, session }: { vm: ViewModel; session: Session }) {
  const dismissed = useSignal<Warning>("none");
  const warning = session.state === "ready" ? warningAt(session, now.value) : "none";
  const idle = session.state === "ready" && !vm.viewOnly ? idleLeft(session, now.value) : null;
  const urgent = warning === "one" || warning === "grace";
  useEffect(() => {
    if (urgent) vm.barOpen.value = true;
  }, [urgent]);
  const shown = warning !== "none" && warning !== dismissed.value;
  return (
    <>
      <div class="sr-only" role={urgent ? "alert" : "status"}>{shown ? spoken(warning) : ""}</div>
      {shown && <Strip vm={vm} session={session} warning={warning} onDismiss={() => (dismissed.value = warning)} />}
      {idle !== null && <IdleStrip vm={vm} ms={idle} />}
    </>
  );
}

/** Said once when the mark is passed, not with every second. */
function spoken(warning: Warning): string {
  if (warning === "ten") return t("warn.left", { count: 10 });
  if (warning === "five") return t("warn.left", { count: 5 });
  return t("warn.last");
}
