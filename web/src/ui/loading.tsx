// SPDX-License-Identifier: Apache-2.0
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { networkProblem } from "../api/request";
import { t } from "../i18n/i18n";
import { ProblemNotice } from "./problem";

type Phase = "quiet" | "skeleton" | "slow" | "too_long";

/** Nothing for 200 ms, then the skeleton; a word after 5 s; an error with Retry after 15 s. */
export function Loading({ children, title, onRetry }: { children: ComponentChildren; title: string; onRetry: () => void }) {
  const [phase, setPhase] = useState<Phase>("quiet");
  useEffect(() => {
    const timers = [
      setTimeout(() => setPhase("skeleton"), 200),
      setTimeout(() => setPhase("slow"), 5000),
      setTimeout(() => setPhase("too_long"), 15_000),
    ];
    return () => timers.forEach(clearTimeout);
  }, []);
  if (phase === "quiet") return <div class="loading-quiet" />;
  if (phase === "too_long") {
    const retry = (): void => {
      setPhase("skeleton");
      onRetry();
    };
    return <ProblemNotice title={title} problem={networkProblem("")} onRetry={retry} />;
  }
  return (
    <div aria-busy="true">
      <p class={phase === "slow" ? "muted" : "sr-only"} role="status">
        {phase === "slow" ? t("app.still_loading") : t("app.loading")}
      </p>
      {children}
    </div>
  );
}
