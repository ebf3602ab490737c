-- +goose Up
-- What can be found by words: tickets and articles with the terms that package
-- kb makes of them. Instants are int64 microseconds UTC.

CREATE TABLE texts (
    doc   INTEGER NOT NULL PRIMARY KEY, -- grows with the texts
    kind  TEXT    NOT NULL,
    ref   TEXT    NOT NULL, -- id of the ticket or article
    org   TEXT    NOT NULL,
    at    BIGINT  NOT NULL, -- of the newest part
    upto  BIGINT  NOT NULL, -- seq of the newest line, or version
    title TEXT    NOT NULL, -- terms
    terms TEXT    NOT NULL, -- all of them
    UNIQUE (kind, ref)
);

-- Terms are whole as they come: nothing but blanks parts them.
CREATE VIRTUAL TABLE texts_terms USING fts5(
    terms, content = '', contentless_delete = 1, detail = none, tokenize = "ascii tokenchars '.-_@:/'"
);

CREATE TABLE texts_due ( -- tickets whose log has lines that are not in the index
    ticket TEXT NOT NULL PRIMARY KEY
) WITHOUT ROWID;
INSERT INTO texts_due (ticket) SELECT id FROM tickets;

-- +goose StatementBegin
CREATE TRIGGER texts_follow AFTER INSERT ON events BEGIN
    INSERT INTO texts_due (ticket) VALUES (new.ticket) ON CONFLICT (ticket) DO NOTHING;
END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER texts_follow;
DROP TABLE texts_due;
DROP TABLE texts_terms;
DROP TABLE texts;
