// SPDX-License-Identifier: Apache-2.0
// /admin/desktops: what runs now, of everyone.
import { t } from "../../i18n/i18n";
import { useTitle } from "../../ui/use_title";
import { AdminFrame } from "./frame";
import { SessionTable } from "./session_table";

export function AdminDesktops() {
  useTitle(t("admin.sessions"));
  return (
    <AdminFrame focusKey="admin-desktops">
      <h1 id="all-sessions">{t("admin.sessions")}</h1>
      <SessionTable labelledBy="all-sessions" />
    </AdminFrame>
  );
}
