// SPDX-License-Identifier: Apache-2.0
// The stages of a start, as the server reports them.
import type { PullProgress } from "../api/host_types";
import type { Session, Stage } from "../api/types";
import { t, tMaybe } from "../i18n/i18n";
import { bytes, stopwatch, duration } from "../state/format";
import { Icon } from "../ui/icon";

export function stageMs(stage: Stage, nowMs: number): number | null {
  if (!stage.started_at) return null;
  const end = stage.ended_at ? Date.parse(stage.ended_at) : nowMs;
  return Math.max(0, end - Date.parse(stage.started_at));
}

function Mark({ state }: { state: Stage["state"] }) {
  if (state === "done") return <Icon name="check" size={15} />;
  if (state === "failed") return <Icon name="x" size={15} />;
  return state === "active" ? <span class="spinner" aria-hidden="true" /> : null;
}

function queueText(session: Session): string | null {
  const q = session.queue;
  if (!q) return null;
  const place = q.estimate_s === null ? t("stage.position", { position: q.position }) : t("stage.position_estimate", { position: q.position, time: duration(q.estimate_s) });
  const why = q.reason ? tMaybe(`queue.${q.reason}`) : null;
  return why ? `${place}. ${why}.` : place;
}

/** How far an image is: on its stage, or with the place in the queue while a host fetches it. */
export function pullText(pull: PullProgress): string {
  if (pull.percent === null || pull.total <= 0) return t("stage.pull_bytes", { bytes: bytes(pull.bytes) });
  return t("stage.pull", { percent: Math.floor(pull.percent), bytes: bytes(pull.bytes), total: bytes(pull.total) });
}

/** A host may fetch the image while the session still waits for its place: it is said at the stage that is active. */
function pullOf(session: Session, stage: Stage): PullProgress | null {
  if (stage.state !== "active") return null;
  return stage.progress ?? session.queue?.pull ?? null;
}

function detailOf(session: Session, stage: Stage): string | null {
  if (stage.state !== "active") return stage.detail ?? null;
  const pull = pullOf(session, stage);
  if (pull) return pullText(pull);
  return (stage.name === "queued" ? queueText(session) : null) ?? stage.detail ?? null;
}

function PullBar({ percent }: { percent: number }) {
  return (
    <svg class="stage-pull" viewBox="0 0 100 3" preserveAspectRatio="none" aria-hidden="true" focusable="false">
      <rect class="meter-track" width="100" height="3" />
      <rect class="meter-fill" width={percent} height="3" />
    </svg>
  );
}

export function Stages({ session, nowMs }: { session: Session; nowMs: number }) {
  return (
    <ol class="stages" aria-label={t("starting.stages")}>
      {session.stages.map((stage) => {
        const ms = stageMs(stage, nowMs);
        const detail = detailOf(session, stage);
        const percent = pullOf(session, stage)?.percent;
        return (
          <li key={stage.name} class={`stage stage-${stage.state}`} data-testid="stage" data-stage={stage.name} data-state={stage.state}>
            <span class="stage-mark"><Mark state={stage.state} /></span>
            <span class="stage-text">
              <span class="stage-name">{t(`stage.${stage.name}`)}</span>
              <span class="sr-only">, {t(`stage.state.${stage.state}`)}</span>
              {detail && <span class="stage-detail">{detail}</span>}
              {typeof percent === "number" && <PullBar percent={percent} />}
            </span>
            <span class="stage-time">{ms === null || stage.state === "pending" ? "" : stopwatch(ms)}</span>
          </li>
        );
      })}
    </ol>
  );
}

/** How long it has been worked on; null while it waits for its place. What the queue takes says nothing about a start. */
export function workedMs(session: Pick<Session, "queue" | "stages" | "created_at">, nowMs: number): number | null {
  if (session.queue) return null;
  const queued = session.stages.find((s) => s.name === "queued");
  return Math.max(0, nowMs - Date.parse(queued?.ended_at ?? session.created_at));
}

/** How long it has taken beside how long it usually takes. Time only: nobody knows a percentage. */
export function Expectation({ session, typicalMs, nowMs }: { session: Session; typicalMs: number | null; nowMs: number }) {
  const elapsedMs = nowMs - Date.parse(session.created_at);
  const worked = workedMs(session, nowMs);
  if (typicalMs === null || typicalMs <= 0 || worked === null) {
    return <p class="expectation-text">{t("starting.elapsed", { time: stopwatch(elapsedMs) })}</p>;
  }
  const scale = Math.max(typicalMs * 1.6, worked * 1.05);
  const slow = worked > typicalMs * 2;
  return (
    <div class={slow ? "expectation expectation-slow" : "expectation"}>
      <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true" focusable="false">
        <rect class="expectation-track" y="2" width="100" height="2" />
        <rect class="expectation-fill" y="2" width={(worked / scale) * 100} height="2" />
        <rect class="expectation-tick" x={(typicalMs / scale) * 100 - 0.25} width="0.5" height="6" />
      </svg>
      <p class="expectation-text">
        <span>{t("starting.elapsed", { time: stopwatch(elapsedMs) })}</span>
        <span>{t("starting.typical", { time: stopwatch(typicalMs) })}</span>
      </p>
      {slow && <p class="notice notice-info" role="status"><Icon name="hourglass" /><span>{t("starting.slow")}</span></p>}
    </div>
  );
}
