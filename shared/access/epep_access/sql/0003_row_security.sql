-- Beneath every check: a request's connection says which authorities its person has to do with
-- (`epep_runtime.row_security`), and no row of another authority is seen or written on it. A
-- connection that says nothing is the machinery's. FORCE, for services own their tables.
CREATE FUNCTION seen_authorities() RETURNS text[]
LANGUAGE sql STABLE AS $$
    SELECT nullif(string_to_array(coalesce(current_setting('epep.authorities', true), ''), ','),
                  '{}')
$$;

-- For tables that know a child and not its authority. A function, for a policy that named
-- access_children would go on asking the old table after a rebuild.
CREATE FUNCTION child_is_seen(child uuid) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT seen_authorities() IS NULL
        OR EXISTS (SELECT FROM access_children c
                    WHERE c.child_id = child AND c.authority = ANY (seen_authorities()))
$$;

ALTER TABLE events ENABLE ROW LEVEL SECURITY;
ALTER TABLE events FORCE ROW LEVEL SECURITY;
CREATE POLICY by_authority ON events
    USING (authority IS NULL OR (SELECT seen_authorities()) IS NULL
           OR authority = ANY ((SELECT seen_authorities())::text[]));
