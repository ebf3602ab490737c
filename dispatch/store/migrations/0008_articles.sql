-- +goose Up
-- The knowledge base: every version of every article. Instants are int64
-- microseconds UTC.

CREATE TABLE articles (
    id      TEXT   NOT NULL,
    version BIGINT NOT NULL, -- from 1
    is_last BIGINT NOT NULL, -- 1 = the last version
    at      BIGINT NOT NULL,
    head    TEXT   NOT NULL, -- JSON of the article without its body
    body    TEXT   NOT NULL, -- Markdown
    PRIMARY KEY (id, version)
);
CREATE INDEX articles_last ON articles (id) WHERE is_last = 1;

-- +goose Down
DROP TABLE articles;
