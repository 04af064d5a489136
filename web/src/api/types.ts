// SPDX-License-Identifier: Apache-2.0
// The native API, version 1, as these pages see it. The source is the server's openapi.json;
// times are RFC 3339 UTC strings, durations whole seconds (0 = no limit).

import type { PullProgress } from "./host_types";

export type Role = "user" | "operator" | "admin";

export interface Me {
  id: string;
  username: string;
  role: Role;
  realm: string;
  quota: { max_sessions: number; used: number };
  server: { name: string; version: string; now: string };
}

export interface EndpointInfo {
  name: string;
  protocol: "rfb" | "web";
}

export interface Template {
  name: string;
  title: string;
  description: string;
  icon: string;
  tags: string[];
  endpoints: EndpointInfo[];
  resolutions: string[];
  lease: {
    initial_s: number;
    extension_s: number;
    max_extensions: number;
    max_total_s: number;
    idle_s: number;
    disconnected_s: number;
    grace_s: number;
  };
  availability: { state: "available" | "unavailable" | "unknown"; code?: string; reason?: string };
  typical_start_ms: number | null;
}

export type SessionState = "queued" | "creating" | "starting" | "probing" | "ready" | "stopping" | "ended";
export type StageName = "queued" | "placing" | "preparing" | "creating" | "starting" | "waiting";
export type StageState = "pending" | "active" | "done" | "failed";

export interface Stage {
  name: StageName;
  state: StageState;
  started_at: string | null;
  ended_at: string | null;
  detail?: string;
  progress?: PullProgress | null;
}

/** A start that did not work out on one host; only staff see which. */
export interface Attempt {
  at: string;
  stage: StageName;
  host?: string;
  code?: string;
  detail?: string;
}

/** One host as it was looked at when this desktop got its place. */
export interface Considered {
  host: string;
  verdict: string;
  score: number | null;
  text: string;
}

export type EndReason =
  | "owner_request"
  | "admin_request"
  | "lease_expired"
  | "idle"
  | "disconnected"
  | "failed"
  | "container_died"
  | "out_of_memory"
  | "removed_outside"
  | "host_maintenance"
  | "host_lost";

export interface SessionEnd {
  reason: EndReason;
  code: string | null;
  message: string;
  detail?: string;
  stage?: string;
}

export interface Session {
  id: string;
  template: string;
  title: string;
  name: string;
  owner: { realm: string; subject: string; slot: string; name?: string };
  mine: boolean;
  state: SessionState;
  stages: Stage[];
  queue: { position: number; estimate_s: number | null; reason?: string | null; pull?: PullProgress | null } | null;
  host: string | null;
  created_at: string;
  ready_at: string | null;
  ended_at: string | null;
  now: string;
  /** Lease end. The desktop is really taken back at `ends_at` (deadline + grace). */
  deadline: string | null;
  ends_at: string | null;
  lease: {
    extension_s: number;
    extensions_used: number;
    /** -1 = as often as wanted. */
    extensions_left: number;
    hard_limit_at: string | null;
  };
  idle: { limit_s: number; deadline: string | null };
  disconnected: { limit_s: number; deadline: string | null };
  viewers: { control: number; view: number };
  endpoints: EndpointInfo[];
  end: SessionEnd | null;
  /** `unknown`: its host does not answer; the desktop is kept. */
  condition?: "ok" | "unknown";
  /** Its machine is to be serviced; `ends_at`: then it ends at the latest. The message may be empty. */
  notice?: { message: string; ends_at: string | null } | null;
  attempts?: Attempt[];
  /** For staff: why this host. */
  placement?: Considered[] | null;
}

export interface Ticket {
  ticket: string;
  endpoint: string;
  protocol: "rfb" | "web";
  rights: "control" | "view";
  expires_at: string;
  websocket_path: string | null;
  enter_url: string | null;
}

export type ProblemCode =
  | "invalid_input"
  | "unauthenticated"
  | "forbidden"
  | "not_found"
  | "already_exists"
  | "conflict"
  | "quota_exceeded"
  | "rate_limited"
  | "no_capacity"
  | "host_unreachable"
  | "image_missing"
  | "engine_error"
  | "not_ready"
  | "ended"
  | "ticket_spent"
  | "host_key_unknown"
  | "host_key_changed"
  | "too_large"
  | "unsupported_media_type"
  | "method_not_allowed"
  | "timed_out"
  | "shutting_down"
  | "unavailable"
  | "internal";

/** A server's problem, or `network`: no usable answer came. */
export interface Problem {
  status: number;
  code: ProblemCode | "network";
  title: string;
  detail: string;
  request_id: string | null;
  retry_after_s: number | null;
  /** One entry for each field that is wrong. */
  errors?: { pointer: string; detail: string }[];
  /** The cause in technical words; only staff get it. */
  operator_detail?: string;
  /** The key that a machine showed and that nobody has confirmed yet. */
  host_key?: { type: string; fingerprint: string };
}
