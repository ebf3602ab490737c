-- +goose Up
-- Who did what that no ticket's log tells. Lines are only added.

CREATE TABLE audit (
    seq     BIGINT NOT NULL PRIMARY KEY,
    at      BIGINT NOT NULL,
    author  TEXT   NOT NULL,
    channel TEXT   NOT NULL,
    source  TEXT   NOT NULL, -- network address
    act     TEXT   NOT NULL,
    object  TEXT   NOT NULL,
    ticket  TEXT   NOT NULL, -- number
    reason  TEXT   NOT NULL,
    detail  TEXT   NOT NULL,
    node    TEXT   NOT NULL,
    prev    TEXT   NOT NULL,
    hash    TEXT   NOT NULL  -- of all of the line
) WITHOUT ROWID;

CREATE INDEX audit_act ON audit (act, seq);
CREATE INDEX audit_author ON audit (author, seq);
CREATE INDEX audit_ticket ON audit (ticket, seq) WHERE ticket <> '';

-- +goose Down
DROP TABLE audit;
