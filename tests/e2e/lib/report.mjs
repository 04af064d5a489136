// SPDX-License-Identifier: Apache-2.0
// One line per check; what failed is said again at the end, and the last line of a run is "N passed, N failed".
import assert from "node:assert/strict";
import { statfs } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";

const checkLimitMs = 300_000;
/** The output could not be written (a full disk, a closed pipe): nothing of ours would be read. */
const unwritable = 74;

const plain = (error) => String(error?.message ?? error).replace(/\x1b\[\d+m/g, "");
const firstLine = (error) => plain(error).split("\n")[0].slice(0, 200);

export class Report {
  passed = 0;
  failed = 0;
  failures = [];
  running = new Set();
  stopped = null;

  /** Errors that belong to no check would end the process before it has said anything. */
  watchProcess() {
    process.stdout.on("error", () => process.exit(unwritable));
    for (const kind of ["uncaughtException", "unhandledRejection"]) {
      process.on(kind, (error) => this.note(`${kind} during: ${[...this.running].join(", ") || "no check"}`, error?.stack ?? error));
    }
  }

  /** Runs one check; a thrown error is its failure, and the run goes on. */
  async check(name, run) {
    if (this.stopped !== null) return false;
    const began = Date.now();
    this.running.add(name);
    try {
      await limited(run, name);
      this.passed++;
      console.log(`ok ${this.passed + this.failed} - ${name} (${Date.now() - began} ms)`);
      return true;
    } catch (error) {
      this.note(name, error);
      return false;
    } finally {
      this.running.delete(name);
    }
  }

  /** A failure, at once and again at the end. */
  note(name, error) {
    this.failed++;
    this.failures.push(`${name}: ${firstLine(error)}`);
    console.log(`not ok ${this.passed + this.failed} - ${name}`);
    console.log(plain(error).split("\n").slice(0, 14).map((l) => `  # ${l}`).join("\n"));
  }

  /** Without a browser no check says anything: the rest is left out, which is a failure. */
  stop(reason) {
    if (this.stopped !== null) return;
    this.stopped = reason;
    this.note("the run was cut short", reason);
  }

  /** Prints what failed and the sum; the exit code to use. Nothing run is a failure too. */
  async end(folders = []) {
    if (this.failed > 0) {
      for (const folder of folders) console.log(`free in ${folder}: ${await freeMb(folder)} MB`);
      for (const failure of this.failures) console.log(`failed: ${failure}`);
    }
    console.log(`${this.passed} passed, ${this.failed} failed`);
    return this.failed === 0 && this.passed > 0 ? 0 : 1;
  }
}

async function freeMb(folder) {
  const disk = await statfs(folder).catch(() => null);
  return disk ? Math.round((disk.bavail * disk.bsize) / 1e6) : "?";
}

async function limited(run, name) {
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not over within ${checkLimitMs} ms: ${name}`)), checkLimitMs);
  });
  try {
    await Promise.race([run(), limit]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits until `probe` answers something truthy; a hard limit, never a hope. */
export async function until(what, probe, limitMs = 30_000, stepMs = 100) {
  const end = Date.now() + limitMs;
  let last;
  for (;;) {
    last = await probe();
    if (last) return last;
    if (Date.now() > end) throw new Error(`not within ${limitMs} ms: ${what} (last: ${JSON.stringify(last)})`);
    await new Promise((resolve) => setTimeout(resolve, stepMs));
  }
}

/** What a page shows a moment later, after the frame that is being drawn: equal in the end, or what was seen last. */
export async function soon(read, wanted, what) {
  const end = Date.now() + 10_000;
  let seen = await read();
  while (!isDeepStrictEqual(seen, wanted) && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    seen = await read();
  }
  assert.deepEqual(seen, wanted, what);
}
