// SPDX-License-Identifier: Apache-2.0
import { useEffect } from "preact/hooks";
import { route } from "./router";
import { account, isStaff } from "./state/account";
import { startLive, stopLive } from "./state/live";
import { loadSessions, loadTemplates } from "./state/sessions";
import { Messages } from "./ui/messages";
import { DesktopPage } from "./pages/desktop_page";
import { Forbidden, NotFound, Offline } from "./pages/errors";
import { Preferences } from "./pages/preferences";
import { Home } from "./pages/home";
import { LazyAdmin } from "./pages/lazy_admin";
import { SignIn } from "./pages/sign_in";

function Page() {
  const here = route.value;
  const who = account.value;
  if (here.page === "sign_in") return <SignIn next={here.next} why={here.why} />;
  if (who.state === "error") return <Offline problem={who.problem} />;
  if (who.state !== "signed_in") return <div class="loading-quiet" />;
  switch (here.page) {
    case "home":
      return <Home />;
    case "desktop":
      return <DesktopPage key={here.id} id={here.id} />;
    case "preferences":
      return <Preferences />;
    case "admin":
      return isStaff(who.me) ? <LazyAdmin here={here} me={who.me} /> : <Forbidden />;
    default:
      return <NotFound />;
  }
}

export function App() {
  const signedIn = account.value.state === "signed_in";
  const all = route.value.page === "admin";
  useEffect(() => {
    if (!signedIn) return undefined;
    void loadSessions();
    void loadTemplates();
    return stopLive;
  }, [signedIn]);
  useEffect(() => {
    if (signedIn) startLive(all);
  }, [signedIn, all]);
  return (
    <>
      <Page />
      <Messages />
    </>
  );
}
