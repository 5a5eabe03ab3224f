-- What the services need of every version of every authority's profile (read model `profiles`).
-- `reasons` and `checklist` are [value, label] pairs in the profile's order.
CREATE TABLE known_profiles (
    code           text        NOT NULL,
    version        integer     NOT NULL,
    published_at   timestamptz NOT NULL,
    name           text        NOT NULL,
    virtual_school text        NOT NULL,
    contact_email  text        NOT NULL,
    contact_phone  text        NOT NULL,
    labels         jsonb       NOT NULL,
    reasons        jsonb       NOT NULL,
    checklist      jsonb       NOT NULL,
    writers        text[]      NOT NULL,    -- of the meeting page
    permissions    jsonb       NOT NULL,
    qa             jsonb       NOT NULL,
    PRIMARY KEY (code, version)
);

-- A database from before this table was shared has its own read model of the same name: it is
-- read anew from the beginning of pep-service's topic.
DELETE FROM places WHERE subscription = 'profiles';
DELETE FROM parked_streams WHERE subscription = 'profiles';
DELETE FROM generations WHERE read_model = 'profiles';
