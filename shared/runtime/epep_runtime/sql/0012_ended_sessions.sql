-- Sessions and accounts whose access tokens are refused though they have not run out, as identity
-- says. Part of the read model `keys`; a row is of no use once its tokens have run out.
CREATE TABLE ended_sessions (
    session_id text        PRIMARY KEY,
    ended_at   timestamptz NOT NULL
);
CREATE INDEX ended_sessions_by_time ON ended_sessions (ended_at);
CREATE TABLE ended_accounts (
    account_id uuid        PRIMARY KEY,
    ended_at   timestamptz NOT NULL                    -- tokens made until then
);
