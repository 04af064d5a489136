// SPDX-License-Identifier: Apache-2.0
// Administration is fetched when somebody goes there: most people never do.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Me } from "../api/types";
import { networkProblem } from "../api/request";
import { t } from "../i18n/i18n";
import type { Route } from "../router";
import { ProblemNotice } from "../ui/problem";
import { Shell } from "./shell";

type Pages = typeof import("./admin/admin");
let pages: Pages | null = null;

export function LazyAdmin(props: { here: Extract<Route, { page: "admin" }>; me: Me }) {
  const loaded = useSignal<Pages | null>(pages);
  const failed = useSignal(false);
  const load = async (): Promise<void> => {
    failed.value = false;
    pages = await import("./admin/admin").catch(() => null);
    loaded.value = pages;
    failed.value = pages === null;
  };
  useEffect(() => {
    if (!pages) void load();
  }, []);
  if (loaded.value) return <loaded.value.Admin {...props} />;
  return (
    <Shell focusKey="admin-loading">
      <h1>{t("admin.title")}</h1>
      {failed.value && <ProblemNotice title={t("error.title")} problem={networkProblem("")} onRetry={() => void load()} />}
    </Shell>
  );
}
