package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// CopyStep tells how far a copy is.
type CopyStep struct {
	Table    string
	Rows     int64 // of all tables, copied or checked so far
	Total    int64 // of all tables
	Checking bool  // the copy is read back and compared
}

// Copied says what a copy has brought over.
type Copied struct {
	Tables int
	Rows   int64
	Mended int64 // values that were no text (broken UTF-8, NUL) and have U+FFFD in them now
}

// derived are tables that a database makes anew from the others: the index of
// words follows the logs by a trigger.
var derived = []string{"texts", "texts_terms", "texts_due"} //nolint:gochecknoglobals // a constant table

// Copy copies the record in a file to an empty PostgreSQL database, in one
// transaction: all of it or nothing. Before it commits it reads everything
// back and compares the number of rows and their hashes. No process may serve
// either of them; the file stays as it is. progress may be nil.
func Copy(ctx context.Context, from, to string, progress func(CopyStep)) (_ Copied, err error) {
	switch {
	case IsURL(from) || !There(from):
		return Copied{}, fmt.Errorf("copy the record: there is no file %s; name the database file", Show(from))
	case !IsURL(to):
		return Copied{}, errors.New("copy the record: name the database to copy to as postgres://user:password@host:5432/database")
	}
	if progress == nil {
		progress = func(CopyStep) {}
	}
	source, err := openAlone(ctx, from)
	if err != nil {
		return Copied{}, fmt.Errorf("copy the record: %w", err)
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	target, err := openAlone(ctx, to)
	if err != nil {
		return Copied{}, fmt.Errorf("copy the record: %w", err)
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	address, err := parseURL(to)
	if err != nil {
		return Copied{}, err
	}
	conn, err := pgx.ConnectConfig(ctx, address)
	if err != nil {
		return Copied{}, fmt.Errorf("copy the record: connect to %s: %w", target.name, hideSecret(err))
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // what counts is the commit
	still, err := source.write.BeginTx(ctx, nil) // takes the write lock: nothing changes meanwhile
	if err != nil {
		return Copied{}, fmt.Errorf("copy the record: hold %s still: %w", from, err)
	}
	defer still.Rollback() //nolint:errcheck // it has only read
	c := &copying{from: still, progress: progress}
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		c.to = tx
		return c.run(ctx, target.name)
	})
	if err != nil {
		return Copied{}, fmt.Errorf("copy %s to %s: %w; nothing was copied", from, target.name, err)
	}
	return c.made, nil
}

// openAlone opens a record that nobody else serves.
func openAlone(ctx context.Context, place string) (*SQL, error) {
	cfg := At(place)
	cfg.Exclusive = true
	return Open(ctx, cfg, Deps{})
}

// copying is one copy under way.
type copying struct {
	from     *sql.Tx
	to       pgx.Tx
	progress func(CopyStep)

	made  Copied
	done  int64
	total int64
}

// table is what both databases have of a table, and what is in it.
type table struct {
	name    string
	columns []string
	types   []string // of PostgreSQL
	rows    int64
	sum     tally
}

func (c *copying) run(ctx context.Context, target string) error {
	if _, err := c.to.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", int64(lockWrite)); err != nil {
		return fmt.Errorf("hold %s still: %w", target, err)
	}
	tables, err := c.tables(ctx)
	if err != nil {
		return err
	}
	c.total *= 2 // each row is copied and read back
	for _, t := range tables {
		if err := c.bring(ctx, t); err != nil {
			return fmt.Errorf("table %s: %w", t.name, err)
		}
	}
	for _, t := range tables {
		if err := c.compare(ctx, t); err != nil {
			return fmt.Errorf("table %s: %w", t.name, err)
		}
	}
	c.made.Tables = len(tables)
	return nil
}

// tables lists what is to be copied. The target must have none of it yet.
func (c *copying) tables(ctx context.Context) ([]*table, error) {
	names, err := c.names(ctx)
	if err != nil {
		return nil, err
	}
	var list []*table
	for _, name := range names {
		t := &table{name: name}
		if err := c.from.QueryRowContext(ctx, `SELECT COUNT(*) FROM `+name).Scan(&t.rows); err != nil {
			return nil, fmt.Errorf("count the rows of %s: %w", name, err)
		}
		rows, err := c.to.Query(ctx, `SELECT column_name, data_type FROM information_schema.columns
			WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position`, name)
		if err != nil {
			return nil, fmt.Errorf("look at table %s: %w", name, err)
		}
		var column, kind string
		if _, err := pgx.ForEachRow(rows, []any{&column, &kind}, func() error {
			t.columns, t.types = append(t.columns, column), append(t.types, kind)
			return nil
		}); err != nil {
			return nil, fmt.Errorf("look at table %s: %w", name, err)
		}
		if len(t.columns) == 0 {
			return nil, fmt.Errorf("the new database has no table %s; was the file made by a newer vahta?", name)
		}
		var there int64
		if err := c.to.QueryRow(ctx, `SELECT COUNT(*) FROM `+name).Scan(&there); err != nil {
			return nil, fmt.Errorf("count the rows of %s: %w", name, err)
		}
		if there > 0 {
			return nil, fmt.Errorf("the new database is not empty: %s has %d rows; make an empty one (createdb) and name that", name, there)
		}
		c.total += t.rows
		list = append(list, t)
	}
	return list, nil
}

