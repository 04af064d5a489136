// SPDX-License-Identifier: Apache-2.0
// Hosts in the native API, version 1. Times are RFC 3339 UTC strings.

/** `degraded`: up, but new desktops go there last. */
export type HostState = "up" | "degraded" | "probation" | "down" | "unknown" | "draining" | "drained" | "maintenance";
export type HostMode = "active" | "draining" | "maintenance";
export type Transport = "automatic" | "libssh" | "openssh";
export type DataPath = "tunnel" | "direct";

/** `total` is 0 while the size is not known. */
export interface PullLayer {
  id: string;
  text: string;
  bytes: number;
  total: number;
}

/** `percent` is null while the size is not known. */
export interface PullProgress {
  percent: number | null;
  bytes: number;
  total: number;
  text?: string;
  layers?: PullLayer[];
}

export interface HostImage {
  template: string;
  image?: string;
  present: boolean;
  pulling?: PullProgress | null;
}

export interface HostKey {
  status: "ok" | "unknown" | "changed" | "none";
  type: string | null;
  fingerprint: string | null;
  known_fingerprint: string | null;
}

export interface Concern {
  code: string;
  text: string;
}

/** What the machine itself does, whoever uses it. Shares are 0 to 1. */
export interface HostLoad {
  at: string;
  cpu: number | null;
  memory: { used_bytes: number; total_bytes: number };
  disk: { used_bytes: number; total_bytes: number } | null;
}

/** What was said when it was drained. */
export interface Drain {
  message: string;
  until: string | null;
}

/** Only what every server says is required: a server without the newer fields is still shown. */
export interface Host {
  name: string;
  endpoint: string;
  state: HostState;
  reason: string | null;
  engine: { version: string; api_version: string; os: string; cpus: number; memory_bytes: number } | null;
  sessions: { used: number; capacity: number };
  creating: { used: number; capacity: number };
  images: HostImage[];
  last_check_at: string | null;
  weight: number;
  mode?: HostMode;
  maintenance?: { message: string; until: string | null } | null;
  drain?: Drain | null;
  concerns?: Concern[];
  /** null: its way in does not tell, or nothing was read yet. */
  load?: HostLoad | null;
  /** CPU of the last readings, the oldest first, 30 s apart. */
  load_recent?: (number | null)[];
  next_check_at?: string | null;
  origin?: "file" | "added";
  way?: string | null;
  data_path?: DataPath;
  transport?: Transport;
  labels?: Record<string, string>;
  public_name?: string | null;
  last_error?: string | null;
  host_key?: HostKey | null;
  memory?: { used_bytes: number; capacity_bytes: number };
  cpus?: { used: number; capacity: number };
  connections?: { used: number; capacity: number } | null;
  round_trip_ms?: number | null;
}

/** What an administrator may set; `name` and `endpoint` only when a host is added. */
export interface HostSettings {
  weight?: number;
  capacity_sessions?: number;
  memory_bytes?: number;
  cpus?: number;
  labels?: Record<string, string>;
  data_path?: DataPath;
  transport?: Transport;
  public_name?: string;
}

export interface NewHost extends HostSettings {
  name: string;
  endpoint: string;
  /** The fingerprint that the person has confirmed. */
  accept_host_key?: string;
}

/** One host of a hosts.yml, as it would be added. */
export interface FileHost {
  name: string;
  endpoint: string;
  problem: string | null;
  imported_as: string | null;
  host: NewHost;
}

export interface HistoryItem {
  at: string;
  cpu: number | null;
  memory: number;
  disk: number | null;
  sessions: number;
}

export interface History {
  interval_s: number;
  items: HistoryItem[];
}

/** Something that happened to a host; types are words like `host.down` or `session.failed`. */
export interface HostEvent {
  seq: number;
  at: string;
  type: string;
  session: string | null;
  from: string;
  to: string;
  actor: string;
  text: string;
}

export interface TestResult {
  steps: TestStep[];
  host: Host;
}

export interface TestStep {
  name: string;
  title: string;
  state: "ok" | "failed" | "skipped";
  ms: number | null;
  text: string;
  remedy: string | null;
}

export interface DockerContext {
  name: string;
  endpoint: string;
  description: string;
  is_current: boolean;
  /** The host that was made of it. */
  imported_as: string | null;
  /** Why no host can be made of it. */
  problem?: string | null;
}
