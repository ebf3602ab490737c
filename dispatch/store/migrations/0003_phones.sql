-- +goose Up
-- What engineers' phones register as. Instants are int64 microseconds UTC; 0 = not yet.

CREATE TABLE phone_accounts (
    name       TEXT   NOT NULL PRIMARY KEY,
    person     TEXT   NOT NULL,
    realm      TEXT   NOT NULL,
    version    BIGINT NOT NULL, -- of its secret
    hashes     TEXT   NOT NULL, -- JSON of HA1 by algorithm; no password is kept
    created_at BIGINT NOT NULL,
    revoked_at BIGINT NOT NULL,
    link       TEXT   NOT NULL, -- hash of the one-time link that is out; '' = none
    link_until BIGINT NOT NULL
) WITHOUT ROWID;

-- +goose Down
DROP TABLE phone_accounts;
