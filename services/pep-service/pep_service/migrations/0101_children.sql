-- Children as lists show them; the child's own page folds the stream.
CREATE TABLE children (
    child_id       uuid PRIMARY KEY,
    authority      text NOT NULL,
    social_care_id text NOT NULL,
    first_name     text,
    last_name      text,
    preferred_name text,
    date_of_birth  date NOT NULL,
    upn            text,
    setting_urn    text,
    setting_name   text,
    registered_at  timestamptz NOT NULL
);
CREATE INDEX children_by_authority ON children (authority, last_name, first_name);

-- People with accounts, as identity says.
CREATE TABLE people (
    account_id uuid PRIMARY KEY,
    name       text NOT NULL,
    email      text NOT NULL,
    active     boolean NOT NULL DEFAULT true
);
CREATE INDEX people_by_email ON people (email);
CREATE TABLE people_roles (
    account_id  uuid NOT NULL,
    authority   text NOT NULL,
    role        text NOT NULL,
    setting_urn text NOT NULL DEFAULT '',
    PRIMARY KEY (account_id, authority, role, setting_urn)
);

-- Schools and other settings.
CREATE TABLE settings_register (
    urn       text PRIMARY KEY,
    name      text NOT NULL,
    phase     text NOT NULL,
    authority text NOT NULL
);
CREATE INDEX settings_by_authority ON settings_register (authority, name);
