// SPDX-License-Identifier: Apache-2.0
// What staff can do with a desktop, theirs or somebody else's: in its row and on its page.
import { useSignal } from "@preact/signals";
import type { Session } from "../../api/types";
import { t } from "../../i18n/i18n";
import { desktopPath } from "../../router";
import { displayName } from "../../state/actions";
import { Button } from "../../ui/button";
import { Icon } from "../../ui/icon";
import { Link } from "../../ui/link";
import { ExtendButton, isWeb } from "../session_card";
import { StopDialog } from "../stop_dialog";

/** A web application is entered by its owner alone; a picture can be watched. */
const canOpen = (session: Session): boolean => session.state === "ready" && (session.mine || !isWeb(session));

/** `small`: in a row, where there is room for words alone. */
export function SessionActions({ session, small = false }: { session: Session; small?: boolean }) {
  const stopping = useSignal(false);
  const { state, mine } = session;
  if (state === "stopping" || state === "ended") return null;
  return (
    <div class="actions">
      {canOpen(session) && (
        <Link class={small ? "btn btn-plain btn-small" : "btn btn-plain"} href={desktopPath(session.id)} testid="open">
          {!small && <Icon name={mine ? "arrow-right" : "eye"} />}
          <span class="btn-label">{mine ? t("card.open") : t("admin.watch")}</span>
        </Link>
      )}
      {state === "ready" && <ExtendButton session={session} small={small} />}
      <Button
        small={small} kind="quiet" icon={small ? undefined : "power"} testid="stop" aria-label={t("card.stop_named", { name: displayName(session) })}
        onClick={() => (stopping.value = true)}
      >
        {t("card.stop")}
      </Button>
      {stopping.value && <StopDialog session={session} onClose={() => (stopping.value = false)} />}
    </div>
  );
}
