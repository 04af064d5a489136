// SPDX-License-Identifier: Apache-2.0
// Appearance and language: native radio buttons in the look of a segmented control.
import { useId } from "preact/hooks";
import { t } from "../i18n/i18n";
import { prefs, setPref } from "../state/prefs";

interface Option<T> {
  value: T;
  label: string;
  hint?: string;
}

export function Segmented<T extends string>({ legend, value, options, onChange }: {
  legend: string;
  value: T;
  options: Option<T>[];
  onChange: (value: T) => void;
}) {
  const name = useId();
  return (
    <fieldset class="segmented">
      <legend>{legend}</legend>
      <div class="segments">
        {options.map((o) => (
          <label key={o.value} class="segment" title={o.hint}>
            <input type="radio" name={name} value={o.value} checked={o.value === value} onChange={() => onChange(o.value)} />
            <span>{o.label}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

export function Settings() {
  return (
    <>
      <Segmented
        legend={t("pref.theme")} value={prefs.value.theme} onChange={(v) => setPref("theme", v)}
        options={[
          { value: "system", label: t("pref.theme.system") },
          { value: "light", label: t("pref.theme.light") },
          { value: "dark", label: t("pref.theme.dark") },
        ]}
      />
      <Segmented
        legend={t("pref.language")} value={prefs.value.language ?? "auto"}
        onChange={(v) => setPref("language", v === "auto" ? null : v)}
        options={[
          { value: "auto", label: t("pref.language.auto") },
          { value: "en", label: "English" },
          { value: "de", label: "Deutsch" },
        ]}
      />
    </>
  );
}
