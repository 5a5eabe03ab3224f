-- What must never be in an event: password hashes, codes, counters, sessions, private keys.

CREATE TABLE account_addresses (
    email      text PRIMARY KEY,            -- lower case; whose log-in this is
    account_id uuid NOT NULL UNIQUE
);

CREATE TABLE credentials (
    account_id    uuid        PRIMARY KEY,
    password_hash text        NOT NULL,     -- argon2id, with its own salt and cost
    changed_at    timestamptz NOT NULL
);

CREATE TABLE logins (
    login_id        uuid        PRIMARY KEY,
    account_id      uuid        NOT NULL,
    address_key     bytea       NOT NULL,   -- the throttle that its wrong codes count on
    code_mac        bytea       NOT NULL,   -- HMAC of login and code; the code itself is nowhere
    sent_at         timestamptz NOT NULL,
    code_expires_at timestamptz NOT NULL,
    tries_left      integer     NOT NULL,
    resends_left    integer     NOT NULL,
    started_at      timestamptz NOT NULL,
    ended_at        timestamptz
);
CREATE INDEX logins_still_open ON logins (account_id) WHERE ended_at IS NULL;
CREATE INDEX logins_by_age ON logins (started_at);

CREATE TABLE throttles (
    key           bytea       PRIMARY KEY,  -- HMAC of an e-mail address or a network
    failures      integer     NOT NULL,
    first_at      timestamptz NOT NULL,
    blocked_until timestamptz,
    touched_at    timestamptz NOT NULL
);
CREATE INDEX throttles_by_age ON throttles (touched_at);

CREATE TABLE sessions (
    session_id   uuid        PRIMARY KEY,
    account_id   uuid        NOT NULL,
    secret_hash  bytea       NOT NULL,      -- SHA-256 of 256 random bits
    started_at   timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    ended_at     timestamptz
);
CREATE INDEX sessions_still_open ON sessions (account_id) WHERE ended_at IS NULL;
CREATE INDEX sessions_by_age ON sessions (started_at);

CREATE TABLE token_keys (
    kid        text        PRIMARY KEY,
    sealed_jwk bytea       NOT NULL,        -- private Ed25519 JWK, AES-GCM under EPEP_SECRET_KEY
    made_at    timestamptz NOT NULL,        -- the newest signs
    not_after  timestamptz NOT NULL
);

-- The read model `accounts`.
CREATE TABLE accounts (
    account_id uuid    PRIMARY KEY,
    name       text    NOT NULL,
    email      text    NOT NULL,
    search     text    NOT NULL,            -- name and address, lower case, without accents
    active     boolean NOT NULL
);
CREATE TABLE account_grants (
    account_id  uuid NOT NULL,
    authority   text NOT NULL,
    role        text NOT NULL,
    setting_urn text,
    UNIQUE NULLS NOT DISTINCT (account_id, authority, role, setting_urn)
);
CREATE INDEX account_grants_by_authority ON account_grants (authority, role);
