-- +goose Up
-- What several nodes that share the record need to agree. Instants are int64
-- microseconds UTC.

ALTER TABLE calls ADD COLUMN node TEXT NOT NULL DEFAULT ''; -- who serves it; '' = written before nodes had names

CREATE TABLE changes ( -- ids of changes that were stored, so that a repeat is seen
    id TEXT   NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX changes_time ON changes (at);

CREATE TABLE assignments ( -- a row per person
    person      TEXT   NOT NULL PRIMARY KEY,
    token       BIGINT NOT NULL, -- his last one; the 64 bits of an unsigned number
    call        TEXT   NOT NULL,
    attempt     TEXT   NOT NULL,
    node        TEXT   NOT NULL,
    lease_until BIGINT NOT NULL  -- 0 = released
) WITHOUT ROWID;

CREATE TABLE nodes (
    id          TEXT   NOT NULL PRIMARY KEY,
    lease_until BIGINT NOT NULL, -- 0 = stopped in good order
    taken_over  BIGINT NOT NULL  -- 1 = its calls went to another node since its last beat
) WITHOUT ROWID;

CREATE TABLE definitions ( -- of the directory; the one with the highest seq is in force
    hash    TEXT   NOT NULL PRIMARY KEY,
    seq     BIGINT NOT NULL UNIQUE,
    made_at BIGINT NOT NULL,
    node    TEXT   NOT NULL,
    body    BLOB   NOT NULL -- empty once another one is in force
);

-- +goose Down
DROP TABLE definitions;
DROP TABLE nodes;
DROP TABLE assignments;
DROP TABLE changes;
ALTER TABLE calls DROP COLUMN node;
