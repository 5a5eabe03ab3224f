-- Whose children somebody may see, with the reasons, in one question: what the home page starts
-- from. It must look across authorities, as the shared part's 0006_row_security_of_relationships.sql
-- says, and like the two functions there tells of one person only. The page itself then names the
-- children or the authority, and comes of an index however many children an authority has.
CREATE FUNCTION children_of_person(person uuid)
RETURNS TABLE (child_id uuid, authority text, relations text[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    PERFORM set_config('epep.checking', 'on', true);
    RETURN QUERY SELECT c.child_id, c.authority, array_agg(r.role || ' ' || r.basis)
                   FROM access_relations() r JOIN access_children c USING (child_id)
                  WHERE r.account_id = person AND r.since <= now()
                    AND (r.until IS NULL OR r.until > now())
                  GROUP BY c.child_id;
    PERFORM set_config('epep.checking', 'off', true);
END $$;

-- The settings that a list can be narrowed to, without looking at each child.
CREATE INDEX children_settings ON children (authority, setting_urn, setting_name);
