// SPDX-License-Identifier: Apache-2.0
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import type { Problem } from "../api/types";
import { t } from "../i18n/i18n";
import { account, loadAccount } from "../state/account";
import { Button } from "../ui/button";
import { Icon } from "../ui/icon";
import type { IconName } from "../ui/icon_names";
import { Link } from "../ui/link";
import { problemText } from "../ui/problem";
import { useTitle } from "../ui/use_title";
import { Shell } from "./shell";

function Special({ icon, title, body, children }: { icon: IconName; title: string; body: string; children?: ComponentChildren }) {
  useTitle(title);
  return (
    <Shell focusKey={title} narrow>
      <div class="panel ended" data-testid="error">
        <span class="ended-icon"><Icon name={icon} size={28} /></span>
        <h1>{title}</h1>
        <p class="ended-why">{body}</p>
        <div class="actions">{children ?? <Link href="/" class="btn btn-primary"><Icon name="house" /><span class="btn-label">{t("app.home")}</span></Link>}</div>
      </div>
    </Shell>
  );
}

export function NotFound() {
  return <Special icon="search" title={t("error.not_found.title")} body={t("error.not_found.body")} />;
}

export function DesktopNotFound() {
  return <Special icon="monitor-off" title={t("error.desktop_not_found.title")} body={t("error.desktop_not_found.body")} />;
}

export function Forbidden() {
  const who = account.value;
  const values = who.state === "signed_in" ? { name: who.me.username, role: who.me.role } : { name: "?", role: "?" };
  return <Special icon="lock" title={t("error.forbidden.title")} body={t("error.forbidden.body", values)} />;
}

const retryMs = 5000;

/** Before anything is known: the server does not answer. Tries again by itself. */
export function Offline({ problem }: { problem: Problem }) {
  useEffect(() => {
    const timer = setInterval(() => void loadAccount(), retryMs);
    return () => clearInterval(timer);
  }, []);
  const known = problem.code !== "network";
  return (
    <Special icon="wifi-off" title={t("error.offline.title")} body={known ? problemText(problem) : t("error.offline.body")}>
      <Button kind="primary" icon="rotate-cw" onClick={() => void loadAccount()}>{t("app.retry")}</Button>
    </Special>
  );
}
