-- What an append costs on its way in. PERFORM runs a query of its own, an assignment does not. And
-- a query opens the tables of its subqueries each time, also of those that it hardly ever asks: what
-- is seldom asked is in a function of its own. What is locked, seen and refused is as before (0017);
-- the INSERT after the lock still sees what was committed before the lock was had.

-- May an event follow one of a later transaction? Only if that cannot be overtaken any more.
CREATE FUNCTION cannot_be_overtaken(p_position bigint) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM publications p WHERE p.position = p_position)
        OR EXISTS (SELECT FROM relay_place r, pg_control_system() here
                    WHERE r.system_identifier <> here.system_identifier);
END $$;

CREATE OR REPLACE FUNCTION append_event(
    p_stream text, p_expected integer,
    p_id uuid, p_type text, p_schema_version integer, p_data text,
    p_occurred_at timestamptz, p_authority text,
    p_actor_id text, p_actor_role text, p_on_behalf_of text,
    p_correlation_id uuid, p_causation_id uuid, p_traceparent text
) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    locked boolean;
BEGIN
    locked := pg_advisory_xact_lock(hashtextextended(p_stream, 0)) IS NOT NULL;
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
           SELECT e.stream_version, e.hash, e.transaction_id, e.position
             FROM events e WHERE e.stream_id = p_stream
            ORDER BY e.stream_version DESC LIMIT 1) AS last ON true
     WHERE coalesce(last.stream_version, 0) = p_expected
       AND CASE WHEN last.transaction_id > pg_current_xact_id()
                THEN cannot_be_overtaken(last.position) ELSE true END;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'stream is not at version %, or went there after this transaction began',
            p_expected USING ERRCODE = 'EP409';
    END IF;
    RETURN p_expected + 1;
END $$;
