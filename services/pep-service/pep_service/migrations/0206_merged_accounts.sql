-- Two accounts become one: what was given to the closed one, or through it, is found in the log
-- itself, for a read model may not know the newest yet. Columns of uuid, as in 0204: behind row
-- security an index on what `->>` gives is never used, and without one a log of years is read.
ALTER TABLE events
    ADD COLUMN gives_account uuid GENERATED ALWAYS AS (
        CASE WHEN type IN ('ProfessionalAssigned', 'DelegateAppointed', 'CoverArranged')
             THEN (data ->> 'account_id')::uuid END) STORED,
    ADD COLUMN gives_for uuid GENERATED ALWAYS AS (
        CASE type WHEN 'DelegateAppointed' THEN (data ->> 'appointed_by')::uuid
                  WHEN 'CoverArranged' THEN (data ->> 'covered_id')::uuid END) STORED;
CREATE INDEX events_giving_an_account ON events (gives_account) WHERE gives_account IS NOT NULL;
CREATE INDEX events_giving_for_an_account ON events (gives_for) WHERE gives_for IS NOT NULL;
