-- +goose Up
-- Models of reports, secrets that nodes share, the keys of the vault and the
-- index of its files. Instants are int64 microseconds UTC; 0 = not yet.

CREATE TABLE reports (
    hash    TEXT   NOT NULL PRIMARY KEY, -- SHA-256 of the body
    body    BLOB   NOT NULL,             -- JSON
    kept_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE secrets (
    name    TEXT   NOT NULL PRIMARY KEY,
    body    BLOB   NOT NULL,
    kept_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE seal_keys (
    org          TEXT   NOT NULL PRIMARY KEY,
    recipient    TEXT   NOT NULL,
    sealed       BLOB   NOT NULL, -- to the master key; empty = destroyed
    master       TEXT   NOT NULL,
    made_at      BIGINT NOT NULL,
    destroyed_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE attachments (
    ticket    TEXT   NOT NULL,
    hash      TEXT   NOT NULL,
    org       TEXT   NOT NULL,
    name      TEXT   NOT NULL,
    type      TEXT   NOT NULL,
    bytes     BIGINT NOT NULL,
    at        BIGINT NOT NULL,
    erased_at BIGINT NOT NULL,
    PRIMARY KEY (ticket, hash)
) WITHOUT ROWID;
CREATE INDEX attachments_hash ON attachments (hash);
CREATE INDEX attachments_org ON attachments (org, at);

-- +goose Down
DROP TABLE attachments;
DROP TABLE seal_keys;
DROP TABLE secrets;
DROP TABLE reports;
