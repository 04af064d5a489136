// SPDX-License-Identifier: Apache-2.0
import { useState } from "preact/hooks";
import type { Problem } from "../api/types";
import { t, tMaybe } from "../i18n/i18n";
import { Button } from "./button";
import { Icon } from "./icon";

/** What a person reads about a problem: our words for its code, then the server's own. */
export function problemText(problem: Problem): string {
  return tMaybe(`problem.${problem.code}`) ?? (problem.detail || problem.title || t("error.title"));
}

function RequestId({ id }: { id: string }) {
  const [copied, setCopied] = useState(false);
  const copy = (): void => {
    void navigator.clipboard?.writeText(id).then(() => setCopied(true), () => undefined);
  };
  return (
    <span class="request-id">
      <code>{t("app.request_id", { id })}</code>
      <Button small kind="quiet" icon={copied ? "check" : "copy"} onClick={copy}>
        {copied ? t("app.copied") : t("app.copy")}
      </Button>
    </span>
  );
}

interface Props {
  problem: Problem;
  title: string;
  onRetry?: () => void;
  stale?: string | null;
  /** Also what the server itself says: for those who set something up. */
  detailed?: boolean;
}

/** The server's own sentences behind ours: its detail, each wrong field, and what only staff get. */
function serverWords({ detail, errors, operator_detail: cause }: Problem): string[] {
  const fields = (errors ?? []).map((e) => `${e.pointer.replace(/^\//, "")}: ${e.detail}`);
  return [...new Set([detail, ...fields, cause ?? ""])].filter(Boolean);
}

/** An error where it happened: what, why, the request's id, and the way on. */
export function ProblemNotice({ problem, title, onRetry, stale, detailed = false }: Props) {
  return (
    <div class="notice notice-error" role="alert" data-testid="error">
      <Icon name="circle-alert" size={20} />
      <div class="notice-text">
        <strong>{title}</strong>
        <p>{problemText(problem)}</p>
        {detailed && serverWords(problem).map((line) => <p key={line} class="muted">{line}</p>)}
        {stale && <p class="muted">{t("app.stale", { time: stale })}</p>}
        {problem.request_id && <RequestId id={problem.request_id} />}
      </div>
      {onRetry && <Button icon="rotate-cw" onClick={onRetry}>{t("app.retry")}</Button>}
    </div>
  );
}
