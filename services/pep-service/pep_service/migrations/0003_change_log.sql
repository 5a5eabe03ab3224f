-- One row a change, from every service's events (read model `change_log`). Each row is made of its
-- own event alone, so that a rebuild gives the same rows whatever the order of the topics: whose
-- child a PEP's row is about is looked up when the log is read.
CREATE TABLE change_log (
    event_id       uuid        PRIMARY KEY,
    at             timestamptz NOT NULL,
    stream_version integer     NOT NULL,
    type           text        NOT NULL,
    child_id       uuid,
    pep_id         uuid,
    who            text        NOT NULL,
    who_name       text,
    role           text        NOT NULL,
    section        text        NOT NULL,
    what           text        NOT NULL,
    changes        jsonb       NOT NULL,
    CHECK (child_id IS NOT NULL OR pep_id IS NOT NULL)
);
CREATE INDEX change_log_of_pep ON change_log (pep_id, at DESC);
CREATE INDEX change_log_of_child ON change_log (child_id, at DESC);
