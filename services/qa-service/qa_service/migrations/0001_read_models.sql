-- Every version of every profile: a PEP is judged by the one it was initiated under.
CREATE TABLE profiles (
    code    text    NOT NULL,
    version integer NOT NULL,
    name    text    NOT NULL,
    qa      jsonb   NOT NULL,
    PRIMARY KEY (code, version)
);

-- Each PEP: which profile it is bound to, and how far it has come.
CREATE TABLE peps (
    pep_id          uuid    PRIMARY KEY,
    child_id        uuid    NOT NULL,
    initials        text    NOT NULL,
    kind_label      text    NOT NULL,
    profile_code    text    NOT NULL,
    profile_version integer NOT NULL,
    state           text    NOT NULL DEFAULT 'open'
                    CHECK (state IN ('open', 'submitted', 'returned', 'signed_off'))
);

-- People with accounts, to say by name who published a review.
CREATE TABLE people (
    account_id uuid PRIMARY KEY,
    name       text NOT NULL
);

-- The virtual school's list of reviews.
CREATE TABLE reviews (
    review_id      uuid        PRIMARY KEY,
    authority      text        NOT NULL,
    pep_id         uuid        NOT NULL,
    child_id       uuid        NOT NULL,
    round          integer     NOT NULL,
    because        text        NOT NULL,
    gates_sign_off boolean     NOT NULL,
    state          text        NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'published')),
    rating_label   text,
    opened_at      timestamptz NOT NULL,
    published_at   timestamptz
);
CREATE INDEX reviews_of_authority ON reviews (authority, state, opened_at);
