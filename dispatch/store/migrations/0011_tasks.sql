-- +goose Up
-- What remains to be done, over all tickets: a list of what their logs tell.

CREATE TABLE tasks (
    ticket   TEXT   NOT NULL,
    task     TEXT   NOT NULL,
    sort     TEXT   NOT NULL,
    words    TEXT   NOT NULL,
    priority BIGINT NOT NULL,
    owner    TEXT   NOT NULL,
    set_at   BIGINT NOT NULL,
    due_at   BIGINT NOT NULL, -- 0 = never
    ended_at BIGINT NOT NULL, -- 0 = open
    result   TEXT   NOT NULL,
    PRIMARY KEY (ticket, task)
) WITHOUT ROWID;

CREATE INDEX tasks_open ON tasks (due_at) WHERE ended_at = 0;

-- +goose Down
DROP TABLE tasks;
