-- Access to a child is a dated relationship. `access_people` is who was given a role for the child
-- (or took it in an emergency); a row that ended stays, to be shown as such.
ALTER TABLE access_people
    ADD COLUMN basis  text NOT NULL DEFAULT 'allocated',
    ADD COLUMN until  timestamptz,
    ADD COLUMN reason text;
ALTER TABLE access_people DROP CONSTRAINT access_people_pkey;
ALTER TABLE access_people ADD CONSTRAINT access_people_pkey
    PRIMARY KEY (child_id, account_id, role, basis);

-- Read model `relationships`, new: where a child learns and learned, and who stands in for whom.
CREATE TABLE access_settings (
    child_id uuid        NOT NULL,
    urn      text        NOT NULL,
    since    timestamptz NOT NULL,
    until    timestamptz,
    PRIMARY KEY (child_id, since)
);
CREATE INDEX access_settings_now ON access_settings (urn) WHERE until IS NULL;

-- Somebody (`account_id`, acting as `role`) sees what `for_account` sees as `for_role`, or what the
-- designated teacher of `setting_urn` sees; of these only `children`, where that is not null, and
-- only those of `authority`, where a virtual school arranged it.
CREATE TABLE access_standins (
    standin_id  uuid        PRIMARY KEY,
    basis       text        NOT NULL CHECK (basis IN ('delegation', 'cover')),
    account_id  uuid        NOT NULL,
    role        text        NOT NULL,
    for_account uuid,
    for_role    text        NOT NULL,
    setting_urn text,
    children    uuid[],
    authority   text,
    since       timestamptz NOT NULL,
    until       timestamptz NOT NULL,
    reason      text,
    CHECK ((for_account IS NULL) <> (setting_urn IS NULL))
);
CREATE INDEX access_standins_of ON access_standins (account_id);
CREATE INDEX access_standins_for ON access_standins (for_account);
CREATE INDEX access_standins_at ON access_standins (setting_urn) WHERE setting_urn IS NOT NULL;

-- Whether an account held a role once and holds it nowhere now. An account or role that is not
-- known here (yet) has not ended.
CREATE FUNCTION role_has_ended(account uuid, which text) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM known_people p WHERE p.account_id = account AND NOT p.active)
        OR (EXISTS (SELECT FROM known_roles r WHERE r.account_id = account AND r.role = which)
            AND NOT EXISTS (SELECT FROM known_roles r
                             WHERE r.account_id = account AND r.role = which
                               AND r.held_from <= now()
                               AND (r.held_to IS NULL OR r.held_to > now())))
$$;

-- Every relationship of everybody to every child, past and to come, but for the roles that see a
-- whole authority. A function and not a view, for a view would hold the tables fast that a rebuild
-- replaces; it is inlined, so that a query for one child or one account touches only its rows.
CREATE FUNCTION access_relations()
RETURNS TABLE (child_id uuid, account_id uuid, role text, basis text, since timestamptz,
               until timestamptz, through uuid, reason text)
LANGUAGE sql STABLE AS $$
    SELECT p.child_id, p.account_id, p.role, p.basis, p.since, p.until, NULL::uuid, p.reason
      FROM access_people p
    UNION ALL   -- the designated teachers of the child's setting
    SELECT s.child_id, r.account_id, r.role, 'setting', greatest(s.since, r.held_from),
           least(s.until, r.held_to), NULL::uuid, NULL::text
      FROM access_settings s JOIN known_roles r ON r.setting_urn = s.urn
     WHERE r.role IN ('designated_teacher', 'designated_person')
    UNION ALL   -- standing in for somebody with a role for the child
    SELECT p.child_id, t.account_id, t.role, t.basis, greatest(t.since, p.since),
           least(t.until, p.until), t.for_account, t.reason
      FROM access_standins t
      JOIN access_people p ON p.account_id = t.for_account AND p.role = t.for_role
     WHERE p.basis = 'allocated' AND (t.children IS NULL OR p.child_id = ANY (t.children))
       AND (t.authority IS NULL OR EXISTS (SELECT FROM access_children c
             WHERE c.child_id = p.child_id AND c.authority = t.authority))
       AND (t.basis = 'cover' OR NOT role_has_ended(t.for_account, t.for_role))
    UNION ALL   -- standing in for a designated teacher of the child's setting
    SELECT s.child_id, t.account_id, t.role, t.basis, greatest(t.since, s.since, r.held_from),
           least(t.until, s.until, r.held_to), t.for_account, t.reason
      FROM access_standins t
      JOIN known_roles r ON r.account_id = t.for_account AND r.role = t.for_role
      JOIN access_settings s ON s.urn = r.setting_urn
     WHERE (t.children IS NULL OR s.child_id = ANY (t.children))
       AND (t.authority IS NULL OR EXISTS (SELECT FROM access_children c
             WHERE c.child_id = s.child_id AND c.authority = t.authority))
       AND (t.basis = 'cover' OR NOT role_has_ended(t.for_account, t.for_role))
    UNION ALL   -- covering for a setting
    SELECT s.child_id, t.account_id, t.role, t.basis, greatest(t.since, s.since),
           least(t.until, s.until), NULL::uuid, t.reason
      FROM access_standins t
      JOIN access_settings s ON s.urn = t.setting_urn
      JOIN access_children c ON c.child_id = s.child_id AND c.authority = t.authority
$$;
