-- Row security is a barrier: a row's policy is asked before any condition whose function might tell
-- somebody what it was asked of, as `->>` might, so an index on it is never used. A column that
-- is compared by uuid's own equality is asked first.
ALTER TABLE events ADD COLUMN begins_pep_of uuid
    GENERATED ALWAYS AS (CASE WHEN type = 'PEPInitiated' THEN (data ->> 'child_id')::uuid END)
    STORED;
CREATE INDEX events_peps_of_a_child ON events (begins_pep_of) WHERE begins_pep_of IS NOT NULL;
DROP INDEX events_peps_of_child;
