-- The log. Its order of commit is (transaction_id, position) below the oldest open transaction:
-- `position` alone is the order of insertion, which a slower transaction makes a lie.
CREATE TABLE events (
    position        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    transaction_id  xid8        NOT NULL DEFAULT pg_current_xact_id(),
    stream_id       text        NOT NULL,
    stream_version  integer     NOT NULL CHECK (stream_version > 0),
    event_id        uuid        NOT NULL UNIQUE,
    type            text        NOT NULL,
    schema_version  integer     NOT NULL CHECK (schema_version > 0),
    occurred_at     timestamptz NOT NULL,
    authority       text,
    actor_id        text        NOT NULL,
    actor_role      text        NOT NULL,
    on_behalf_of    text,
    correlation_id  uuid        NOT NULL,
    causation_id    uuid,
    traceparent     text,
    data            json        NOT NULL,  -- json, not jsonb: the bytes said are the bytes kept
    UNIQUE (stream_id, stream_version)
);
CREATE INDEX events_in_commit_order ON events (transaction_id, position);

CREATE FUNCTION refuse_change_of_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'events are never changed or removed' USING ERRCODE = 'EP001';
END $$;

CREATE TRIGGER events_are_final BEFORE UPDATE OR DELETE ON events
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_history();
CREATE TRIGGER events_are_not_truncated BEFORE TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_history();
