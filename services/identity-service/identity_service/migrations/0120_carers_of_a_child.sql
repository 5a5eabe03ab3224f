-- Whose carer somebody was approved as, so that it can be forgotten with the child.
ALTER TABLE approved_carers ADD COLUMN child_id uuid;
CREATE INDEX approved_carers_of_child ON approved_carers (child_id);
