-- SPDX-License-Identifier: Apache-2.0
-- What happened on a host is found by it. Events of hosts alone named theirs in the cause only: "host NAME" or
-- "host NAME: …"; where an old event of a session happened is not known any more.

ALTER TABLE events ADD COLUMN host TEXT NOT NULL DEFAULT '';
UPDATE events SET host = substr(cause, 6, CASE instr(cause, ':') WHEN 0 THEN length(cause) ELSE instr(cause, ':') - 6 END)
    WHERE type LIKE 'host.%' AND cause LIKE 'host %';
CREATE INDEX events_host ON events (host, seq);
