-- Every version of every authority's profile (read model `profiles`).
CREATE TABLE profiles (
    code                text        NOT NULL,
    version             integer     NOT NULL,
    name                text        NOT NULL,
    virtual_school_name text        NOT NULL,
    published_at        timestamptz NOT NULL,
    PRIMARY KEY (code, version)
);
