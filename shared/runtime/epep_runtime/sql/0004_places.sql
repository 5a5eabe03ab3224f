-- How far each subscription has come in each partition. The same transaction that stores a result
-- moves the place, by compare-and-set: a worker that lost its partition cannot write.
CREATE TABLE places (
    subscription text        NOT NULL,
    topic        text        NOT NULL,
    partition    integer     NOT NULL,
    next_offset  bigint      NOT NULL,
    publication  bigint      NOT NULL DEFAULT 0,
    moved_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (subscription, topic, partition)
);

-- The first answer to each change that came with an Idempotency-Key.
CREATE TABLE first_answers (
    account_id  uuid        NOT NULL,
    key         text        NOT NULL,
    fingerprint bytea       NOT NULL,
    status      integer     NOT NULL,
    version     integer,
    location    text,
    body        jsonb       NOT NULL,
    answered_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, key)
);

-- The public keys that tokens are signed with, as identity publishes them.
CREATE TABLE signing_keys (
    kid       text PRIMARY KEY,
    jwk       jsonb NOT NULL,
    not_after timestamptz NOT NULL
);

-- The public key that secrets are sealed to for notification-service, newest last.
CREATE TABLE sealing_keys (
    kid          text PRIMARY KEY,
    jwk          jsonb NOT NULL,
    published_at timestamptz NOT NULL
);
