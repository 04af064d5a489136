// SPDX-License-Identifier: Apache-2.0
// The calls about hosts. A test walks the whole way to an engine, so it may take longer than other calls.
import type { DockerContext, FileHost, History, Host, HostEvent, HostSettings, NewHost, TestResult, TestStep } from "./host_types";
import { type Answer, request } from "./request";
import { testHost } from "./test_stream";

const v1 = "/api/v1";
const path = (name: string, rest = ""): string => `${v1}/hosts/${encodeURIComponent(name)}${rest}`;
const testTimeoutMs = 60_000;

/** What is told to those whom it concerns, and until when it lasts or what is left may stay. */
export interface Announcement {
  message?: string;
  until?: string;
}

export const hostsApi = {
  list: (): Promise<Answer<{ items: Host[] }>> => request("GET", `${v1}/hosts`),
  get: (name: string): Promise<Answer<Host>> => request("GET", path(name)),
  add: (host: NewHost): Promise<Answer<Host>> => request("POST", `${v1}/hosts`, { body: host, timeoutMs: testTimeoutMs }),
  change: (name: string, settings: HostSettings): Promise<Answer<Host>> => request("PATCH", path(name), { body: settings }),
  remove: (name: string): Promise<Answer<null>> => request("DELETE", path(name)),
  history: (name: string): Promise<Answer<History>> => request("GET", path(name, "/history")),
  events: (name: string, limit: number): Promise<Answer<{ items: HostEvent[] }>> => request("GET", path(name, `/events?limit=${limit}`)),
  /** `onStep` hears each step as it is done, if the server tells. */
  test: (name: string, onStep: (step: TestStep) => void, signal: AbortSignal): Promise<Answer<TestResult>> =>
    testHost(path(name, "/test"), onStep, { signal, quietMs: testTimeoutMs }),
  drain: (name: string, body?: Announcement): Promise<Answer<Host>> => request("POST", path(name, "/drain"), body ? { body } : {}),
  resume: (name: string): Promise<Answer<Host>> => request("POST", path(name, "/resume")),
  maintain: (name: string, body: Announcement): Promise<Answer<Host>> => request("POST", path(name, "/maintenance"), { body }),
  acceptKey: (name: string, fingerprint: string): Promise<Answer<Host>> =>
    request("POST", path(name, "/host-key"), { body: { fingerprint }, timeoutMs: testTimeoutMs }),
  pull: (name: string, template: string): Promise<Answer<unknown>> => request("POST", path(name, "/pull"), { body: { template } }),
  contexts: (): Promise<Answer<{ items: DockerContext[] }>> => request("GET", `${v1}/docker-contexts`),
  importContexts: (names: string[]): Promise<Answer<{ items: Host[] }>> =>
    request("POST", `${v1}/docker-contexts/import`, { body: { names }, timeoutMs: testTimeoutMs }),
  readFile: (text: string): Promise<Answer<{ items: FileHost[] }>> => request("POST", `${v1}/hosts-file`, { body: { text } }),
  sshKey: (): Promise<Answer<{ public_key: string | null }>> => request("GET", `${v1}/ssh-key`),
};
