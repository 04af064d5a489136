// SPDX-License-Identifier: Apache-2.0
// One line per check; the last line of a run is "N passed, N failed".
export class Report {
  passed = 0;
  failed = 0;

  /** Runs one check; a thrown error is its failure, and the run goes on. */
  async check(name, run) {
    const began = Date.now();
    try {
      await run();
      this.passed++;
      console.log(`ok ${this.passed + this.failed} - ${name} (${Date.now() - began} ms)`);
      return true;
    } catch (error) {
      this.failed++;
      console.log(`not ok ${this.passed + this.failed} - ${name}`);
      console.log(String(error?.message ?? error).split("\n").slice(0, 14).map((l) => `  # ${l}`).join("\n"));
      return false;
    }
  }

  /** Prints the sum; the exit code to use. Nothing run is a failure too. */
  end() {
    console.log(`${this.passed} passed, ${this.failed} failed`);
    return this.failed === 0 && this.passed > 0 ? 0 : 1;
  }
}

/** Waits until `probe` answers something truthy; a hard limit, never a hope. */
export async function until(what, probe, limitMs = 10_000, stepMs = 100) {
  const end = Date.now() + limitMs;
  let last;
  for (;;) {
    last = await probe();
    if (last) return last;
    if (Date.now() > end) throw new Error(`not within ${limitMs} ms: ${what} (last: ${JSON.stringify(last)})`);
    await new Promise((resolve) => setTimeout(resolve, stepMs));
  }
}
