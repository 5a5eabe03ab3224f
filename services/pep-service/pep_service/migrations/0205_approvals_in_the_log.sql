-- Approvals of carers are looked for by their type, all of them, and compared with the read model's
-- primary key: nobody asks this index for `request_id`, and behind row security nobody could.
CREATE INDEX events_carer_approvals ON events (position) WHERE type = 'CarerAccessApproved';
DROP INDEX events_carers_approved;
