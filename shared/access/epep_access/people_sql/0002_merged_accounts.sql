-- Which account a person kept of two that were theirs (AccountsMerged): what was for the closed one
-- is found by the one that is left, the last of a chain.
ALTER TABLE known_people ADD COLUMN merged_into uuid;
CREATE INDEX known_people_merged ON known_people (merged_into) WHERE merged_into IS NOT NULL;
