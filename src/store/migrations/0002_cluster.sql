-- SPDX-License-Identifier: Apache-2.0
-- Several hosts: why a session is where it is, where it was tried before, whether its host is still
-- the same engine, and what was made ahead of time.

ALTER TABLE sessions ADD COLUMN placement TEXT NOT NULL DEFAULT '[]';
ALTER TABLE sessions ADD COLUMN attempts TEXT NOT NULL DEFAULT '[]';
ALTER TABLE sessions ADD COLUMN engine_id TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN placement_labels TEXT NOT NULL DEFAULT '{}';
ALTER TABLE sessions ADD COLUMN pool TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN is_paused BIGINT NOT NULL DEFAULT 0 CHECK (is_paused IN (0, 1));

-- What was known of a template's container when its row was written did not have volumes.
UPDATE sessions SET spec = json_set(spec, '$.volumes', json('{}'));

-- Hosts that were added while running (definition is theirs), and what was said of hosts that the
-- configuration names (definition is empty, mode counts).
CREATE TABLE hosts (
    name TEXT NOT NULL PRIMARY KEY,
    definition TEXT NOT NULL,
    mode TEXT NOT NULL,
    maintenance_message TEXT NOT NULL,
    maintenance_until BIGINT,
    updated_at BIGINT NOT NULL
);
