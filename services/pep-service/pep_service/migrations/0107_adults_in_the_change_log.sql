-- Which adults a row names (accounts, invitations), so that it can forget one who was erased.
ALTER TABLE change_log ADD COLUMN adults uuid[] NOT NULL DEFAULT '{}';
CREATE INDEX change_log_of_adults ON change_log USING gin (adults) WHERE adults <> '{}';
