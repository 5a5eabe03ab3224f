-- The check of access is asked for every request about a child. PERFORM runs a query of its own for
-- each of the two settings; an assignment of a plain expression needs none. What it finds, and what
-- the policies let it see meanwhile, is as before (0007).
CREATE OR REPLACE FUNCTION relations_between(person uuid, wanted uuid) RETURNS text[]
LANGUAGE plpgsql STABLE AS $$
DECLARE
    found text[];
    checking text;
BEGIN
    checking := set_config('epep.checking', 'on', true);
    found := array(SELECT r.role || ' ' || r.basis FROM own_relations() r
                    WHERE r.child_id = wanted AND r.account_id = person
                      AND r.since <= now() AND (r.until IS NULL OR r.until > now()));
    IF EXISTS (SELECT FROM access_standins t WHERE t.account_id = person) THEN
        found := found || array(
            SELECT r.role || ' ' || r.basis FROM relations_of_standins() r
             WHERE r.child_id = wanted AND r.account_id = person
               AND r.since <= now() AND (r.until IS NULL OR r.until > now()));
    END IF;
    checking := set_config('epep.checking', 'off', true);
    RETURN found;
END $$;
