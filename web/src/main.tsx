// SPDX-License-Identifier: Apache-2.0
import { render } from "preact";
import { App } from "./app";
import { startRouter } from "./router";
import { loadAccount, startAccount } from "./state/account";
import { startClock } from "./state/clock";
import { watchNetwork } from "./state/live";
import { watchForNews } from "./state/notify";
import { startPrefs } from "./state/prefs";
import "./styles/main.css";

startPrefs();
startClock();
startRouter();
startAccount();
watchNetwork();
watchForNews();
void loadAccount();

const root = document.getElementById("app");
if (root) render(<App />, root);
