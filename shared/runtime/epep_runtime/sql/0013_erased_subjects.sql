-- Who has been erased, as pep-service and identity-service say: a rebuild forgets them, too.
CREATE TABLE erased_subjects (
    subject   uuid        PRIMARY KEY,
    kind      text        NOT NULL,
    erased_at timestamptz NOT NULL
);
