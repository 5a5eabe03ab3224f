-- The check of access asks for one person and one child, and few people stand in for anybody. What
-- somebody is by themselves, and what they are in another's place, are two functions, so that the
-- check asks for the second only where there is something: it took half of its time.
CREATE FUNCTION own_relations()
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
$$;

CREATE FUNCTION relations_of_standins()
RETURNS TABLE (child_id uuid, account_id uuid, role text, basis text, since timestamptz,
               until timestamptz, through uuid, reason text)
LANGUAGE sql STABLE AS $$
    SELECT p.child_id, t.account_id, t.role, t.basis, greatest(t.since, p.since),
           least(t.until, p.until), t.for_account, t.reason
      FROM access_standins t   -- for somebody with a role for the child
      JOIN access_people p ON p.account_id = t.for_account AND p.role = t.for_role
     WHERE p.basis = 'allocated' AND (t.children IS NULL OR p.child_id = ANY (t.children))
       AND (t.authority IS NULL OR EXISTS (SELECT FROM access_children c
             WHERE c.child_id = p.child_id AND c.authority = t.authority))
       AND (t.basis = 'cover' OR NOT role_has_ended(t.for_account, t.for_role))
    UNION ALL   -- for a designated teacher of the child's setting
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

CREATE OR REPLACE FUNCTION access_relations()
RETURNS TABLE (child_id uuid, account_id uuid, role text, basis text, since timestamptz,
               until timestamptz, through uuid, reason text)
LANGUAGE sql STABLE AS $$
    SELECT * FROM own_relations() UNION ALL SELECT * FROM relations_of_standins()
$$;

CREATE OR REPLACE FUNCTION relations_between(person uuid, wanted uuid) RETURNS text[]
LANGUAGE plpgsql STABLE AS $$
DECLARE
    found text[];
BEGIN
    PERFORM set_config('epep.checking', 'on', true);
    found := array(SELECT r.role || ' ' || r.basis FROM own_relations() r
                    WHERE r.child_id = wanted AND r.account_id = person
                      AND r.since <= now() AND (r.until IS NULL OR r.until > now()));
    IF EXISTS (SELECT FROM access_standins t WHERE t.account_id = person) THEN
        found := found || array(
            SELECT r.role || ' ' || r.basis FROM relations_of_standins() r
             WHERE r.child_id = wanted AND r.account_id = person
               AND r.since <= now() AND (r.until IS NULL OR r.until > now()));
    END IF;
    PERFORM set_config('epep.checking', 'off', true);
    RETURN found;
END $$;
