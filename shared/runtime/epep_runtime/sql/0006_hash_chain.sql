-- Each event carries the hash of the one before it in its stream and its own, so that a changed,
-- missing or inserted event shows. `chain.py` is the same in Python, for whoever has only files.
ALTER TABLE events ADD COLUMN previous_hash bytea;
ALTER TABLE events ADD COLUMN hash bytea;

CREATE FUNCTION hash_of_event(
    p_previous bytea, p_stream text, p_version integer, p_id uuid, p_type text,
    p_schema_version integer, p_occurred_at timestamptz, p_authority text,
    p_actor_id text, p_actor_role text, p_on_behalf_of text,
    p_correlation_id uuid, p_causation_id uuid, p_data text
) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT sha256(p_previous || convert_to(concat(
        p_stream, E'\x1f', p_version, E'\x1f', p_id, E'\x1f', p_type, E'\x1f',
        p_schema_version, E'\x1f', (extract(epoch FROM p_occurred_at) * 1000000)::bigint, E'\x1f',
        p_authority, E'\x1f', p_actor_id, E'\x1f', p_actor_role, E'\x1f', p_on_behalf_of, E'\x1f',
        p_correlation_id, E'\x1f', p_causation_id, E'\x1f', p_data), 'UTF8'))
$$;

ALTER TABLE events DISABLE TRIGGER events_are_final;
DO $$
DECLARE
    event record;
    previous bytea := '';
    stream text := '';
BEGIN
    FOR event IN SELECT * FROM events ORDER BY stream_id, stream_version LOOP
        IF event.stream_id <> stream THEN
            previous := '';
            stream := event.stream_id;
        END IF;
        UPDATE events SET previous_hash = previous, hash = hash_of_event(
            previous, stream_id, stream_version, event_id, type, schema_version, occurred_at,
            authority, actor_id, actor_role, on_behalf_of, correlation_id, causation_id,
            data::text)
         WHERE position = event.position RETURNING hash INTO previous;
    END LOOP;
END $$;
ALTER TABLE events ENABLE TRIGGER events_are_final;
ALTER TABLE events ALTER COLUMN previous_hash SET NOT NULL, ALTER COLUMN hash SET NOT NULL;

CREATE OR REPLACE FUNCTION append_events(
    p_stream text, p_expected integer,
    p_ids uuid[], p_types text[], p_schema_versions integer[], p_data text[],
    p_occurred_at timestamptz, p_authority text,
    p_actor_id text, p_actor_role text, p_on_behalf_of text,
    p_correlation_id uuid, p_causation_id uuid, p_traceparent text
) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    found integer := 0;
    previous bytea := '';
    own bytea;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(p_stream, 0));
    SELECT stream_version, hash INTO found, previous FROM events
     WHERE stream_id = p_stream ORDER BY stream_version DESC LIMIT 1;
    found := coalesce(found, 0);
    previous := coalesce(previous, '');
    IF found <> p_expected THEN
        RAISE EXCEPTION 'stream is at version %, expected %', found, p_expected
            USING ERRCODE = 'EP409';
    END IF;
    FOR i IN 1 .. cardinality(p_ids) LOOP
        own := hash_of_event(
            previous, p_stream, p_expected + i, p_ids[i], p_types[i], p_schema_versions[i],
            p_occurred_at, p_authority, p_actor_id, p_actor_role, p_on_behalf_of,
            p_correlation_id, p_causation_id, p_data[i]);
        INSERT INTO events (
            stream_id, stream_version, event_id, type, schema_version, occurred_at, authority,
            actor_id, actor_role, on_behalf_of, correlation_id, causation_id, traceparent, data,
            previous_hash, hash)
        VALUES (
            p_stream, p_expected + i, p_ids[i], p_types[i], p_schema_versions[i], p_occurred_at,
            p_authority, p_actor_id, p_actor_role, p_on_behalf_of, p_correlation_id,
            p_causation_id, p_traceparent, p_data[i]::json, previous, own);
        previous := own;
    END LOOP;
    RETURN p_expected + cardinality(p_ids);
END $$;
