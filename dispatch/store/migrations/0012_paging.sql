-- +goose Up
-- Pages that went out, by person; what goes first after an outage; dead letters.

CREATE TABLE sends (
    person  TEXT   NOT NULL,
    channel TEXT   NOT NULL,
    notice  TEXT   NOT NULL,
    at      BIGINT NOT NULL,
    ticket  TEXT   NOT NULL,
    page    BIGINT NOT NULL,
    party   TEXT   NOT NULL,
    PRIMARY KEY (person, channel, notice)
) WITHOUT ROWID;

ALTER TABLE outbox ADD COLUMN urgency BIGINT NOT NULL DEFAULT 0; -- of pages; the lower the sooner
ALTER TABLE timers ADD COLUMN urgency BIGINT NOT NULL DEFAULT 0;

CREATE INDEX outbox_dead ON outbox (done_at) WHERE rank = 1 AND result = 'failed' AND done_at > 0;

-- +goose Down
DROP INDEX outbox_dead;
ALTER TABLE timers DROP COLUMN urgency;
ALTER TABLE outbox DROP COLUMN urgency;
DROP TABLE sends;
