// SPDX-License-Identifier: Apache-2.0
import { useSignal } from "@preact/signals";
import type { Problem, Template } from "../api/types";
import { t, tMaybe } from "../i18n/i18n";
import { desktopPath } from "../router";
import { startDesktop } from "../state/actions";
import { duration } from "../state/format";
import { mySessions } from "../state/sessions";
import { Button, IconButton } from "../ui/button";
import { Icon } from "../ui/icon";
import { Link } from "../ui/link";
import { ProblemNotice } from "../ui/problem";
import { TemplateArt } from "../ui/template_art";
import { OptionsDialog } from "./options_dialog";

export const isWebTemplate = (x: Template): boolean =>
  !x.endpoints.some((e) => e.protocol === "rfb") && x.endpoints.some((e) => e.protocol === "web");

function unavailableText(x: Template): string {
  const { state, code, reason } = x.availability;
  if (state === "unknown") return t("template.unknown");
  return (code ? tMaybe(`template.code.${code}`) : null) ?? reason ?? t("template.unavailable");
}

function Facts({ template }: { template: Template }) {
  const lease = template.lease.initial_s;
  const typical = template.typical_start_ms;
  return (
    <ul class="facts">
      {typical !== null && <li>{t("template.typical", { time: duration(Math.max(1, typical / 1000)) })}</li>}
      <li>{lease > 0 ? t("template.lease", { time: duration(lease) }) : t("template.no_limit")}</li>
      {isWebTemplate(template) && <li>{t("template.kind.web")}</li>}
      {template.tags.map((tag) => <li key={tag} class="tag">{tag}</li>)}
    </ul>
  );
}

export function TemplateCard({ template, full }: { template: Template; full: boolean }) {
  const busy = useSignal(false);
  const options = useSignal(false);
  const problem = useSignal<Problem | null>(null);
  const running = mySessions.value.find((s) => s.template === template.name && s.state !== "stopping");
  const unavailable = template.availability.state === "unavailable";
  const start = async (): Promise<void> => {
    busy.value = true;
    problem.value = await startDesktop({ template: template.name });
    busy.value = false;
  };
  return (
    <article
      class={unavailable ? "template-card template-off" : "template-card"}
      data-testid="template-card" data-template={template.name} aria-label={template.title}
    >
      <TemplateArt name={template.name} icon={template.icon} web={isWebTemplate(template)} />
      <div class="template-body">
        <h3>{template.title}</h3>
        <p class="template-text">{template.description}</p>
        <Facts template={template} />
        {template.availability.state !== "available" && (
          <p class="template-reason"><Icon name={unavailable ? "circle-x" : "circle-help"} size={16} />{unavailableText(template)}</p>
        )}
        {problem.value && <ProblemNotice title={t("start.failed")} problem={problem.value} onRetry={() => void start()} />}
        <div class="actions">
          {running ? (
            <Link href={desktopPath(running.id)} class="btn btn-plain">
              <Icon name="arrow-right" /><span class="btn-label">{t("template.open_running")}</span>
            </Link>
          ) : (
            <Button
              kind="primary" icon="play" testid="start" busy={busy.value} disabled={unavailable || full}
              aria-label={`${t("template.start")}: ${template.title}`} onClick={() => void start()}
            >
              {busy.value ? t("template.starting") : t("template.start")}
            </Button>
          )}
          {!running && !unavailable && !full && (
            <IconButton icon="ellipsis" label={t("template.options", { title: template.title })} testid="options" onClick={() => (options.value = true)} />
          )}
        </div>
      </div>
      {options.value && <OptionsDialog template={template} onClose={() => (options.value = false)} />}
    </article>
  );
}