// names lists the tables of the file that hold what nobody makes anew.
func (c *copying) names(ctx context.Context) (list []string, err error) {
	rows, err := c.from.QueryContext(ctx, `SELECT name FROM pragma_table_list
		WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'goose_db_version' ORDER BY name`)
	if err != nil {
		return nil, fmt.Errorf("list the tables: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		if !slices.Contains(derived, name) {
			list = append(list, name)
		}
	}
	return list, rows.Err()
}

// tellEvery is how many rows pass between two reports.
const tellEvery = 1000

func (c *copying) tell(t *table, checking bool) {
	if c.done++; c.done%tellEvery == 0 || c.done == c.total {
		c.progress(CopyStep{Table: t.name, Rows: c.done, Total: c.total, Checking: checking})
	}
}

// bring copies the rows of a table.
func (c *copying) bring(ctx context.Context, t *table) (err error) {
	rows, err := c.from.QueryContext(ctx, `SELECT "`+strings.Join(t.columns, `", "`)+`" FROM `+t.name) //nolint:gosec // names of our own schema
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	values, into := make([]any, len(t.columns)), make([]any, len(t.columns))
	for i := range values {
		into[i] = &values[i]
	}
	n, err := c.to.CopyFrom(ctx, pgx.Identifier{t.name}, t.columns, pgx.CopyFromFunc(func() ([]any, error) {
		if !rows.Next() {
			return nil, rows.Err()
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		row := make([]any, len(values))
		for i, v := range values {
			is, mended, err := convert(v, t.types[i])
			if err != nil {
				return nil, fmt.Errorf("column %s: %w", t.columns[i], err)
			}
			if row[i] = is; mended {
				c.made.Mended++
			}
		}
		t.sum.add(row)
		c.tell(t, false)
		return row, nil
	}))
	if err == nil && n != t.rows {
		err = fmt.Errorf("%d rows were copied of %d", n, t.rows)
	}
	c.made.Rows += n
	return err
}

// compare reads the copy back.
func (c *copying) compare(ctx context.Context, t *table) error {
	rows, err := c.to.Query(ctx, `SELECT * FROM `+pgx.Identifier{t.name}.Sanitize())
	if err != nil {
		return fmt.Errorf("read the copy: %w", err)
	}
	defer rows.Close()
	var sum tally
	var n int64
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			return fmt.Errorf("read the copy: %w", err)
		}
		sum.add(values)
		n++
		c.tell(t, true)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read the copy: %w", err)
	}
	if n != t.rows || !sum.equal(&t.sum) {
		return fmt.Errorf("the copy has %d rows of %d, and their content is not the same; try again, and look at both disks", n, t.rows)
	}
	return nil
}

// convert makes of SQLite's value, whose type is each row's own, one of the column's type.
func convert(v any, kind string) (is any, mended bool, err error) {
	switch x := v.(type) {
	case string:
		if kind == "bytea" {
			return []byte(x), false, nil
		}
		return number(asText(x), kind), !isText(x), nil
	case []byte:
		if kind == "bytea" {
			return slices.Clone(x), false, nil
		}
		return number(asText(string(x)), kind), !isText(string(x)), nil
	case int64:
		if kind == "text" {
			return strconv.FormatInt(x, 10), false, nil
		}
		return x, false, nil
	case nil:
		return nil, false, nil
	}
	return nil, false, fmt.Errorf("a value of type %T has no place there", v)
}

// number is a text that stands in a column of numbers, as what it says.
func number(text, kind string) any {
	if n, err := strconv.ParseInt(text, 10, 64); kind == "bigint" && err == nil {
		return n
	}
	return text
}

// tally is the sum of the hashes of rows: the same for the same rows in any order.
type tally struct{ sum big.Int }

func (t *tally) add(row []any) {
	h := sha256.New()
	write := func(kind byte, b []byte) {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(b)))
		_, _ = h.Write(append(append([]byte{kind}, size[:]...), b...)) // never fails
	}
	for _, v := range row {
		switch x := v.(type) {
		case nil:
			write(0, nil)
		case int64:
			write('n', strconv.AppendInt(nil, x, 10))
		case string:
			write('t', []byte(x))
		case []byte:
			write('b', x)
		default:
			write('?', fmt.Append(nil, x))
		}
	}
	var one big.Int
	one.SetBytes(h.Sum(nil))
	t.sum.Add(&t.sum, &one)
}

func (t *tally) equal(other *tally) bool { return t.sum.Cmp(&other.sum) == 0 }
