// SPDX-License-Identifier: Apache-2.0
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { api } from "../api/client";
import type { Problem } from "../api/types";
import { t } from "../i18n/i18n";
import { navigate } from "../router";
import { loadAccount } from "../state/account";
import { now } from "../state/clock";
import { Wordmark } from "../ui/brand";
import { Button, IconButton } from "../ui/button";
import { Icon } from "../ui/icon";
import { useTitle } from "../ui/use_title";
import { Harbour } from "./harbour";

type Failure = { kind: "wrong" | "empty" | "unreachable" } | { kind: "throttled"; until: number };

function failureOf(problem: Problem): Failure {
  if (problem.status === 429) return { kind: "throttled", until: now.peek() + (problem.retry_after_s ?? 30) * 1000 };
  return { kind: problem.status === 401 || problem.status === 400 ? "wrong" : "unreachable" };
}

function failureText(failure: Failure): string {
  if (failure.kind !== "throttled") return t(`signin.${failure.kind}`);
  const seconds = Math.ceil((failure.until - now.value) / 1000);
  return seconds > 0 ? t("signin.throttled", { count: seconds }) : t("signin.throttled_over");
}

function Password({ invalid, describedBy }: { invalid: boolean; describedBy: string | undefined }) {
  const shown = useSignal(false);
  return (
    <div class="field">
      <label for="password">{t("signin.password")}</label>
      <div class="input-with-button">
        <input
          type={(shown.value ? "text" : "password") as "password"}
          id="password" name="password" class="input" data-testid="password" autocomplete="current-password" required
          aria-invalid={invalid || undefined} aria-describedby={describedBy}
        />
        <IconButton
          icon={shown.value ? "eye-off" : "eye"} label={shown.value ? t("signin.hide") : t("signin.show")}
          aria-pressed={shown.value} onClick={() => (shown.value = !shown.value)}
        />
      </div>
    </div>
  );
}

export function SignIn({ next, why }: { next: string; why: string | null }) {
  useTitle(t("signin.title"));
  const failure = useSignal<Failure | null>(null);
  const busy = useSignal(false);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => form.current?.querySelector<HTMLElement>("#username")?.focus(), []);

  const submit = async (e: Event): Promise<void> => {
    e.preventDefault();
    if (busy.value || !form.current) return;
    const data = new FormData(form.current);
    const username = String(data.get("username") ?? "").trim();
    const password = String(data.get("password") ?? "");
    if (!username || !password) {
      failure.value = { kind: "empty" };
      form.current.querySelector<HTMLElement>(username ? "#password" : "#username")?.focus();
      return;
    }
    busy.value = true;
    const answer = await api.login(username, password);
    if (answer.ok) await loadAccount();
    busy.value = false;
    if (answer.ok) {
      navigate(next, { replace: true });
      return;
    }
    failure.value = failureOf(answer.problem);
    const field = form.current?.querySelector<HTMLInputElement>("#password");
    field?.focus();
    field?.select();
  };

  const note = why === "expired" ? t("signin.expired") : why === "signed_out" ? t("signin.signed_out") : null;
  const invalid = failure.value?.kind === "wrong" || failure.value?.kind === "empty";
  const describedBy = failure.value ? "signin-error" : undefined;
  return (
    <main class="signin">
      <Harbour />
      <div class="signin-main">
        <form class="signin-card" ref={form} onSubmit={(e) => void submit(e)} noValidate>
          <Wordmark />
          <h1>{t("signin.title")}</h1>
          <p class="muted">{t("signin.lead")}</p>
          {note && <p class="notice notice-info" role="status"><Icon name="clock" /><span>{note}</span></p>}
          <div id="signin-error" role="alert">
            {failure.value && (
              <p class="notice notice-error" data-testid="error"><Icon name="circle-alert" /><span>{failureText(failure.value)}</span></p>
            )}
          </div>
          <div class="field">
            <label for="username">{t("signin.username")}</label>
            <input
              id="username" name="username" class="input" data-testid="username" type="text" autocomplete="username" required
              autocapitalize="none" spellcheck={false} aria-invalid={invalid || undefined} aria-describedby={describedBy}
            />
          </div>
          <Password invalid={invalid} describedBy={describedBy} />
          <Button type="submit" kind="primary" class="btn-wide" busy={busy.value} testid="sign-in">{t("signin.submit")}</Button>
        </form>
      </div>
    </main>
  );
}
