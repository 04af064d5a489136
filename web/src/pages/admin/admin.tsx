// SPDX-License-Identifier: Apache-2.0
// Which page of administration belongs to an address.
import type { Me } from "../../api/types";
import type { Route } from "../../router";
import { AddHost } from "./add_host";
import { AdminDesktop } from "./desktop_detail";
import { AdminDesktops } from "./desktops";
import { HostDetail } from "./host_detail";
import { HostsPage } from "./hosts";

export function Admin({ here, me }: { here: Extract<Route, { page: "admin" }>; me: Me }) {
  const mayChange = me.role === "admin";
  if (here.area === "desktops") return here.id === null ? <AdminDesktops /> : <AdminDesktop key={here.id} id={here.id} />;
  if (here.name !== null) return <HostDetail key={here.name} name={here.name} mayChange={mayChange} />;
  return here.adding && mayChange ? <AddHost /> : <HostsPage mayChange={mayChange} />;
}
