-- An event that a handler cannot take parks its stream: later events of that stream queue behind
-- it in order, all other streams go on. The operator, or the next try, releases them in order.
CREATE TABLE parked_streams (
    subscription text        NOT NULL,
    topic        text        NOT NULL,
    partition    integer     NOT NULL,
    stream_id    text        NOT NULL,
    error        text        NOT NULL,
    tries        integer     NOT NULL DEFAULT 1,
    parked_at    timestamptz NOT NULL DEFAULT now(),
    next_try_at  timestamptz NOT NULL,
    PRIMARY KEY (subscription, topic, stream_id)
);

CREATE TABLE parked_events (
    subscription text    NOT NULL,
    topic        text    NOT NULL,
    publication  bigint  NOT NULL,
    stream_id    text    NOT NULL,
    headers      jsonb   NOT NULL,
    value        bytea   NOT NULL,
    PRIMARY KEY (subscription, topic, publication),
    FOREIGN KEY (subscription, topic, stream_id)
        REFERENCES parked_streams (subscription, topic, stream_id) ON DELETE CASCADE
);
CREATE INDEX parked_events_of_a_stream ON parked_events (subscription, topic, stream_id, publication);
