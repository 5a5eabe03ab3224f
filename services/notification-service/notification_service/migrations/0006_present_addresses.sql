-- Whose mail it is: it goes to their address as it is when the mail goes out.
ALTER TABLE outbox ADD COLUMN account_id uuid;
