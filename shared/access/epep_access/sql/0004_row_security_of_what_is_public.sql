-- Authorities' profiles and the register of settings are for everybody who is logged in.
DROP POLICY by_authority ON events;
CREATE POLICY by_authority ON events
    USING (authority IS NULL OR (SELECT seen_authorities()) IS NULL
           OR authority = ANY ((SELECT seen_authorities())::text[])
           OR starts_with(stream_id, 'profile-') OR starts_with(stream_id, 'setting-'));
