-- +goose Up
-- People and schedules, the log of their edits, tokens, and what shift care
-- knows. Instants are int64 microseconds UTC; 0 = not yet.

CREATE TABLE rota (
    kind     TEXT   NOT NULL,
    id       TEXT   NOT NULL,
    revision BIGINT NOT NULL, -- of the edit that wrote it last
    body     TEXT   NOT NULL, -- JSON; '' = removed
    PRIMARY KEY (kind, id)
) WITHOUT ROWID;

CREATE TABLE rota_edits (
    revision  BIGINT NOT NULL PRIMARY KEY,
    id        TEXT   NOT NULL, -- of the change; '' = not remembered
    at        BIGINT NOT NULL,
    edited_at BIGINT NOT NULL, -- grows from edit to edit; 0 = a seed
    author    TEXT   NOT NULL, -- JSON
    node      TEXT   NOT NULL,
    reason    TEXT   NOT NULL,
    edit      TEXT   NOT NULL, -- JSON; '' = a seed or a restore
    before    TEXT   NOT NULL, -- JSON of the records
    after     TEXT   NOT NULL,
    content   TEXT   NOT NULL, -- hash of all records after it
    prev      TEXT   NOT NULL,
    hash      TEXT   NOT NULL  -- of all of the line
);
CREATE UNIQUE INDEX rota_edits_id ON rota_edits (id) WHERE id <> '';

CREATE TABLE rota_edited ( -- which edits concern a record
    kind     TEXT   NOT NULL,
    id       TEXT   NOT NULL,
    revision BIGINT NOT NULL,
    PRIMARY KEY (kind, id, revision)
) WITHOUT ROWID;

CREATE TABLE tokens (
    hash       TEXT   NOT NULL PRIMARY KEY,
    name       TEXT   NOT NULL,
    person     TEXT   NOT NULL,
    scopes     TEXT   NOT NULL, -- JSON
    created_at BIGINT NOT NULL,
    author     TEXT   NOT NULL,
    until      BIGINT NOT NULL,
    used_at    BIGINT NOT NULL,
    revoked_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX tokens_name ON tokens (name) WHERE revoked_at = 0;

CREATE TABLE confirmations (
    schedule TEXT   NOT NULL,
    track    TEXT   NOT NULL,
    person   TEXT   NOT NULL,
    start_at BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    author   TEXT   NOT NULL,
    how      TEXT   NOT NULL,
    PRIMARY KEY (schedule, track, person, start_at)
) WITHOUT ROWID;

CREATE TABLE proofs (
    person TEXT   NOT NULL,
    device TEXT   NOT NULL,
    how    TEXT   NOT NULL,
    at     BIGINT NOT NULL,
    PRIMARY KEY (person, device, how)
) WITHOUT ROWID;

CREATE INDEX confirmations_start ON confirmations (start_at);

ALTER TABLE nodes ADD COLUMN rota BIGINT NOT NULL DEFAULT 0; -- revision it works with
ALTER TABLE nodes ADD COLUMN rota_edited_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE nodes ADD COLUMN rota_hash TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE nodes DROP COLUMN rota_hash;
ALTER TABLE nodes DROP COLUMN rota_edited_at;
ALTER TABLE nodes DROP COLUMN rota;
DROP TABLE proofs;
DROP TABLE confirmations;
DROP TABLE tokens;
DROP TABLE rota_edited;
DROP TABLE rota_edits;
DROP TABLE rota;
