-- The read model `invited` also keeps which addresses a virtual school let in as carers.
CREATE TABLE approved_carers (
    request_id uuid PRIMARY KEY,
    email      text NOT NULL,
    authority  text NOT NULL,
    role       text NOT NULL
);
CREATE INDEX approved_carers_by_email ON approved_carers (email);
