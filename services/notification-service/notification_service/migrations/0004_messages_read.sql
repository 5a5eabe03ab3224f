-- Which messages their people have read. A table of its own, for a message and its reading come
-- over different partitions, in any order.
CREATE TABLE messages_read (
    notification_id uuid PRIMARY KEY,
    account_id      uuid NOT NULL,
    at              timestamptz NOT NULL
);
CREATE INDEX messages_read_by ON messages_read (account_id);
