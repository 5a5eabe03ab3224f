-- Row security for the tables that the check itself reads. The check must look across authorities,
-- for it finds out which of them a person has to do with: its two questions are functions that say
-- so (`epep.checking`) for as long as they run, and tell of one person only. Whatever else a
-- request asks, the list of who has access for one, shows people of children that it may see.
--
-- plpgsql throughout, for it is planned once and, unlike a function in SQL, not copied into each of
-- the eight places where the tables are read: the check is asked before everything else.
CREATE FUNCTION relationship_is_seen(child uuid) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN child_is_seen(child);
END $$;

CREATE FUNCTION relations_between(person uuid, wanted uuid) RETURNS text[]
LANGUAGE plpgsql STABLE AS $$
DECLARE
    found text[];
BEGIN
    PERFORM set_config('epep.checking', 'on', true);
    found := array(SELECT r.role || ' ' || r.basis FROM access_relations() r
                    WHERE r.child_id = wanted AND r.account_id = person
                      AND r.since <= now() AND (r.until IS NULL OR r.until > now()));
    PERFORM set_config('epep.checking', 'off', true);
    RETURN found;
END $$;

CREATE FUNCTION authorities_of_children_of(person uuid) RETURNS text[]
LANGUAGE plpgsql STABLE AS $$
DECLARE
    found text[];
BEGIN
    PERFORM set_config('epep.checking', 'on', true);
    found := array(SELECT DISTINCT c.authority FROM access_relations() r
                     JOIN access_children c USING (child_id)
                    WHERE r.account_id = person AND r.since <= now()
                      AND (r.until IS NULL OR r.until > now()));
    PERFORM set_config('epep.checking', 'off', true);
    RETURN found;
END $$;

DO $$
DECLARE
    known text;
BEGIN
    FOREACH known IN ARRAY ARRAY['access_people', 'access_settings'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', known);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', known);
        EXECUTE format('CREATE POLICY by_authority ON %I USING ('
            'current_setting(''epep.checking'', true) = ''on'' OR relationship_is_seen(child_id))',
            known);
    END LOOP;
END $$;

-- A delegation is no authority's: what it shows is the children of the one who appointed.
ALTER TABLE access_standins ENABLE ROW LEVEL SECURITY;
ALTER TABLE access_standins FORCE ROW LEVEL SECURITY;
CREATE POLICY by_authority ON access_standins
    USING (authority IS NULL OR current_setting('epep.checking', true) = 'on'
           OR seen_authorities() IS NULL OR authority = ANY (seen_authorities()));
