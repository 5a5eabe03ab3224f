-- When the authority's people get their one mail of the day (England's time); null: when the
-- installation says, as with every profile from before it could be said.
ALTER TABLE known_profiles ADD COLUMN digest_at time;
