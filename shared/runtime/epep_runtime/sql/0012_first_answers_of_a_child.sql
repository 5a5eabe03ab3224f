-- Whose record a change was about, so that its first answer goes when the child is erased.
ALTER TABLE first_answers ADD COLUMN child_id uuid;
CREATE INDEX first_answers_of_a_child ON first_answers (child_id) WHERE child_id IS NOT NULL;
