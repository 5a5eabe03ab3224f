-- Mails on their way. `facts` is what the mail is written from; sealed secrets in it stay sealed
-- until the moment of writing, and all of it goes when the mail is settled.
--
-- waiting    to be tried at due_at
-- claimed    a worker is talking to the mail server; nothing has been handed over yet
-- sending    the worker has begun to hand over the message: after a crash here nobody can know
-- sent, failed, uncertain    settled
CREATE TABLE outbox (
    notification_id uuid        PRIMARY KEY,
    kind            text        NOT NULL,
    email           text        NOT NULL,
    facts           jsonb,
    traceparent     text,
    state           text        NOT NULL DEFAULT 'waiting'
                    CHECK (state IN ('waiting','claimed','sending','sent','failed','uncertain')),
    due_at          timestamptz NOT NULL,
    tries           integer     NOT NULL DEFAULT 0,
    worker          bigint,
    put_out_at      timestamptz NOT NULL,
    settled_at      timestamptz,
    CHECK ((facts IS NULL) = (settled_at IS NOT NULL)),
    CHECK ((state IN ('claimed', 'sending')) = (worker IS NOT NULL))
);
-- Somebody waits at the log-in page for a code: codes go first.
CREATE INDEX outbox_due ON outbox ((kind <> 'login_code'), due_at) WHERE state = 'waiting';
CREATE INDEX outbox_workers ON outbox (worker) WHERE worker IS NOT NULL;

-- Private keys that others seal to, encrypted (AES-256-GCM) under EPEP_SECRET_KEY.
CREATE TABLE sealing_secrets (
    kid       text        PRIMARY KEY,
    nonce     bytea       NOT NULL,
    encrypted bytea       NOT NULL,
    made_at   timestamptz NOT NULL DEFAULT now()
);
