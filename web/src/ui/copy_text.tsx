// SPDX-License-Identifier: Apache-2.0
import { useState } from "preact/hooks";
import { t } from "../i18n/i18n";
import { Button } from "./button";

/** Text to take elsewhere: shown whole, selectable, with a button that copies it. */
export function CopyText({ text, label, testid }: { text: string; label: string; testid?: string }) {
  const [copied, setCopied] = useState(false);
  const copy = (): void => {
    void navigator.clipboard?.writeText(text).then(() => setCopied(true), () => undefined);
  };
  return (
    <div class="copy-text" data-testid={testid}>
      <pre tabIndex={0} role="group" aria-label={label}>{text}</pre>
      <Button small kind="quiet" icon={copied ? "check" : "copy"} onClick={copy} aria-label={`${t("app.copy")}: ${label}`}>
        {copied ? t("app.copied") : t("app.copy")}
      </Button>
    </div>
  );
}
