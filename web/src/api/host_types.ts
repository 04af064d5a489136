// SPDX-License-Identifier: Apache-2.0
// Hosts in the native API, version 1. Times are RFC 3339 UTC strings.

export type HostState = "up" | "probation" | "down" | "unknown" | "draining" | "drained" | "maintenance";
export type HostMode = "active" | "draining" | "maintenance";
export type Transport = "automatic" | "libssh" | "openssh";
export type DataPath = "tunnel" | "direct";

/** `percent` is null while the size is not known. */
export interface PullProgress {
  percent: number | null;
  bytes: number;
  total: number;
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
}
