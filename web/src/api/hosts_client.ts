// SPDX-License-Identifier: Apache-2.0
// The calls about hosts. A test walks the whole way to an engine, so it may take longer than other calls.
import type { DockerContext, Host, HostSettings, NewHost, TestStep } from "./host_types";
import { type Answer, request } from "./request";

const v1 = "/api/v1";
const path = (name: string, rest = ""): string => `${v1}/hosts/${encodeURIComponent(name)}${rest}`;
const testTimeoutMs = 60_000;

export interface Maintenance {
  message?: string;
  until?: string;
}

export const hostsApi = {
  list: (): Promise<Answer<{ items: Host[] }>> => request("GET", `${v1}/hosts`),
  get: (name: string): Promise<Answer<Host>> => request("GET", path(name)),
  add: (host: NewHost): Promise<Answer<Host>> => request("POST", `${v1}/hosts`, { body: host, timeoutMs: testTimeoutMs }),
  change: (name: string, settings: HostSettings): Promise<Answer<Host>> => request("PATCH", path(name), { body: settings }),
  remove: (name: string): Promise<Answer<null>> => request("DELETE", path(name)),
  test: (name: string): Promise<Answer<{ steps: TestStep[]; host: Host }>> =>
    request("POST", path(name, "/test"), { timeoutMs: testTimeoutMs }),
  drain: (name: string): Promise<Answer<Host>> => request("POST", path(name, "/drain")),
  resume: (name: string): Promise<Answer<Host>> => request("POST", path(name, "/resume")),
  maintain: (name: string, body: Maintenance): Promise<Answer<Host>> => request("POST", path(name, "/maintenance"), { body }),
  acceptKey: (name: string, fingerprint: string): Promise<Answer<Host>> =>
    request("POST", path(name, "/host-key"), { body: { fingerprint }, timeoutMs: testTimeoutMs }),
  pull: (name: string, template: string): Promise<Answer<unknown>> => request("POST", path(name, "/pull"), { body: { template } }),
  contexts: (): Promise<Answer<{ items: DockerContext[] }>> => request("GET", `${v1}/docker-contexts`),
  importContexts: (names: string[]): Promise<Answer<{ items: Host[] }>> =>
    request("POST", `${v1}/docker-contexts/import`, { body: { names }, timeoutMs: testTimeoutMs }),
  sshKey: (): Promise<Answer<{ public_key: string | null }>> => request("GET", `${v1}/ssh-key`),
};
