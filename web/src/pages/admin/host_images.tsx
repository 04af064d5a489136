// SPDX-License-Identifier: Apache-2.0
// The images that templates need on a host, and how far a pull has come.
import { useSignal } from "@preact/signals";
import type { Host, HostImage, PullLayer, PullProgress } from "../../api/host_types";
import { hostsApi } from "../../api/hosts_client";
import { t } from "../../i18n/i18n";
import { bytes } from "../../state/format";
import { share } from "../../state/host_view";
import { Button } from "../../ui/button";
import { toast } from "../../ui/messages";
import { Bar } from "../../ui/meter";
import { problemText } from "../../ui/problem";

function Image({ host, image, mayChange }: { host: Host; image: HostImage; mayChange: boolean }) {
  const busy = useSignal(false);
  const pull = async (): Promise<void> => {
    busy.value = true;
    const answer = await hostsApi.pull(host.name, image.template);
    busy.value = false;
    toast(answer.ok ? t("host.pull.asked") : `${t("host.action_failed")} ${problemText(answer.problem)}`, { kind: answer.ok ? "info" : "error" });
  };
  const pulling = image.pulling;
  const state = pulling ? "pulling" : image.present ? "present" : "missing";
  const kind = { pulling: "busy", present: "ok", missing: "bad" }[state];
  return (
    <li class="image" data-testid="image" data-template={image.template} data-state={state}>
      <span class="image-name"><strong>{image.template}</strong>{image.image && <code>{image.image}</code>}</span>
      <span class={`chip chip-${kind}`}>{t(`host.image.${state}`)}</span>
      {state === "missing" && mayChange && (
        <Button small icon="download" busy={busy.value} testid="pull" aria-label={t("host.pull_named", { template: image.template })} onClick={() => void pull()}>{t("host.pull")}</Button>
      )}
      {pulling && <Pull progress={pulling} />}
    </li>
  );
}

function Pull({ progress: { percent, bytes: done, total, text, layers } }: { progress: PullProgress }) {
  const words = percent === null ? t("host.pull.bytes", { bytes: bytes(done) }) : t("host.pull.progress", { percent: Math.floor(percent), bytes: bytes(done), total: bytes(total) });
  return (
    <div class="pull">
      {percent !== null && <Bar share={percent / 100} />}
      <span class="hint">{words}{text && ` · ${text}`}</span>
      {layers && layers.length > 0 && (
        <details class="more" open>
          <summary>{t("host.pull.layers", { count: layers.length })}</summary>
          <ul class="layers">{layers.map((layer) => <Layer key={layer.id} layer={layer} />)}</ul>
        </details>
      )}
    </div>
  );
}

function Layer({ layer: { id, text, bytes: done, total } }: { layer: PullLayer }) {
  const part = share(done, total);
  return (
    <li class="layer" data-testid="layer">
      <code>{id.slice(0, 12)}</code>
      <span>{text}</span>
      <span class="layer-bytes">{part === null ? (done > 0 ? bytes(done) : "") : t("host.of", { used: bytes(done), capacity: bytes(total) })}</span>
      {part !== null && <Bar share={part} />}
    </li>
  );
}

export function Images({ host, mayChange }: { host: Host; mayChange: boolean }) {
  if (host.images.length === 0) return null;
  return (
    <section class="panel-flat" aria-labelledby="images">
      <h2 id="images">{t("host.images")}</h2>
      <ul class="images">{host.images.map((i) => <Image key={i.template} host={host} image={i} mayChange={mayChange} />)}</ul>
    </section>
  );
}
