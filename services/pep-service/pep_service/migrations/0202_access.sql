-- Read model `carer_requests`: who asked that a carer, parent or young person may see the plan.
CREATE TABLE carer_requests (
    request_id uuid        PRIMARY KEY,
    child_id   uuid        NOT NULL,
    authority  text        NOT NULL,
    name       text        NOT NULL,
    email      text        NOT NULL,
    relation   text        NOT NULL,
    state      text        NOT NULL DEFAULT 'waiting',
    asked_at   timestamptz NOT NULL,
    asked_by   uuid,
    decided_at timestamptz,
    decided_by uuid,
    why        text
);
CREATE INDEX carer_requests_to_decide ON carer_requests (authority, state, asked_at);
CREATE INDEX carer_requests_of_child ON carer_requests (child_id);
CREATE INDEX carer_requests_of_address ON carer_requests (email) WHERE state = 'approved';

-- A carer's approval in the service's own log: asked where the read model may be behind.
CREATE INDEX events_carers_approved ON events ((data ->> 'request_id'))
    WHERE type = 'CarerAccessApproved';

-- Read model `readings`: who opened which child's record, when, and why they could.
CREATE TABLE readings (
    event_id   uuid        PRIMARY KEY,
    child_id   uuid        NOT NULL,
    account_id uuid        NOT NULL,
    role       text        NOT NULL,
    basis      text        NOT NULL,
    part       text        NOT NULL,
    at         timestamptz NOT NULL
);
CREATE INDEX readings_of_child ON readings (child_id, at DESC);
CREATE INDEX readings_last_seen ON readings (child_id, account_id, at DESC);
