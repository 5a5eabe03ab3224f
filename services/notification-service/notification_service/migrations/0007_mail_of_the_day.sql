-- gathering: waits for its person's one mail of the day; gathered: it is in that mail
ALTER TABLE outbox DROP CONSTRAINT outbox_state_check;
ALTER TABLE outbox ADD CONSTRAINT outbox_state_check CHECK
    (state IN ('waiting','claimed','sending','sent','failed','uncertain','unmailed',
               'gathering','gathered'));
CREATE INDEX outbox_gathering ON outbox (put_out_at) WHERE state = 'gathering';
