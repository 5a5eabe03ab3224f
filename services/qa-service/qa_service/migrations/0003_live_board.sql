-- What the live board needs of every version of every profile. The numbers are not here: they are
-- folded from Kafka by the stream application (docs/adr/0016).
CREATE TABLE board_profiles (
    code     text    NOT NULL,
    version  integer NOT NULL,
    document jsonb   NOT NULL,
    PRIMARY KEY (code, version)
);
