-- A PEP's card says whose it is, as its event does, so that row security compares a column. Before,
-- a function looked for the child's authority once a card: ten thousand times for a large authority's
-- list where it is ordered or narrowed by what the PEPs say.
ALTER TABLE pep_cards ADD COLUMN authority text NOT NULL DEFAULT '';
UPDATE pep_cards p SET authority = e.authority
  FROM events e
 WHERE e.begins_pep_of = p.child_id AND e.stream_id = 'pep-' || p.pep_id
   AND e.authority IS NOT NULL;
ALTER TABLE pep_cards ALTER COLUMN authority DROP DEFAULT;
DROP POLICY by_authority ON pep_cards;
CREATE POLICY by_authority ON pep_cards
    USING ((SELECT seen_authorities()) IS NULL
           OR authority = ANY ((SELECT seen_authorities())::text[]));

-- What is under way, of one child or in a whole authority.
CREATE INDEX pep_cards_under_way ON pep_cards (child_id, initiated_at)
    WHERE signed_off_on IS NULL;
CREATE INDEX pep_cards_kinds ON pep_cards (authority, profile_code, profile_version, variant)
    WHERE signed_off_on IS NULL;
