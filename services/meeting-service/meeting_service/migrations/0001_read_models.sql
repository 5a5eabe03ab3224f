-- What is known of each PEP from pep-service: whose it is, which profile it is bound to, whether it
-- is still open. `organiser` is the person who initiated it.
CREATE TABLE peps (
    pep_id          uuid PRIMARY KEY,
    child_id        uuid    NOT NULL,
    authority       text    NOT NULL,
    profile_code    text    NOT NULL,
    profile_version integer NOT NULL,
    organiser       uuid,
    signed_off      boolean NOT NULL DEFAULT false
);

-- What of an authority's profile matters to a meeting.
CREATE TABLE profiles (
    code      text    NOT NULL,
    version   integer NOT NULL,
    labels    jsonb   NOT NULL,
    reasons   jsonb   NOT NULL,
    checklist jsonb   NOT NULL,
    writers   text[]  NOT NULL,
    arrangers text[]  NOT NULL,
    PRIMARY KEY (code, version)
);

-- The people with accounts, and their roles by authority.
CREATE TABLE people (
    account_id uuid PRIMARY KEY,
    name       text NOT NULL,
    email      text NOT NULL
);
CREATE TABLE people_roles (
    account_id uuid NOT NULL,
    authority  text NOT NULL,
    role       text NOT NULL,
    PRIMARY KEY (account_id, authority, role)
);

-- Everybody's meetings and invitations, for the list of one's own. `version` is the version of the
-- meeting's stream that the row shows; `arranged_at` is when the meeting's present time was set.
CREATE TABLE meetings (
    meeting_id       uuid PRIMARY KEY,
    pep_id           uuid        NOT NULL,
    authority        text        NOT NULL,
    child_initials   text        NOT NULL,
    organiser        uuid,
    contact_name     text,
    reason           text        NOT NULL,
    reason_detail    text,
    version          integer     NOT NULL,
    arranged_at      timestamptz NOT NULL,
    state            text        NOT NULL CHECK (state IN ('scheduled', 'confirmed', 'cancelled')),
    starts_at        timestamptz NOT NULL,
    duration_minutes integer     NOT NULL,
    place            text
);
CREATE TABLE invitations (
    invitation_id uuid PRIMARY KEY,
    meeting_id    uuid NOT NULL,
    account_id    uuid,
    name          text NOT NULL,
    role          text NOT NULL,
    answer        text CHECK (answer IN ('accepted', 'declined', 'proposed')),
    proposed_at   timestamptz,
    comment       text
);
CREATE INDEX invitations_by_account ON invitations (account_id);
CREATE INDEX invitations_by_meeting ON invitations (meeting_id);

-- What became of each mail about an invitation, from notification-service.
CREATE TABLE deliveries (
    notification_id uuid PRIMARY KEY,
    invitation_id   uuid        NOT NULL,
    requested_at    timestamptz NOT NULL,
    state           text        NOT NULL CHECK (state IN ('pending', 'sent', 'failed', 'uncertain')),
    reason          text
);
CREATE INDEX deliveries_by_invitation ON deliveries (invitation_id, requested_at DESC);
