-- A read model is rebuilt beside the live one: a generation is a set of its tables. Those of the
-- live generation are in `public`, those of any other in the schema named here.
CREATE TABLE generations (
    read_model  text        NOT NULL,
    number      integer     NOT NULL CHECK (number >= 0),
    schema_name text        NOT NULL UNIQUE,
    state       text        NOT NULL CHECK (state IN ('building', 'live', 'old')),
    total       bigint      NOT NULL DEFAULT 0,  -- events there were when it was last asked for
    begun_at    timestamptz NOT NULL DEFAULT now(),
    switched_at timestamptz,
    PRIMARY KEY (read_model, number)
);
CREATE UNIQUE INDEX one_generation_is_building ON generations (read_model) WHERE state = 'building';
CREATE UNIQUE INDEX one_generation_is_live ON generations (read_model) WHERE state = 'live';

-- Which generation a place belongs to. A worker that read its place before the switch finds
-- another number here, and cannot write, even where offset and publication happen to be the same.
ALTER TABLE places ADD COLUMN generation integer NOT NULL DEFAULT 0;

-- What is parked stays with its generation, whose subscription gets another name at the switch.
ALTER TABLE parked_events
    DROP CONSTRAINT parked_events_subscription_topic_stream_id_fkey,
    ADD CONSTRAINT parked_events_of_parked_stream
        FOREIGN KEY (subscription, topic, stream_id)
        REFERENCES parked_streams (subscription, topic, stream_id)
        ON DELETE CASCADE ON UPDATE CASCADE;
