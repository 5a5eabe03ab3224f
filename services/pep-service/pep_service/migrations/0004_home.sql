-- Children as the home page finds and orders them (read model `home`).
CREATE TABLE home (
    child_id       uuid PRIMARY KEY,
    authority      text NOT NULL,
    number         text NOT NULL,
    first_name     text,
    last_name      text,
    preferred_name text,
    sort_key       text NOT NULL,
    search_key     text NOT NULL
);
CREATE INDEX home_in_order ON home (authority, sort_key, child_id);
