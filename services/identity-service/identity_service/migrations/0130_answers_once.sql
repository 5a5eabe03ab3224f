-- What a change of one's own account, sent with an Idempotency-Key, was answered: the same request
-- again gets it. `status` is null while nobody knows yet how it ended, `body` where the answer has
-- a secret in it, which is shown once and kept nowhere. The fingerprint is an HMAC, for the request
-- may hold a password. Thrown away after a day.
CREATE TABLE answers_once (
    account_id  uuid        NOT NULL,
    key         text        NOT NULL,
    fingerprint bytea       NOT NULL,
    at          timestamptz NOT NULL,
    status      integer,
    body        jsonb,
    PRIMARY KEY (account_id, key)
);
CREATE INDEX answers_once_by_age ON answers_once (at);
