-- Row security by authority (see the shared part's 0003_row_security.sql).
ALTER TABLE reviews ENABLE ROW LEVEL SECURITY;
ALTER TABLE reviews FORCE ROW LEVEL SECURITY;
CREATE POLICY by_authority ON reviews
    USING ((SELECT seen_authorities()) IS NULL
           OR authority = ANY ((SELECT seen_authorities())::text[]));
