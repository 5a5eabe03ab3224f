-- Emptying the table would take keys out, and tombstones with them.
CREATE FUNCTION keep_all() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a destroyed key stays destroyed, and no key is taken out';
END $$;
CREATE TRIGGER keys_stay BEFORE TRUNCATE ON subject_keys
    FOR EACH STATEMENT EXECUTE FUNCTION keep_all();
