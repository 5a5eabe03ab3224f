-- Who is somebody to a child, as pep-service says it. Every service that shows children keeps its
-- own copy, so that it can answer while the others are away.
CREATE TABLE access_children (
    child_id  uuid PRIMARY KEY,
    authority text NOT NULL
);
CREATE TABLE access_people (
    child_id   uuid NOT NULL,
    account_id uuid NOT NULL,
    role       text NOT NULL,
    since      timestamptz NOT NULL,
    PRIMARY KEY (child_id, account_id, role)
);
CREATE INDEX access_people_by_account ON access_people (account_id);
CREATE TABLE access_peps (
    pep_id   uuid PRIMARY KEY,
    child_id uuid NOT NULL
);
