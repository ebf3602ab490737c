-- +goose Up
-- What can be found by words: tickets and articles with the terms that package
-- kb makes of them. Instants are int64 microseconds UTC.

CREATE TABLE texts (
    doc   BIGINT           NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- grows with the texts
    kind  TEXT COLLATE "C" NOT NULL,
    ref   TEXT COLLATE "C" NOT NULL, -- id of the ticket or article
    org   TEXT COLLATE "C" NOT NULL,
    at    BIGINT           NOT NULL, -- of the newest part
    upto  BIGINT           NOT NULL, -- seq of the newest line, or version
    title TEXT COLLATE "C" NOT NULL, -- terms
    terms TEXT COLLATE "C" NOT NULL, -- all of them
    found TSVECTOR         NOT NULL DEFAULT '',
    UNIQUE (kind, ref)
);
CREATE INDEX texts_terms ON texts USING GIN (found);

CREATE TABLE texts_due ( -- tickets whose log has lines that are not in the index
    ticket TEXT COLLATE "C" NOT NULL PRIMARY KEY
);
INSERT INTO texts_due (ticket) SELECT id FROM tickets;

-- +goose StatementBegin
CREATE FUNCTION texts_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO texts_due (ticket) VALUES (new.ticket) ON CONFLICT (ticket) DO NOTHING;
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER texts_follow AFTER INSERT ON events FOR EACH ROW EXECUTE FUNCTION texts_follow();

-- +goose Down
DROP TRIGGER texts_follow ON events;
DROP FUNCTION texts_follow();
DROP TABLE texts_due;
DROP TABLE texts;
