// SPDX-License-Identifier: Apache-2.0
import type { Me } from "../api/types";
import { t } from "../i18n/i18n";
import { useTitle } from "../ui/use_title";
import { Shell } from "./shell";

export function AdminPage({ me }: { me: Me }) {
  useTitle(t("admin.title"));
  return (
    <Shell focusKey="admin">
      <h1>{t("admin.title")}</h1>
      <p>{me.username}</p>
    </Shell>
  );
}
