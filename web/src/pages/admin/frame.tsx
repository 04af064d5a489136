// SPDX-License-Identifier: Apache-2.0
// The frame of administration: its own navigation beside the page.
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { t } from "../../i18n/i18n";
import { route } from "../../router";
import { loadHosts } from "../../state/hosts";
import { onRefetch } from "../../state/live";
import { repeatWhileVisible } from "../../state/repeat";
import { loadAllSessions } from "../../state/sessions";
import { Icon } from "../../ui/icon";
import type { IconName } from "../../ui/icon_names";
import { Link } from "../../ui/link";
import { Shell } from "../shell";

async function loadAll(): Promise<void> {
  await Promise.all([loadHosts(), loadAllSessions()]);
}

const hostsMs = 5000;

/** Loads change with every reading, and not every reading is an event. */
export function useLiveHosts(): void {
  useEffect(() => repeatWhileVisible(loadHosts, hostsMs), []);
}

function Item({ area, href, icon, label }: { area: "desktops" | "hosts"; href: string; icon: IconName; label: string }) {
  const here = route.value;
  const isHere = here.page === "admin" && here.area === area;
  return <Link href={href} class="admin-link" aria-current={isHere ? "page" : undefined}><Icon name={icon} /><span>{label}</span></Link>;
}

export function AdminFrame({ focusKey, children }: { focusKey: string; children: ComponentChildren }) {
  useEffect(() => {
    void loadAll();
    return onRefetch(loadAll);
  }, []);
  return (
    <Shell focusKey={focusKey}>
      <div class="admin">
        <nav class="admin-nav" aria-label={t("admin.nav")}>
          <Item area="desktops" href="/admin/desktops" icon="monitor" label={t("nav.desktops")} />
          <Item area="hosts" href="/admin/hosts" icon="server" label={t("admin.hosts")} />
        </nav>
        <div class="admin-content">{children}</div>
      </div>
    </Shell>
  );
}

export function BackLink({ href, children }: { href: string; children: ComponentChildren }) {
  return <p class="back"><Link href={href}><Icon name="arrow-left" size={16} /> {children}</Link></p>;
}
