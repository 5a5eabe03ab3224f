-- An authority's files after their check: what the import will do, until it is done.
CREATE TABLE imports (
    import_id   uuid PRIMARY KEY,
    authority   text NOT NULL,
    made_by     uuid NOT NULL,
    made_at     timestamptz NOT NULL,
    fingerprint bytea NOT NULL,
    state       text NOT NULL DEFAULT 'checked'
                CHECK (state IN ('checked', 'importing', 'imported', 'failed')),
    new         integer NOT NULL,
    changed     integer NOT NULL,
    unchanged   integer NOT NULL,
    refused     integer NOT NULL,
    started_by  uuid,
    started_at  timestamptz,
    ended_at    timestamptz,
    failure     text
);
-- One import at a time in an authority.
CREATE UNIQUE INDEX imports_one_at_a_time ON imports (authority) WHERE state = 'importing';

-- `facts` is JSON as text (it comes by COPY), and is emptied once it is in the child's stream.
CREATE TABLE import_children (
    import_id uuid    NOT NULL REFERENCES imports ON DELETE CASCADE,
    place     integer NOT NULL,
    child_id  uuid    NOT NULL,
    facts     text,
    done      boolean NOT NULL DEFAULT false,
    PRIMARY KEY (import_id, place)
);
CREATE INDEX import_children_to_do ON import_children (import_id, place) WHERE NOT done;

CREATE TABLE import_problems (
    import_id uuid    NOT NULL REFERENCES imports ON DELETE CASCADE,
    place     integer NOT NULL,
    file      text    NOT NULL,
    line      integer NOT NULL,
    "column"  text    NOT NULL,
    value     text    NOT NULL,
    reason    text    NOT NULL,
    severity  text    NOT NULL,
    PRIMARY KEY (import_id, place)
);
