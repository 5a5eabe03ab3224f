-- Appending is what services do all day, and nearly always it is one event. STABLE, the hash is
-- put in line by the planner; IMMUTABLE, which it is not by the letter (`concat` is STABLE), it
-- was a function to be set up anew in each transaction, and cost as much as the rest.
ALTER FUNCTION hash_of_event(
    bytea, text, integer, uuid, text, integer, timestamptz, text, text, text, text, uuid, uuid, text
) STABLE;

-- The only way into the log; `append_events` (0002) says what it promises. One event comes in
-- plain parameters: arrays of one take a client longer to write than the event itself. Look-up,
-- check and INSERT are one statement; the lock is one of its own before it, so that what it sees of
-- the stream is not older than the lock.
CREATE FUNCTION append_event(
    p_stream text, p_expected integer,
    p_id uuid, p_type text, p_schema_version integer, p_data text,
    p_occurred_at timestamptz, p_authority text,
    p_actor_id text, p_actor_role text, p_on_behalf_of text,
    p_correlation_id uuid, p_causation_id uuid, p_traceparent text
) RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(p_stream, 0));
    INSERT INTO events (
        stream_id, stream_version, event_id, type, schema_version, occurred_at, authority,
        actor_id, actor_role, on_behalf_of, correlation_id, causation_id, traceparent, data,
        previous_hash, hash)
    SELECT p_stream, p_expected + 1, p_id, p_type, p_schema_version, p_occurred_at, p_authority,
           p_actor_id, p_actor_role, p_on_behalf_of, p_correlation_id, p_causation_id,
           p_traceparent, p_data::json, coalesce(last.hash, ''),
           hash_of_event(
               coalesce(last.hash, ''), p_stream, p_expected + 1, p_id, p_type, p_schema_version,
               p_occurred_at, p_authority, p_actor_id, p_actor_role, p_on_behalf_of,
               p_correlation_id, p_causation_id, p_data)
      FROM (SELECT) AS always
      LEFT JOIN LATERAL (
           SELECT e.stream_version, e.hash FROM events e WHERE e.stream_id = p_stream
            ORDER BY e.stream_version DESC LIMIT 1) AS last ON true
     WHERE coalesce(last.stream_version, 0) = p_expected;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'stream is not at version %', p_expected USING ERRCODE = 'EP409';
    END IF;
    RETURN p_expected + 1;
END $$;

CREATE OR REPLACE FUNCTION append_events(
    p_stream text, p_expected integer,
    p_ids uuid[], p_types text[], p_schema_versions integer[], p_data text[],
    p_occurred_at timestamptz, p_authority text,
    p_actor_id text, p_actor_role text, p_on_behalf_of text,
    p_correlation_id uuid, p_causation_id uuid, p_traceparent text
) RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. cardinality(p_ids) LOOP
        PERFORM append_event(
            p_stream, p_expected + i - 1, p_ids[i], p_types[i], p_schema_versions[i], p_data[i],
            p_occurred_at, p_authority, p_actor_id, p_actor_role, p_on_behalf_of,
            p_correlation_id, p_causation_id, p_traceparent);
    END LOOP;
    RETURN p_expected + cardinality(p_ids);
END $$;
