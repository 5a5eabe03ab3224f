-- Row security by authority (see the shared part's 0003_row_security.sql). `meetings` is left out:
-- whoever was invited finds their invitations, in whichever authority.
ALTER TABLE peps ENABLE ROW LEVEL SECURITY;
ALTER TABLE peps FORCE ROW LEVEL SECURITY;
CREATE POLICY by_authority ON peps
    USING ((SELECT seen_authorities()) IS NULL
           OR authority = ANY ((SELECT seen_authorities())::text[]));
