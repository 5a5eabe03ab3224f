-- People with accounts, as identity-service says.
CREATE TABLE people (
    account_id uuid    PRIMARY KEY,
    name       text    NOT NULL,
    email      text    NOT NULL,
    active     boolean NOT NULL DEFAULT true
);

-- The newest profile of each authority: names, contact, and the words for a meeting's reason.
CREATE TABLE authorities (
    code           text    PRIMARY KEY,
    version        integer NOT NULL,
    name           text    NOT NULL,
    virtual_school text    NOT NULL,
    contact_email  text    NOT NULL,
    contact_phone  text    NOT NULL,
    reasons        jsonb   NOT NULL
);

-- What a mail may say of a PEP.
CREATE TABLE peps (
    pep_id     uuid PRIMARY KEY,
    child_id   uuid NOT NULL,
    initials   text NOT NULL,
    kind_label text NOT NULL
);

-- Each person's messages, for the portal.
CREATE TABLE messages (
    notification_id uuid        PRIMARY KEY,
    account_id      uuid        NOT NULL,
    kind            text        NOT NULL,
    subject         text        NOT NULL,
    at              timestamptz NOT NULL,
    state           text        NOT NULL,
    pep_id          uuid,
    meeting_id      uuid
);
CREATE INDEX messages_newest ON messages (account_id, at DESC);
