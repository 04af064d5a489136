// SPDX-License-Identifier: Apache-2.0
// The machine of a desktop is to be serviced: told calmly, with what its people were told and when it ends.
import { useSignal } from "@preact/signals";
import type { Session } from "../api/types";
import type { ViewModel } from "../desktop/view_model";
import { t } from "../i18n/i18n";
import { now } from "../state/clock";
import { dateTime, timeOrDate } from "../state/format";
import { IconButton } from "../ui/button";
import { Icon } from "../ui/icon";

type Notice = NonNullable<Session["notice"]>;

const noticeOf = (session: Session): Notice | null => (session.state === "ended" ? null : (session.notice ?? null));

function Words({ notice: { message, ends_at } }: { notice: Notice }) {
  return (
    <span class="service-words">
      <strong>{t("notice.title")}</strong>
      {message && <span>{message}</span>}
      {ends_at && <time dateTime={ends_at} title={dateTime(ends_at)}>{t("notice.ends", { time: timeOrDate(ends_at, now.value) })}</time>}
    </span>
  );
}

export function ServiceNote({ session }: { session: Session }) {
  const notice = noticeOf(session);
  if (!notice) return null;
  return (
    <div class="notice notice-info service-note" role="status" data-testid="service-notice">
      <Icon name="wrench" size={18} /><Words notice={notice} />
    </div>
  );
}

/** Over the picture it can be put away, until something else is said. */
export function ServiceStrip({ vm, session }: { vm: ViewModel; session: Session }) {
  const hidden = useSignal("");
  const notice = noticeOf(session);
  const said = JSON.stringify(notice);
  if (!notice || hidden.value === said) return null;
  const hide = (): void => {
    hidden.value = said;
    vm.focusPicture();
  };
  return (
    <div class="strip strip-calm" role="status" data-testid="service-notice">
      <Icon name="wrench" size={20} />
      <p><Words notice={notice} /></p>
      <IconButton small icon="x" label={t("notice.hide")} testid="hide-notice" onClick={hide} />
    </div>
  );
}
