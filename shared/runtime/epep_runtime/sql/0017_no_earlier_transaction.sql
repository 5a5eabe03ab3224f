-- An append must be its transaction's first write (0002), or go to a stream that was held before
-- it. Whoever forgets that, with a row locked FOR UPDATE for instance, could have an earlier
-- transaction id than an event already in the stream, and be published before it. The log refuses
-- this now like a version that has moved on: the transaction is done again, with a later id.
--
-- What has a publication number cannot be overtaken any more. The transaction ids of a restored log
-- are another server's: the relay numbers it by position (0003), until when nothing is refused.
CREATE OR REPLACE FUNCTION append_event(
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
           SELECT e.stream_version, e.hash, e.transaction_id, e.position
             FROM events e WHERE e.stream_id = p_stream
            ORDER BY e.stream_version DESC LIMIT 1) AS last ON true
     WHERE coalesce(last.stream_version, 0) = p_expected
       AND CASE WHEN last.transaction_id > pg_current_xact_id()
                THEN EXISTS (SELECT FROM publications p WHERE p.position = last.position)
                  OR EXISTS (SELECT FROM relay_place r, pg_control_system() here
                              WHERE r.system_identifier <> here.system_identifier)
                ELSE true END;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'stream is not at version %, or went there after this transaction began',
            p_expected USING ERRCODE = 'EP409';
    END IF;
    RETURN p_expected + 1;
END $$;
