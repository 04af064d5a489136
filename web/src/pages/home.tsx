// SPDX-License-Identifier: Apache-2.0
import { t } from "../i18n/i18n";
import { account } from "../state/account";
import { clockTime } from "../state/format";
import { loadSessions, mySessions, sessionsLoad, templates } from "../state/sessions";
import { Places } from "../ui/brand";
import { Icon } from "../ui/icon";
import { Loading } from "../ui/loading";
import { ProblemNotice } from "../ui/problem";
import { useTitle } from "../ui/use_title";
import { Catalogue } from "./catalogue";
import { SessionCard } from "./session_card";
import { Shell } from "./shell";

/** The places really taken: the server counts, and what we saw start since then counts too. */
function usedPlaces(counted: number): number {
  return sessionsLoad.value.state === "ready" ? mySessions.value.length : counted;
}

function Running() {
  const load = sessionsLoad.value;
  const list = mySessions.value;
  const retry = (): void => void loadSessions();
  if (load.state === "loading") {
    return (
      <Loading title={t("home.sessions_failed")} onRetry={retry}>
        <div class="sessions"><div class="skeleton skeleton-session" /></div>
      </Loading>
    );
  }
  return (
    <>
      {load.state === "error" && (
        <ProblemNotice
          title={t("home.sessions_failed")} problem={load.problem} onRetry={retry}
          stale={load.goodAt !== null && list.length > 0 ? clockTime(load.goodAt) : null}
        />
      )}
      {load.state === "ready" && list.length === 0 && (
        <p class="quiet-line"><Icon name="monitor-off" /> <span>{t("home.none_running")} {templates.value?.length ? t("home.pick_one") : null}</span></p>
      )}
      <ul class={load.state === "error" ? "sessions stale" : "sessions"}>
        {list.map((s) => <li key={s.id}><SessionCard session={s} /></li>)}
      </ul>
    </>
  );
}

export function Home() {
  useTitle(t("home.title"));
  const who = account.value;
  const quota = who.state === "signed_in" ? who.me.quota : null;
  const used = usedPlaces(quota?.used ?? 0);
  const full = quota !== null && quota.max_sessions > 0 && used >= quota.max_sessions;
  return (
    <Shell focusKey="home">
      <div class="page-head">
        <h1>{t("home.title")}</h1>
        {quota && <Places used={used} max={quota.max_sessions} />}
      </div>
      <section aria-labelledby="running-title">
        <h2 id="running-title">{t("home.running")}</h2>
        <Running />
      </section>
      <section aria-labelledby="start-title">
        <h2 id="start-title">{t("home.start")}</h2>
        {full && <p class="notice notice-info" role="status"><Icon name="circle-alert" /><span>{t("home.quota_full")}</span></p>}
        <Catalogue full={full} />
      </section>
    </Shell>
  );
}
