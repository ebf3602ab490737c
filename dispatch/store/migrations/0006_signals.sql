-- +goose Up
-- A signal that has no ticket yet is tried again at due_at; 0 = not again.

ALTER TABLE signals ADD COLUMN due_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE signals ADD COLUMN tries BIGINT NOT NULL DEFAULT 0;
ALTER TABLE signals ADD COLUMN fault TEXT NOT NULL DEFAULT '';   -- why the last try failed
ALTER TABLE signals ADD COLUMN settled TEXT NOT NULL DEFAULT ''; -- why it needs no ticket
UPDATE signals SET due_at = at WHERE ticket = '';

CREATE INDEX signals_due ON signals (due_at) WHERE due_at > 0;
CREATE INDEX signals_time ON signals (at);
CREATE INDEX signals_ticket ON signals (ticket, at) WHERE ticket <> '';
CREATE INDEX tickets_last ON tickets (party, opened_at) WHERE party <> '';

-- +goose Down
DROP INDEX tickets_last;
DROP INDEX signals_ticket;
DROP INDEX signals_time;
DROP INDEX signals_due;
ALTER TABLE signals DROP COLUMN settled;
ALTER TABLE signals DROP COLUMN fault;
ALTER TABLE signals DROP COLUMN tries;
ALTER TABLE signals DROP COLUMN due_at;
