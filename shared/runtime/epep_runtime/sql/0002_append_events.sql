-- The only way into the log. Returns the stream's new version; raises EP409 when the stream is not
-- at the expected one.
--
-- It must be the transaction's first write. The advisory lock gives no transaction id, so the
-- next writer of a stream gets its id after this one has committed, and (transaction_id, position)
-- never inverts two events of one stream.
CREATE FUNCTION append_events(
    p_stream text, p_expected integer,
    p_ids uuid[], p_types text[], p_schema_versions integer[], p_data text[],
    p_occurred_at timestamptz, p_authority text,
    p_actor_id text, p_actor_role text, p_on_behalf_of text,
    p_correlation_id uuid, p_causation_id uuid, p_traceparent text
) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    found integer;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(p_stream, 0));
    SELECT coalesce(max(stream_version), 0) INTO found FROM events WHERE stream_id = p_stream;
    IF found <> p_expected THEN
        RAISE EXCEPTION 'stream is at version %, expected %', found, p_expected
            USING ERRCODE = 'EP409';
    END IF;
    INSERT INTO events (
        stream_id, stream_version, event_id, type, schema_version, occurred_at, authority,
        actor_id, actor_role, on_behalf_of, correlation_id, causation_id, traceparent, data)
    SELECT p_stream, p_expected + item.rank, item.id, item.type, item.schema_version,
           p_occurred_at, p_authority, p_actor_id, p_actor_role, p_on_behalf_of,
           p_correlation_id, p_causation_id, p_traceparent, item.data::json
      FROM unnest(p_ids, p_types, p_schema_versions, p_data) WITH ORDINALITY
           AS item(id, type, schema_version, data, rank)
     ORDER BY item.rank;
    RETURN p_expected + cardinality(p_ids);
END $$;
