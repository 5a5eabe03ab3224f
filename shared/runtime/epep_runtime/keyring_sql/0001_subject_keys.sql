-- One key for each person that events tell of. A destroyed one stays as a tombstone, so that
-- nobody makes the person another. Wrapped (AES key wrap) by a master key that is not in here.
CREATE TABLE subject_keys (
    subject      uuid        PRIMARY KEY,
    wrapped      bytea,
    made_at      timestamptz NOT NULL DEFAULT now(),
    destroyed_at timestamptz,
    CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL))
);

CREATE FUNCTION keep_destroyed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.destroyed_at IS NOT NULL OR NEW.subject <> OLD.subject THEN
        RAISE EXCEPTION 'a destroyed key stays destroyed, and no key is taken out';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER destroyed_keys_stay BEFORE UPDATE OR DELETE ON subject_keys
    FOR EACH ROW EXECUTE FUNCTION keep_destroyed();

-- Whoever keeps keys in memory listens here, and drops this one at once.
CREATE FUNCTION tell_destroyed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('subject_key_destroyed', NEW.subject::text);
    RETURN NULL;
END $$;
CREATE TRIGGER destroyed_keys_are_told AFTER INSERT OR UPDATE ON subject_keys
    FOR EACH ROW WHEN (NEW.destroyed_at IS NOT NULL) EXECUTE FUNCTION tell_destroyed();
