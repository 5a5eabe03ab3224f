-- Appends of several writers as one transaction: one event each, to a stream each (`together.py`).
-- Returns for each the stream's new version; 0 where the stream is not at the expected one, or
-- went there after this transaction began; NULL where another transaction holds the stream.
--
-- It never waits for a stream: whoever holds one for long would hold up all the others, and two
-- transactions that wait for each other's streams would wait for ever. As in `append_event` (0018),
-- no lock gives a transaction id, and the INSERT is a later statement than the one that takes the
-- locks: it sees what was committed before they were had.
CREATE FUNCTION append_together(
    p_streams text[], p_expected integer[],
    p_ids uuid[], p_types text[], p_schema_versions integer[], p_data text[],
    p_occurred_at timestamptz[], p_authorities text[],
    p_actor_ids text[], p_actor_roles text[], p_on_behalf_of text[],
    p_correlation_ids uuid[], p_causation_ids uuid[], p_traceparents text[]
) RETURNS integer[] LANGUAGE plpgsql AS $$
DECLARE
    held boolean[];
    appended text[];
BEGIN
    held := ARRAY(
        SELECT pg_try_advisory_xact_lock(hashtextextended(wanted.stream, 0))
          FROM unnest(p_streams) WITH ORDINALITY AS wanted(stream, rank) ORDER BY wanted.rank);
    WITH made AS (
        INSERT INTO events (
            stream_id, stream_version, event_id, type, schema_version, occurred_at, authority,
            actor_id, actor_role, on_behalf_of, correlation_id, causation_id, traceparent, data,
            previous_hash, hash)
        SELECT own.stream, own.expected + 1, own.id, own.type, own.schema_version, own.occurred_at,
               own.authority, own.actor_id, own.actor_role, own.on_behalf_of, own.correlation_id,
               own.causation_id, own.traceparent, own.data::json, coalesce(last.hash, ''),
               hash_of_event(
                   coalesce(last.hash, ''), own.stream, own.expected + 1, own.id, own.type,
                   own.schema_version, own.occurred_at, own.authority, own.actor_id,
                   own.actor_role, own.on_behalf_of, own.correlation_id, own.causation_id, own.data)
          FROM unnest(
                   held, p_streams, p_expected, p_ids, p_types, p_schema_versions, p_data,
                   p_occurred_at, p_authorities, p_actor_ids, p_actor_roles, p_on_behalf_of,
                   p_correlation_ids, p_causation_ids, p_traceparents)
               AS own(held, stream, expected, id, type, schema_version, data, occurred_at,
                      authority, actor_id, actor_role, on_behalf_of, correlation_id, causation_id,
                      traceparent)
          LEFT JOIN LATERAL (
               SELECT e.stream_version, e.hash, e.transaction_id, e.position
                 FROM events e WHERE e.stream_id = own.stream
                ORDER BY e.stream_version DESC LIMIT 1) AS last ON true
         WHERE own.held AND coalesce(last.stream_version, 0) = own.expected
           AND CASE WHEN last.transaction_id > pg_current_xact_id()
                    THEN cannot_be_overtaken(last.position) ELSE true END
        RETURNING stream_id
    )
    SELECT array_agg(stream_id) INTO appended FROM made;
    RETURN ARRAY(
        SELECT CASE WHEN own.stream = ANY (appended) THEN own.expected + 1
                    WHEN own.held THEN 0 END
          FROM unnest(held, p_streams, p_expected) WITH ORDINALITY
               AS own(held, stream, expected, rank) ORDER BY own.rank);
END $$;
