// SPDX-License-Identifier: Apache-2.0
// /admin/hosts?add: a machine by its address, a Docker context, or the hosts of a file.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { DockerContext } from "../../api/host_types";
import { hostsApi } from "../../api/hosts_client";
import type { Problem } from "../../api/types";
import { t } from "../../i18n/i18n";
import { hostPath, navigate } from "../../router";
import { remoteCommands } from "../../state/host_view";
import { hosts, putHost } from "../../state/hosts";
import { Button } from "../../ui/button";
import { CopyText } from "../../ui/copy_text";
import { Link } from "../../ui/link";
import { Loading } from "../../ui/loading";
import { toast } from "../../ui/messages";
import { ProblemNotice, problemText } from "../../ui/problem";
import { useTitle } from "../../ui/use_title";
import { AddForm } from "./add_form";
import { AdminFrame, BackLink } from "./frame";
import { HostMark } from "./host_parts";
import { HostsFile } from "./hosts_file";

function Context({ context, onDone, onUnknownKey }: { context: DockerContext; onDone: () => void; onUnknownKey: (context: DockerContext) => void }) {
  const busy = useSignal(false);
  // Whether it can be reached is seen where it is taken over.
  const host = context.imported_as === null ? undefined : hosts.value.get(context.imported_as);
  const take = async (): Promise<void> => {
    busy.value = true;
    const answer = await hostsApi.importContexts([context.name]);
    busy.value = false;
    if (!answer.ok && answer.problem.code === "host_key_unknown") return onUnknownKey(context);
    if (!answer.ok) {
      toast(`${t("add.failed")} ${problemText(answer.problem)}`, { kind: "error" });
      return;
    }
    for (const made of answer.value.items) putHost(made);
    const host = answer.value.items[0];
    if (host) toast(`${t("add.added", { name: host.name })} ${t(`host.state.${host.state}`)}.`, { ms: 8000 });
    onDone();
  };
  return (
    <li class="context" data-testid="context" data-name={context.name}>
      <span class="context-text">
        <strong>{context.name}</strong>{context.is_current && <span class="tag">{t("add.current")}</span>}
        <code>{context.endpoint}</code>
        {context.description && <span class="hint">{context.description}</span>}
        {context.problem && <span class="hint hint-error">{context.problem}</span>}
      </span>
      {context.imported_as !== null ? (
        <span class="context-host">
          <span class="muted">{t("add.imported")} <Link href={hostPath(context.imported_as)}>{context.imported_as}</Link></span>
          {host && <HostMark host={host} />}
        </span>
      ) : !context.problem && (
        <Button small icon="plus" busy={busy.value} testid="import" aria-label={t("add.import_named", { name: context.name })} onClick={() => void take()}>{t("add.import")}</Button>
      )}
    </li>
  );
}

function Contexts({ onUnknownKey }: { onUnknownKey: (context: DockerContext) => void }) {
  const items = useSignal<DockerContext[] | null>(null);
  const problem = useSignal<Problem | null>(null);
  const load = async (): Promise<void> => {
    const answer = await hostsApi.contexts();
    problem.value = answer.ok ? null : answer.problem;
    if (answer.ok) items.value = answer.value.items;
  };
  useEffect(() => void load(), []);
  return (
    <section class="panel-flat" aria-labelledby="contexts">
      <h2 id="contexts">{t("add.contexts")}</h2>
      <p class="muted">{t("add.contexts_hint")}</p>
      {problem.value && <ProblemNotice title={t("error.title")} problem={problem.value} onRetry={() => void load()} />}
      {!items.value && !problem.value && <Loading title={t("error.title")} onRetry={() => void load()}><div class="skeleton skeleton-line" /></Loading>}
      {items.value?.length === 0 && <p class="quiet-line">{t("add.contexts_none")}</p>}
      {items.value && items.value.length > 0 && <ul class="contexts">{items.value.map((c) => <Context key={c.name} context={c} onDone={() => void load()} onUnknownKey={onUnknownKey} />)}</ul>}
    </section>
  );
}

function OtherSide({ endpoint }: { endpoint: string }) {
  const key = useSignal<string | null | undefined>(undefined);
  useEffect(() => {
    void hostsApi.sshKey().then((answer) => (key.value = answer.ok ? answer.value.public_key : null));
  }, []);
  if (key.value === undefined || (endpoint !== "" && !endpoint.startsWith("ssh:"))) return null;
  return (
    <section class="panel-flat" aria-labelledby="other-side">
      <h2 id="other-side">{t("add.other_side")}</h2>
      <p class="muted">{t("add.other_side_hint")}</p>
      <CopyText text={remoteCommands(endpoint, key.value).join("\n")} label={t("add.other_side")} testid="commands" />
      {key.value === null ? <p class="hint">{t("add.no_key")}</p> : (
        <>
          <h3 class="small-head">{t("add.key")}</h3>
          <CopyText text={key.value} label={t("add.key")} testid="public-key" />
        </>
      )}
    </section>
  );
}

export function AddHost() {
  useTitle(t("add.title"));
  const endpoint = useSignal("");
  // A context whose machine nobody has confirmed goes through the form, which asks.
  const asked = useSignal<DockerContext | null>(null);
  return (
    <AdminFrame focusKey="admin-add-host">
      <BackLink href="/admin/hosts">{t("admin.back_hosts")}</BackLink>
      <h1>{t("add.title")}</h1>
      <AddForm
        key={asked.value?.name} start={asked.value}
        onEndpoint={(text) => (endpoint.value = text.trim())}
        onAdded={(host) => {
          putHost(host);
          toast(t("add.added", { name: host.name }));
          navigate(hostPath(host.name));
        }}
      />
      <OtherSide endpoint={endpoint.value} />
      <Contexts onUnknownKey={(context) => { asked.value = context; endpoint.value = context.endpoint; }} />
      <HostsFile />
    </AdminFrame>
  );
}
