-- People with accounts and the roles they hold, as identity-service says (read model `people`).
-- `search` is name and address in lower case without accents. A role that ended stays, with the
-- instant of its end, so that a token made before it is not believed for the rest of its life.
CREATE TABLE known_people (
    account_id uuid    PRIMARY KEY,
    name       text    NOT NULL,
    email      text    NOT NULL,            -- lower case
    search     text    NOT NULL,
    active     boolean NOT NULL DEFAULT true
);
CREATE INDEX known_people_by_email ON known_people (email);
CREATE TABLE known_roles (
    account_id  uuid        NOT NULL,
    authority   text        NOT NULL,
    role        text        NOT NULL,
    setting_urn text        NOT NULL DEFAULT '',
    held_from   timestamptz NOT NULL,
    held_to     timestamptz,
    PRIMARY KEY (account_id, authority, role, setting_urn)
);
CREATE INDEX known_roles_by_authority ON known_roles (authority, role);
CREATE INDEX known_roles_by_setting ON known_roles (setting_urn) WHERE setting_urn <> '';

-- A database from before this table was shared has its own read model of the same name: it is
-- read anew from the beginning of identity's topic.
DELETE FROM places WHERE subscription = 'people';
DELETE FROM parked_streams WHERE subscription = 'people';
DELETE FROM generations WHERE read_model = 'people';
