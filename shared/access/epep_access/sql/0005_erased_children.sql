-- A child whose record was erased is still known by id, so that people who could see it are told.
ALTER TABLE access_children ADD COLUMN erased boolean NOT NULL DEFAULT false;
