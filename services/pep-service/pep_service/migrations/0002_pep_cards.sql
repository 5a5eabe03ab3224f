-- One row a PEP: what lists show of it (read model `pep_cards`). `version` is the version of the
-- PEP's stream that the row has come to, so that a reader can tell whether it is behind.
CREATE TABLE pep_cards (
    pep_id          uuid        PRIMARY KEY,
    child_id        uuid        NOT NULL,
    version         integer     NOT NULL,
    kind_label      text        NOT NULL,
    variant         text        NOT NULL,
    profile_code    text        NOT NULL,
    profile_version integer     NOT NULL,
    initiated_at    timestamptz NOT NULL,
    initiated_on    date        NOT NULL,
    completion_due  date,
    meeting_at      timestamptz,
    scheduled       boolean     NOT NULL,
    confirmed       boolean     NOT NULL,
    completed       text[]      NOT NULL,
    submitted       boolean     NOT NULL,
    returned        boolean     NOT NULL,
    signed_off_on   date,
    rating          text,
    rating_label    text
);
CREATE INDEX pep_cards_of_child ON pep_cards (child_id, initiated_at);

-- The PEPs of a child in the service's own log: asked before a PEP is begun, and where a read
-- model may be behind.
CREATE INDEX events_peps_of_child ON events ((data ->> 'child_id')) WHERE type = 'PEPInitiated';
