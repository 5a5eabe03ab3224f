-- Registration, one-use links, second factors, known devices, and more of a session.

-- One-use links in mails. The token is nowhere but in the mail; looking at a link changes nothing.
CREATE TABLE links (
    token_hash bytea       PRIMARY KEY,     -- SHA-256 of 256 random bits
    kind       text        NOT NULL,
    subject    uuid        NOT NULL,        -- the registration, account, log-in or change it is for
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);
CREATE INDEX links_by_subject ON links (subject);
CREATE INDEX links_by_age ON links (expires_at);

-- What strangers asked for. The door writes it down and answers; what is known of the person is
-- looked up afterwards, so that no answer tells, by its words or its time, who has an account.
CREATE TABLE asks (
    ask_id   uuid        PRIMARY KEY,
    kind     text        NOT NULL,
    sealed   bytea       NOT NULL,          -- AES-GCM under EPEP_SECRET_KEY
    asked_at timestamptz NOT NULL,
    due_at   timestamptz NOT NULL,
    tries    integer     NOT NULL DEFAULT 0
);
CREATE INDEX asks_due ON asks (due_at);

ALTER TABLE logins
    ADD COLUMN declared  jsonb NOT NULL DEFAULT '[]',  -- [[authority, version, keys], …]
    ADD COLUMN device_id uuid,                         -- a known device that was shown with it
    ADD COLUMN challenge bytea;                        -- what a passkey is to sign

ALTER TABLE sessions
    ADD COLUMN login_id           uuid,
    ADD COLUMN device_id          uuid,
    ADD COLUMN device             text NOT NULL DEFAULT '',
    ADD COLUMN network            text NOT NULL DEFAULT '',
    ADD COLUMN reauthenticated_at timestamptz;
CREATE INDEX sessions_by_login ON sessions (login_id);

-- Devices that somebody logged in on: guesses of strangers do not lock their owner out.
CREATE TABLE devices (
    device_id        uuid        PRIMARY KEY,
    account_id       uuid        NOT NULL,
    secret_hash      bytea       NOT NULL,
    device           text        NOT NULL,
    made_at          timestamptz NOT NULL,
    last_used_at     timestamptz NOT NULL,
    remembered_until timestamptz                       -- no second factor asked for until then
);
CREATE INDEX devices_by_account ON devices (account_id);
CREATE INDEX devices_by_age ON devices (last_used_at);

-- A key is published, and only some time later does it sign: nobody meets a key unheard of.
ALTER TABLE token_keys ADD COLUMN signs_from timestamptz;
UPDATE token_keys SET signs_from = made_at;
ALTER TABLE token_keys ALTER COLUMN signs_from SET NOT NULL;

CREATE TABLE factors (
    factor_id     uuid        PRIMARY KEY,
    account_id    uuid        NOT NULL,
    kind          text        NOT NULL CHECK (kind IN ('totp', 'passkey')),
    name          text        NOT NULL,
    made_at       timestamptz NOT NULL,
    confirmed_at  timestamptz,                         -- asked for at log-in from then on
    last_used_at  timestamptz,
    sealed_secret bytea,                               -- totp: AES-GCM under EPEP_SECRET_KEY
    last_step     bigint      NOT NULL DEFAULT 0,      -- totp: no code works twice
    challenge     bytea,                               -- passkey: while it is being made
    credential_id bytea       UNIQUE,
    public_key    bytea,
    sign_count    bigint      NOT NULL DEFAULT 0
);
CREATE INDEX factors_by_account ON factors (account_id);

CREATE TABLE recovery_codes (
    account_id uuid        NOT NULL,
    code_mac   bytea       NOT NULL,
    used_at    timestamptz,
    PRIMARY KEY (account_id, code_mac)
);

-- The read model `sign_in_rules`: what each authority asks of people who log in, newest profile.
CREATE TABLE sign_in_rules (
    authority              text    PRIMARY KEY,
    profile_version        integer NOT NULL,
    name                   text    NOT NULL,
    virtual_school_name    text    NOT NULL,
    contact_email          text    NOT NULL,
    contact_phone          text    NOT NULL,
    labels                 jsonb   NOT NULL,
    declarations_version   integer NOT NULL,
    declarations           jsonb   NOT NULL,
    remembered_device_days integer NOT NULL
);

-- The read model `access_requests`: who asked which authority for which role.
CREATE TABLE access_requests (
    registration_id uuid        PRIMARY KEY,
    account_id      uuid        NOT NULL,
    authority       text        NOT NULL,
    name            text        NOT NULL,
    email           text        NOT NULL,
    phone           text,
    role            text        NOT NULL,
    setting_urn     text,
    team            text,
    job_title       text,
    invited         boolean     NOT NULL,
    validated_at    timestamptz NOT NULL,
    state           text        NOT NULL,
    decided_at      timestamptz,
    decided_by      uuid,
    why             text,
    version         integer     NOT NULL
);
CREATE INDEX access_requests_queue ON access_requests (authority, state, validated_at);
CREATE INDEX access_requests_by_account ON access_requests (account_id);

-- The read model `invited`: addresses without an account that were invited to a meeting.
CREATE TABLE invited (
    invitation_id uuid        PRIMARY KEY,
    email         text        NOT NULL,
    authority     text        NOT NULL,
    meeting_id    uuid        NOT NULL,
    pep_id        uuid        NOT NULL,
    invited_at    timestamptz NOT NULL
);
CREATE INDEX invited_by_email ON invited (email);

-- The read model `reminders`: what somebody who forgot their address can be known by.
CREATE TABLE reminders (
    account_id uuid PRIMARY KEY,
    name       text NOT NULL,                          -- lower case, without accents
    phone      text NOT NULL                           -- digits only
);
CREATE INDEX reminders_by_phone ON reminders (phone);
CREATE TABLE reminder_places (
    account_id uuid NOT NULL,
    place      text NOT NULL,                          -- a school's URN, or a team
    PRIMARY KEY (account_id, place)
);
