-- Row security by authority for everything here that tells of a child (see the shared part's
-- 0003_row_security.sql).
DO $$
DECLARE
    known text;
BEGIN
    FOREACH known IN ARRAY ARRAY['children', 'home', 'carer_requests', 'imports'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', known);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', known);
        EXECUTE format('CREATE POLICY by_authority ON %I'
            ' USING ((SELECT seen_authorities()) IS NULL'
            '        OR authority = ANY ((SELECT seen_authorities())::text[]))', known);
    END LOOP;
    FOREACH known IN ARRAY ARRAY['pep_cards', 'readings'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', known);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', known);
        EXECUTE format('CREATE POLICY by_authority ON %I USING (child_is_seen(child_id))', known);
    END LOOP;
END $$;

CREATE FUNCTION log_row_is_seen(child uuid, pep uuid) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT child_is_seen(coalesce(child, (SELECT p.child_id FROM access_peps p
                                           WHERE p.pep_id = pep)))
$$;
ALTER TABLE change_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE change_log FORCE ROW LEVEL SECURITY;
CREATE POLICY by_authority ON change_log USING (log_row_is_seen(child_id, pep_id));
