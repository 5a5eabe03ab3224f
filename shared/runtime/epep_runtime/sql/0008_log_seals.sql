-- What a service needs to sign the Merkle root over all its streams now and then, at the cost of
-- what has happened since the last time. The roots themselves are events (LogSealed).

CREATE TABLE log_keys (
    kid        text        PRIMARY KEY,
    sealed_jwk bytea       NOT NULL,  -- AES-GCM under EPEP_SECRET_KEY
    made_at    timestamptz NOT NULL
);

-- Streams as the last root has them, by the leaf of the tree they stand in; and the leaves' hashes.
CREATE TABLE sealed_heads (
    slot           integer NOT NULL,
    stream_id      text    NOT NULL,
    stream_version integer NOT NULL,
    hash           bytea   NOT NULL,
    PRIMARY KEY (slot, stream_id)
);

CREATE TABLE sealed_slots (
    slot integer PRIMARY KEY,
    hash bytea   NOT NULL
);

CREATE TABLE sealed_place (
    only_one    boolean     PRIMARY KEY DEFAULT true CHECK (only_one),
    publication bigint      NOT NULL DEFAULT 0,
    streams     bigint      NOT NULL DEFAULT 0,
    sealed_at   timestamptz
);
INSERT INTO sealed_place DEFAULT VALUES;
