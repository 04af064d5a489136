// SPDX-License-Identifier: Apache-2.0
// The frame around every page but the picture: header, live dot, account menu, main.
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Me } from "../api/types";
import { t } from "../i18n/i18n";
import { route } from "../router";
import { account, isStaff, signOut } from "../state/account";
import { live } from "../state/live";
import { Wordmark } from "../ui/brand";
import { Button } from "../ui/button";
import { Icon } from "../ui/icon";
import { Link } from "../ui/link";
import { Popover } from "../ui/popover";
import { Settings } from "./settings";

export function LiveDot() {
  const state = live.value;
  return (
    <span class={`live live-${state}`} title={t(`live.hint.${state}`)} data-testid="live" data-state={state}>
      <span class="live-dot" aria-hidden="true" />
      <span class="live-text">{t(`live.${state}`)}</span>
    </span>
  );
}

function AccountMenu({ me }: { me: Me }) {
  const open = useSignal(false);
  const trigger = (
    <button
      type="button" class="btn btn-quiet account-button" data-testid="account-menu"
      aria-expanded={open.value} aria-label={t("nav.account")} onClick={() => (open.value = !open.value)}
    >
      <span class="avatar" aria-hidden="true">{me.username.slice(0, 1).toUpperCase()}</span>
      <span class="account-name">{me.username}</span>
      <Icon name="chevron-down" size={14} />
    </button>
  );
  return (
    <Popover open={open.value} onClose={() => (open.value = false)} trigger={trigger} label={t("nav.account")} class="popover-end">
      <p class="menu-head">
        <span class="muted">{t("nav.signed_in_as")}</span>
        <strong>{me.username}</strong>
      </p>
      <Settings />
      <hr />
      <Link href="/preferences" class="btn btn-quiet menu-item"><Icon name="settings" /><span class="btn-label">{t("pref.title")}</span></Link>
      <Button kind="quiet" class="menu-item" icon="log-out" testid="sign-out" onClick={() => void signOut()}>{t("nav.sign_out")}</Button>
    </Popover>
  );
}

function Navigation({ me }: { me: Me }) {
  if (!isStaff(me)) return null;
  const item = (page: "home" | "admin", href: string, label: string) => (
    <Link href={href} class="nav-link" aria-current={route.value.page === page ? "page" : undefined}>{label}</Link>
  );
  return (
    <nav aria-label={t("nav.main")} class="nav">
      {item("home", "/", t("nav.desktops"))}
      {item("admin", "/admin/desktops", t("nav.admin"))}
    </nav>
  );
}

export function Header() {
  const who = account.value;
  return (
    <header class="header">
      <div class="header-inner">
        <Link href="/" class="brand-link" aria-label={`${t("app.name")}: ${t("nav.desktops")}`}><Wordmark /></Link>
        {who.state === "signed_in" && <Navigation me={who.me} />}
        <span class="header-space" />
        {who.state === "signed_in" && <LiveDot />}
        {who.state === "signed_in" && <AccountMenu me={who.me} />}
      </div>
    </header>
  );
}

/** What the dot's word means, where nobody can point at it. It stands empty before, so that its words are announced. */
function NetworkStrip() {
  const offline = account.value.state === "signed_in" && live.value === "offline";
  return (
    <div class="network-strip" role="status" data-testid="network">
      {offline && <p><Icon name="wifi-off" size={18} /> <span>{t("live.hint.offline")}</span></p>}
    </div>
  );
}

/** `focusKey` changes with the page: the heading takes the focus then, as after a page load. */
export function Shell({ children, focusKey, narrow = false }: { children: ComponentChildren; focusKey: string; narrow?: boolean }) {
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  useEffect(() => {
    if (first.current) {
      first.current = false;
      if (!navigatedBefore) {
        navigatedBefore = true;
        return;
      }
    }
    const h1 = main.current?.querySelector<HTMLElement>("h1");
    if (h1) {
      h1.tabIndex = -1;
      h1.focus({ preventScroll: true });
    }
  }, [focusKey]);
  return (
    <>
      <a class="skip-link" href="#main" onClick={(e) => { e.preventDefault(); main.current?.focus(); }}>{t("app.skip")}</a>
      <Header />
      <NetworkStrip />
      <main id="main" ref={main} tabIndex={-1} class={narrow ? "main main-narrow" : "main"}>{children}</main>
    </>
  );
}

/** The very first page keeps the browser's own focus. */
let navigatedBefore = false;
