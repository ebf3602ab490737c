-- +goose Up
-- Instants are int64 microseconds UTC; 0 = not yet.

CREATE TABLE signals (
    channel TEXT    NOT NULL,
    key     TEXT    NOT NULL,
    at      BIGINT  NOT NULL,
    raw     BLOB    NOT NULL,
    call    TEXT    NOT NULL DEFAULT '', -- JSON of what was decoded from a call
    ticket  TEXT    NOT NULL DEFAULT '',
    number  TEXT    NOT NULL DEFAULT '',
    joined  BIGINT  NOT NULL DEFAULT 0,
    PRIMARY KEY (channel, key)
);

CREATE TABLE tickets (
    id        TEXT   NOT NULL PRIMARY KEY,
    year      BIGINT NOT NULL,
    seq       BIGINT NOT NULL,
    stage     TEXT   NOT NULL,
    is_open   BIGINT NOT NULL,
    priority  TEXT   NOT NULL,
    party     TEXT   NOT NULL,
    org       TEXT   NOT NULL,
    opened_at BIGINT NOT NULL,
    version   BIGINT NOT NULL,
    state     TEXT   NOT NULL, -- JSON of the ticket
    UNIQUE (year, seq)
);
CREATE UNIQUE INDEX tickets_party ON tickets (party) WHERE is_open = 1 AND party <> '';
CREATE INDEX tickets_open ON tickets (opened_at) WHERE is_open = 1;
CREATE INDEX tickets_time ON tickets (opened_at);

CREATE TABLE events (
    ticket  TEXT   NOT NULL,
    seq     BIGINT NOT NULL,
    at      BIGINT NOT NULL,
    author  TEXT   NOT NULL,
    channel TEXT   NOT NULL,
    kind    TEXT   NOT NULL,
    body    TEXT   NOT NULL,
    prev    TEXT   NOT NULL,
    hash    TEXT   NOT NULL,
    key     TEXT   NOT NULL,
    PRIMARY KEY (ticket, seq)
);
CREATE UNIQUE INDEX events_key ON events (ticket, key) WHERE key <> '';

CREATE TABLE calls (
    id          TEXT   NOT NULL PRIMARY KEY,
    ticket      TEXT   NOT NULL,
    number      TEXT   NOT NULL,
    line        TEXT   NOT NULL,
    did         TEXT   NOT NULL,
    caller      TEXT   NOT NULL,
    caller_name TEXT   NOT NULL,
    trunk       TEXT   NOT NULL,
    started_at  BIGINT NOT NULL,
    accepted_at BIGINT NOT NULL,
    accepted_by TEXT   NOT NULL,
    ended_at    BIGINT NOT NULL,
    result      TEXT   NOT NULL,
    cause       TEXT   NOT NULL,
    detail      TEXT   NOT NULL -- JSON
);
CREATE INDEX calls_ticket ON calls (ticket);
CREATE INDEX calls_time ON calls (started_at);
CREATE INDEX calls_live ON calls (started_at) WHERE ended_at = 0;

CREATE TABLE timers (
    ticket      TEXT   NOT NULL,
    kind        TEXT   NOT NULL,
    due_at      BIGINT NOT NULL,
    gen         BIGINT NOT NULL,
    state       TEXT   NOT NULL,
    lease_until BIGINT NOT NULL,
    PRIMARY KEY (ticket, kind)
);
CREATE INDEX timers_due ON timers (due_at);

CREATE TABLE outbox (
    id          TEXT   NOT NULL PRIMARY KEY,
    rank        BIGINT NOT NULL, -- 0 = pages, 1 = events
    channel     TEXT   NOT NULL,
    ticket      TEXT   NOT NULL,
    due_at      BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,
    attempts    BIGINT NOT NULL,
    done_at     BIGINT NOT NULL,
    result      TEXT   NOT NULL,
    notice      TEXT   NOT NULL -- JSON
);
CREATE INDEX outbox_due ON outbox (rank, due_at) WHERE done_at = 0;

CREATE TABLE deliveries (
    notice  TEXT   NOT NULL,
    attempt BIGINT NOT NULL,
    at      BIGINT NOT NULL,
    took_us BIGINT NOT NULL,
    result  TEXT   NOT NULL,
    fault   TEXT   NOT NULL,
    PRIMARY KEY (notice, attempt)
);

CREATE TABLE counters (
    name  TEXT   NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);

-- +goose Down
DROP TABLE counters;
DROP TABLE deliveries;
DROP TABLE outbox;
DROP TABLE timers;
DROP TABLE calls;
DROP TABLE events;
DROP TABLE tickets;
DROP TABLE signals;
