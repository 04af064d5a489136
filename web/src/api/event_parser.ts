// SPDX-License-Identifier: Apache-2.0
// Server-sent events out of the text of an answer, for streams that an EventSource cannot ask for. Pure.

export interface ServerEvent {
  type: string;
  data: string;
}

/** Takes text in pieces that may end anywhere; what is not whole yet waits for the next. */
export class EventParser {
  private rest = "";
  private type = "";
  private data: string[] = [];

  push(text: string): ServerEvent[] {
    const lines = (this.rest + text).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? "";
    return lines.flatMap((line) => this.line(line));
  }

  private line(line: string): ServerEvent[] {
    if (line === "") return this.flush();
    const [, name, value] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
    if (name === "event") this.type = value ?? "";
    if (name === "data") this.data.push(value ?? "");
    return [];
  }

  private flush(): ServerEvent[] {
    const event = { type: this.type || "message", data: this.data.join("\n") };
    const isEmpty = this.data.length === 0;
    this.type = "";
    this.data = [];
    return isEmpty ? [] : [event];
  }
}
