-- unmailed: its person has switched mails of the kind off while it waited
ALTER TABLE outbox DROP CONSTRAINT outbox_state_check;
ALTER TABLE outbox ADD CONSTRAINT outbox_state_check CHECK
    (state IN ('waiting','claimed','sending','sent','failed','uncertain','unmailed'));
