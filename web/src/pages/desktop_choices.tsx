// SPDX-License-Identifier: Apache-2.0
// How a desktop is shown: the same choices in its bar and on the page of preferences.
import { t } from "../i18n/i18n";
import { prefs, setPref } from "../state/prefs";
import { barEdges, displayModes, qualityPresets } from "../state/prefs_store";
import { Segmented } from "./settings";

export function DisplayChoices() {
  return (
    <>
      <div class="choice">
        <Segmented
          legend={t("display.title")} value={prefs.value.display} onChange={(v) => setPref("display", v)}
          options={displayModes.map((m) => ({ value: m, label: t(`display.${m}`), hint: t(`display.${m}_hint`) }))}
        />
        <p class="hint">{t(`display.${prefs.value.display}_hint`)}</p>
      </div>
      <Segmented
        legend={t("quality.title")} value={prefs.value.quality} onChange={(v) => setPref("quality", v)}
        options={qualityPresets.map((q) => ({ value: q, label: t(`quality.${q}`) }))}
      />
    </>
  );
}

export function EdgeChoice() {
  return (
    <Segmented
      legend={t("bar.move")} value={prefs.value.edge} onChange={(v) => setPref("edge", v)}
      options={barEdges.map((e) => ({ value: e, label: t(`edge.${e}`) }))}
    />
  );
}
