-- Every event gets a publication number when the relay first takes it: rising strictly in the
-- order of publication, the same when it is sent again, and kept by a dump and restore.
CREATE TABLE publications (
    publication bigint PRIMARY KEY,
    position    bigint NOT NULL UNIQUE REFERENCES events
);

CREATE TABLE relay_place (
    only_one          boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    system_identifier bigint  NOT NULL,
    transaction_id    xid8    NOT NULL DEFAULT '0',
    position          bigint  NOT NULL DEFAULT 0,
    numbered          bigint  NOT NULL DEFAULT 0,
    sent              bigint  NOT NULL DEFAULT 0
);
INSERT INTO relay_place (system_identifier) SELECT system_identifier FROM pg_control_system();

-- Numbers up to p_limit committed events that have none, and returns how many it looked at.
CREATE FUNCTION number_publications(p_limit integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    place relay_place;
    looked integer;
BEGIN
    SELECT * INTO place FROM relay_place FOR UPDATE;
    WITH batch AS (
        SELECT e.transaction_id, e.position FROM events e
         WHERE (e.transaction_id, e.position) > (place.transaction_id, place.position)
           AND e.transaction_id < pg_snapshot_xmin(pg_current_snapshot())
         ORDER BY e.transaction_id, e.position LIMIT p_limit
    ), fresh AS (
        SELECT b.position, row_number() OVER (ORDER BY b.transaction_id, b.position) AS rank
          FROM batch b
         WHERE NOT EXISTS (SELECT FROM publications p WHERE p.position = b.position)
    ), numbered AS (
        INSERT INTO publications (publication, position)
        SELECT place.numbered + rank, position FROM fresh RETURNING publication
    ), last AS (
        SELECT transaction_id, position FROM batch
         ORDER BY transaction_id DESC, position DESC LIMIT 1
    ), moved AS (
        UPDATE relay_place r
           SET transaction_id = last.transaction_id, position = last.position,
               numbered = place.numbered + (SELECT count(*) FROM numbered)
          FROM last
    )
    SELECT count(*) INTO looked FROM batch;
    RETURN looked;
END $$;

-- A restored dump runs on a server whose transaction ids start again, so the order kept in
-- `transaction_id` means nothing there. All that the dump holds was committed: number it by
-- position (within a stream that is the order of versions) and go on from here.
CREATE FUNCTION adopt_restored_log() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    here bigint := (SELECT system_identifier FROM pg_control_system());
    place relay_place;
BEGIN
    LOCK TABLE events IN EXCLUSIVE MODE;
    SELECT * INTO place FROM relay_place FOR UPDATE;
    IF place.system_identifier = here THEN
        RETURN false;
    END IF;
    INSERT INTO publications (publication, position)
    SELECT place.numbered + row_number() OVER (ORDER BY e.position), e.position
      FROM events e WHERE NOT EXISTS (SELECT FROM publications p WHERE p.position = e.position);
    UPDATE relay_place
       SET system_identifier = here, position = 0,
           transaction_id = pg_snapshot_xmin(pg_current_snapshot()),
           numbered = (SELECT coalesce(max(publication), 0) FROM publications);
    RETURN true;
END $$;
