// SPDX-License-Identifier: Apache-2.0
// The container behind a session, found by its label, and what happens inside it.
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

export async function containersOf(sessionId) {
  const { stdout } = await run("docker", ["ps", "-aq", "--no-trunc", "--filter", `label=io.berth.session=${sessionId}`]);
  return stdout.split("\n").filter(Boolean);
}

export class Container {
  constructor(id) {
    this.id = id;
  }

  static async of(sessionId) {
    const ids = await containersOf(sessionId);
    if (ids.length !== 1) throw new Error(`${ids.length} containers carry the label of session ${sessionId}`);
    return new Container(ids[0]);
  }

  /** Runs a command as the desktop's user; its output. */
  async exec(...command) {
    const { stdout } = await run("docker", ["exec", this.id, ...command], { timeout: 20_000 });
    return stdout;
  }

  /** Starts a command and does not wait for it. */
  async spawn(...command) {
    await run("docker", ["exec", "-d", this.id, ...command]);
  }

  /** The text of a file, or null while it is not there. */
  async read(path) {
    return this.exec("cat", path).catch(() => null);
  }

  /** "1280x800", asked of the X server itself. */
  async resolution() {
    const text = await this.exec("xdpyinfo");
    return /dimensions:\s+(\d+x\d+)/.exec(text)?.[1] ?? null;
  }
}
