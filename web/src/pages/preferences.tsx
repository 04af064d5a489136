// SPDX-License-Identifier: Apache-2.0
// /preferences: what this browser remembers.
import { t } from "../i18n/i18n";
import { permission, turnOff, turnOn } from "../state/notify";
import { prefs, setPref } from "../state/prefs";
import { useTitle } from "../ui/use_title";
import { DisplayChoices, EdgeChoice } from "./desktop_choices";
import { Segmented, Settings } from "./settings";
import { Shell } from "./shell";

function Notifications() {
  const on = prefs.value.notifications && permission.value === "granted";
  const problem = permission.value === "missing" ? t("pref.notify_missing") : permission.value === "denied" ? t("pref.notify_denied") : null;
  return (
    <div class="choice">
      <Segmented
        legend={t("pref.notify")} value={on ? "on" : "off"} onChange={(v) => (v === "on" ? void turnOn() : turnOff())}
        options={[{ value: "off", label: t("pref.notify.off") }, { value: "on", label: t("pref.notify.on") }]}
      />
      <p class="hint">{t("pref.notify_hint")}</p>
      {problem && <p class="hint hint-error" role="status" data-testid="notify-problem">{problem}</p>}
    </div>
  );
}

export function Preferences() {
  useTitle(t("pref.title"));
  return (
    <Shell focusKey="preferences" narrow>
      <div>
        <h1>{t("pref.title")}</h1>
        <p class="muted">{t("pref.lead")}</p>
      </div>
      <section class="panel-flat" aria-labelledby="general">
        <h2 id="general">{t("pref.general")}</h2>
        <Settings />
        <Notifications />
      </section>
      <section class="panel-flat" aria-labelledby="in-desktop">
        <h2 id="in-desktop">{t("pref.desktop")}</h2>
        <DisplayChoices />
        <EdgeChoice />
        <Segmented
          legend={t("pref.statistics")} value={prefs.value.statistics ? "shown" : "hidden"} onChange={(v) => setPref("statistics", v === "shown")}
          options={[{ value: "hidden", label: t("pref.hidden") }, { value: "shown", label: t("pref.shown") }]}
        />
      </section>
    </Shell>
  );
}
