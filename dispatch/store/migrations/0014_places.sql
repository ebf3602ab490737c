-- +goose Up
-- What one reader among all nodes holds, and how far it was read.

CREATE TABLE places (
    name        TEXT   NOT NULL PRIMARY KEY,
    holder      TEXT   NOT NULL, -- empty = nobody
    token       BIGINT NOT NULL, -- grows with each new holder
    lease_until BIGINT NOT NULL, -- 0 = it was freed
    cursor_at   BLOB   NOT NULL  -- in the words of its readers
) WITHOUT ROWID;

-- +goose Down
DROP TABLE places;
