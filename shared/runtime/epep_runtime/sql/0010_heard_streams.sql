-- How far each live read model has come in each stream, for whoever waits to see a change of their
-- own. Only the last minute matters, so it needs no log and may be empty after a crash.
CREATE UNLOGGED TABLE heard_streams (
    read_model     text        NOT NULL,
    stream_id      text        NOT NULL,
    stream_version integer     NOT NULL,
    heard_at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (read_model, stream_id)
);
CREATE INDEX heard_streams_by_age ON heard_streams (heard_at);
