// SPDX-License-Identifier: Apache-2.0
import { useSignal } from "@preact/signals";
import type { Template } from "../api/types";
import { t } from "../i18n/i18n";
import { loadTemplates, templates, templatesLoad } from "../state/sessions";
import { Button } from "../ui/button";
import { Icon } from "../ui/icon";
import { Loading } from "../ui/loading";
import { ProblemNotice } from "../ui/problem";
import { TemplateCard } from "./template_card";

const searchFrom = 7;

export function matches(template: Template, query: string): boolean {
  const words = query.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const text = [template.title, template.name, template.description, ...template.tags].join(" ").toLocaleLowerCase();
  return words.every((w) => text.includes(w));
}

function Skeletons() {
  return (
    <ul class="templates">
      {[0, 1, 2].map((i) => <li key={i} class="skeleton skeleton-template" />)}
    </ul>
  );
}

function Search({ value, onInput }: { value: string; onInput: (text: string) => void }) {
  return (
    <div class="search" role="search">
      <Icon name="search" />
      <input
        class="input" type="search" value={value} aria-label={t("home.search")} placeholder={t("home.search")}
        data-testid="search" onInput={(e) => onInput(e.currentTarget.value)}
      />
    </div>
  );
}

export function Catalogue({ full }: { full: boolean }) {
  const query = useSignal("");
  const load = templatesLoad.value;
  const list = templates.value;
  const retry = (): void => void loadTemplates();
  if (list === null) {
    if (load.state === "error") return <ProblemNotice title={t("home.load_failed")} problem={load.problem} onRetry={retry} />;
    return <Loading title={t("home.load_failed")} onRetry={retry}><Skeletons /></Loading>;
  }
  if (list.length === 0) {
    return (
      <div class="empty">
        <Icon name="monitor-off" size={32} />
        <p><strong>{t("home.no_templates")}</strong></p>
        <p class="muted">{t("home.no_templates_hint")}</p>
      </div>
    );
  }
  const shown = list.filter((x) => matches(x, query.value));
  return (
    <>
      {load.state === "error" && <ProblemNotice title={t("home.load_failed")} problem={load.problem} onRetry={retry} />}
      {list.length >= searchFrom && <Search value={query.value} onInput={(text) => (query.value = text)} />}
      {shown.length === 0 && (
        <div class="empty" role="status">
          <p>{t("home.no_match", { query: query.value })}</p>
          <Button onClick={() => (query.value = "")}>{t("home.clear")}</Button>
        </div>
      )}
      <ul class={list.length === 1 ? "templates templates-one" : "templates"}>
        {shown.map((x) => <li key={x.name}><TemplateCard template={x} full={full} /></li>)}
      </ul>
    </>
  );
}
