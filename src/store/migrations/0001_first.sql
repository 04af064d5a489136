-- SPDX-License-Identifier: Apache-2.0
-- Times are milliseconds since 1970 UTC. BIGINT everywhere: the access library reads a dynamic
-- INTEGER column of SQLite as 32 bits. The one INTEGER is what AUTOINCREMENT demands.

CREATE TABLE meta (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    generation BIGINT NOT NULL,
    realm TEXT NOT NULL,
    subject TEXT NOT NULL,
    slot TEXT NOT NULL,
    requested_by TEXT NOT NULL,
    template TEXT NOT NULL,
    name TEXT NOT NULL,
    spec TEXT NOT NULL,
    policy TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    state_since BIGINT NOT NULL,
    stages TEXT NOT NULL,
    start_deadline BIGINT,
    ready_at BIGINT,
    ended_at BIGINT,
    host TEXT,
    placement_note TEXT NOT NULL,
    container TEXT,
    lease_end BIGINT,
    extensions_used BIGINT NOT NULL,
    last_input_at BIGINT NOT NULL,
    disconnected_since BIGINT,
    end_reason TEXT,
    end_code TEXT,
    end_message TEXT NOT NULL,
    end_detail TEXT NOT NULL,
    end_stage TEXT,
    stop_attempts BIGINT NOT NULL,
    retry_at BIGINT,
    holds_slot BIGINT NOT NULL CHECK (holds_slot IN (0, 1))
);

-- The rule "one live session per owner and slot", decided by the database.
CREATE UNIQUE INDEX sessions_slot ON sessions (realm, subject, slot) WHERE holds_slot = 1;
CREATE INDEX sessions_key ON sessions (realm, subject, idempotency_key, created_at)
    WHERE idempotency_key <> '';
CREATE INDEX sessions_live ON sessions (created_at, id) WHERE state <> 'ended';
CREATE INDEX sessions_ended ON sessions (ended_at, id) WHERE state = 'ended';

-- Numbers are given out inside the writer's transaction and never again: a rollback leaves no gap.
CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at BIGINT NOT NULL,
    type TEXT NOT NULL,
    session TEXT NOT NULL,
    realm TEXT NOT NULL,
    subject TEXT NOT NULL,
    slot TEXT NOT NULL,
    from_state TEXT NOT NULL,
    to_state TEXT NOT NULL,
    actor TEXT NOT NULL,
    cause TEXT NOT NULL
);
CREATE INDEX events_at ON events (at);

CREATE TABLE accounts (
    id TEXT NOT NULL PRIMARY KEY,
    username TEXT NOT NULL,
    username_key TEXT NOT NULL UNIQUE, -- lower case
    role TEXT NOT NULL,
    is_disabled BIGINT NOT NULL CHECK (is_disabled IN (0, 1)),
    password_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_login_at BIGINT
);

CREATE TABLE credentials (
    hash TEXT NOT NULL PRIMARY KEY, -- SHA-256 of the secret value, which is not stored
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    last_used_at BIGINT,
    UNIQUE (kind, id)
);
CREATE INDEX credentials_user ON credentials (user_id, kind, created_at);
CREATE INDEX credentials_expiry ON credentials (expires_at) WHERE expires_at IS NOT NULL;
