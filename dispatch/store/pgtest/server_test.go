package pgtest

import (
	"testing"

	"github.com/jackc/pgx/v5"
)

// What was committed is there after a kill, what was not is not, and nothing of the server is left at the end.
func TestServerSurvivesAKill(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := Start(t, Options{})
	name, err := s.Database(ctx)
	must(t, err)
	must(t, s.ExecIn(ctx, name, "CREATE TABLE a (n BIGINT)"))
	conn, err := s.Connect(ctx, name)
	must(t, err)
	_, err = conn.Exec(ctx, "INSERT INTO a VALUES (1)")
	must(t, err)
	_, err = conn.Exec(ctx, "BEGIN; INSERT INTO a VALUES (2)")
	must(t, err)
	s.Kill()
	if err := conn.Ping(ctx); err == nil {
		t.Error("a killed server answers")
	}
	must(t, s.Restart(ctx))
	again, err := pgx.Connect(ctx, s.URL(name))
	must(t, err)
	var sum int64
	must(t, again.QueryRow(ctx, "SELECT CAST(SUM(n) AS BIGINT) FROM a").Scan(&sum))
	if sum != 1 {
		t.Errorf("the sum after the kill is %d", sum)
	}
	must(t, again.Close(ctx))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
