package store

import (
	"io/fs"
	"slices"
	"testing"
	"testing/fstest"
)

// A migration stands once for both engines, or as a pair; each engine sees its own half.
func TestMigrationsOfAnEngine(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{
		"0001_both.sql": {Data: []byte("CREATE TABLE a (id TEXT NOT NULL PRIMARY KEY, raw BLOB) WITHOUT ROWID;\n" +
			"ALTER TABLE a ADD COLUMN b TEXT NOT NULL DEFAULT ''; -- plain text\n")},
		"0002_pair.sqlite.sql":   {Data: []byte("CREATE VIRTUAL TABLE f USING fts5(TEXT);")},
		"0002_pair.postgres.sql": {Data: []byte("CREATE TABLE f (words TSVECTOR, line TEXT);")},
	}
	cases := map[engine]map[string]string{
		engineSQLite: {
			"0001_both.sql":        string(files["0001_both.sql"].Data),
			"0002_pair.sqlite.sql": "CREATE VIRTUAL TABLE f USING fts5(TEXT);",
		},
		enginePostgres: {
			"0001_both.sql": "CREATE TABLE a (id TEXT COLLATE \"C\" NOT NULL PRIMARY KEY, raw BYTEA);\n" +
				"ALTER TABLE a ADD COLUMN b TEXT COLLATE \"C\" NOT NULL DEFAULT ''; -- plain text\n",
			"0002_pair.postgres.sql": "CREATE TABLE f (words TSVECTOR, line TEXT);",
		},
	}
	for e, want := range cases {
		s := script{files, e}
		names, err := fs.Glob(s, "*.sql")
		must(t, err)
		if len(names) != len(want) {
			t.Errorf("%s sees %v", e, names)
		}
		for name, text := range want {
			if !slices.Contains(names, name) {
				t.Errorf("%s does not see %s", e, name)
			}
			if got, err := fs.ReadFile(s, name); err != nil || string(got) != text {
				t.Errorf("%s of %s is %q, %v", name, e, got, err)
			}
		}
	}
}

// Question marks become numbers, but for those that are text.
func TestPlaceholders(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		`SELECT 1`: `SELECT 1`,
		`UPDATE t SET a = ?, b = b + ? WHERE c IN (?, '')`:   `UPDATE t SET a = $1, b = b + $2 WHERE c IN ($3, '')`,
		`SELECT '?' || ? || 'it''s ?' FROM "a?" WHERE b = ?`: `SELECT '?' || $1 || 'it''s ?' FROM "a?" WHERE b = $2`,
	} {
		if got := numbered(query); got != want {
			t.Errorf("%s\n got %s\nwant %s", query, got, want)
		}
	}
}
