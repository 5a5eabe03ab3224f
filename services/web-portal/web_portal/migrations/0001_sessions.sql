-- Who is logged in, and what was typed and not yet saved. Both are sealed with the portal's key:
-- a copy of this database alone neither logs anybody in nor tells anything about a child.
CREATE TABLE sessions (
    id_hash      bytea PRIMARY KEY CHECK (length(id_hash) = 32),
    account_id   text,
    sealed       bytea NOT NULL,
    created_at   timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL
);
CREATE INDEX sessions_by_age ON sessions (last_seen_at);

CREATE TABLE drafts (
    account_id text NOT NULL,
    path       text NOT NULL,
    sealed     bytea NOT NULL,
    kept_at    timestamptz NOT NULL,
    PRIMARY KEY (account_id, path)
);
CREATE INDEX drafts_by_age ON drafts (kept_at);
