-- The first transaction id that may still be open in this database: what lies below it is decided,
-- and a statement begun later sees it. `pg_snapshot_xmin` says that of the whole server, so that
-- other services' transactions, and anybody's, would hold this one's events back.
--
-- The upper bound is read first. A transaction below it had its id by then, and an id stands in the
-- list of what is active until its transaction has ended and is visible; so one that is not in the
-- list read afterwards has ended. Ids in the list have 32 bits, counted back from the bound here.
CREATE FUNCTION first_open_transaction() RETURNS xid8 LANGUAGE plpgsql AS $$
DECLARE
    bound bigint := pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
    here oid := (SELECT oid FROM pg_database WHERE datname = current_database());
    oldest bigint;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RETURN pg_snapshot_xmin(pg_current_snapshot());  -- later statements see no more than this
    END IF;
    PERFORM pg_stat_clear_snapshot();  -- the list is otherwise kept until the transaction ends
    SELECT max(back) INTO oldest FROM (
        SELECT (bound - id::text::bigint) & 4294967295 AS back FROM (
            SELECT backend_xid FROM pg_stat_get_activity(NULL) WHERE datid = here
            UNION ALL
            SELECT transaction FROM pg_prepared_xacts WHERE database = current_database()
        ) AS active(id) WHERE id IS NOT NULL
    ) AS distances WHERE back < 2147483648;  -- the others began after the bound was read
    RETURN (bound - coalesce(oldest, 0))::text::xid8;
END $$;

-- As before (0003), and a look that finds nothing writes nothing: the relays look all day.
CREATE OR REPLACE FUNCTION number_publications(p_limit integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    decided xid8 := first_open_transaction();
    place relay_place;
    looked integer;
BEGIN
    SELECT * INTO place FROM relay_place;
    PERFORM FROM events e
      WHERE (e.transaction_id, e.position) > (place.transaction_id, place.position)
        AND e.transaction_id < decided LIMIT 1;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    SELECT * INTO place FROM relay_place FOR UPDATE;
    WITH batch AS (
        SELECT e.transaction_id, e.position FROM events e
         WHERE (e.transaction_id, e.position) > (place.transaction_id, place.position)
           AND e.transaction_id < decided
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
