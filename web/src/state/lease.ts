// SPDX-License-Identifier: Apache-2.0
// When the time of a desktop is over, whatever ends it. Pure.
import type { Session } from "../api/types";

type Ends = Pick<Session, "deadline" | "notice">;

/** More time would not help: its machine is serviced before that. */
export function isBound({ deadline, notice }: Ends): boolean {
  const serviced = notice?.ends_at ?? null;
  return serviced !== null && (deadline === null || Date.parse(serviced) <= Date.parse(deadline));
}

/** null: nothing ends it. */
export const endOf = (session: Ends): string | null => (isBound(session) ? (session.notice?.ends_at ?? null) : session.deadline);

export const mayExtend = (session: Ends & Pick<Session, "lease">): boolean => session.lease.extensions_left !== 0 && !isBound(session);
