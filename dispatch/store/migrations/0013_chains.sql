-- +goose Up
-- Events that go out one after another: those of one call to one receiver.

ALTER TABLE outbox ADD COLUMN chain TEXT NOT NULL DEFAULT ''; -- what it is a link of; empty = of nothing
ALTER TABLE outbox ADD COLUMN chain_at BIGINT NOT NULL DEFAULT 0; -- its place in the chain

CREATE INDEX outbox_chain ON outbox (chain, chain_at) WHERE done_at = 0 AND chain <> '';

-- +goose Down
DROP INDEX outbox_chain;
ALTER TABLE outbox DROP COLUMN chain_at;
ALTER TABLE outbox DROP COLUMN chain;
