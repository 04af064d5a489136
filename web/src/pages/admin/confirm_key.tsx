// SPDX-License-Identifier: Apache-2.0
// The question whether a key is the right machine's. Nothing is accepted silently.
import { useId } from "preact/hooks";
import { t } from "../../i18n/i18n";
import { Button } from "../../ui/button";
import { CopyText } from "../../ui/copy_text";
import { Facts } from "../../ui/facts";
import { Icon } from "../../ui/icon";

/** The key that a machine showed and that nobody has confirmed yet. */
export interface ShownKey {
  type: string;
  fingerprint: string;
}

/** ssh-ed25519 lies in ssh_host_ed25519_key.pub. */
function keyFileCommand(type: string): string {
  const kind = type.replace(/^ssh-|-nistp\d+$/g, "").replace(/^ecdsa.*/, "ecdsa").replace(/[^a-z0-9]/g, "") || "ed25519";
  return `ssh-keygen -lf /etc/ssh/ssh_host_${kind}_key.pub`;
}

interface Props {
  shown: ShownKey;
  busy: boolean;
  onConfirm: () => void;
  onCancel: () => void;
  /** What not confirming means; else it is called off. */
  cancelLabel?: string;
}

export function ConfirmKey({ shown, busy, onConfirm, onCancel, cancelLabel }: Props) {
  const id = useId();
  return (
    <div class="notice notice-warn key-offer" role="alert" aria-labelledby={id} data-testid="confirm-key">
      <Icon name="key-round" size={22} />
      <div class="notice-text">
        <strong id={id}>{t("host.key.confirm_title")}</strong>
        <Facts facts={[[shown.type, <code>{shown.fingerprint}</code>]]} />
        <p>{t("host.key.confirm_body")}</p>
        <CopyText text={keyFileCommand(shown.type)} label={t("host.key")} />
        <div class="actions">
          <Button testid="confirm-key-cancel" onClick={onCancel}>{cancelLabel ?? t("app.cancel")}</Button>
          <Button kind="primary" icon="check" busy={busy} testid="confirm-key-add" onClick={onConfirm}>{t("host.key.confirm")}</Button>
        </div>
      </div>
    </div>
  );
}
