package main

import (
	"archive/zip"
	"context"
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/butlerspb/vahta/dispatch/store/pgtest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"vahta": func() {
		setClock()
		main()
	}})
}

// setClock lets a session happen at a time of its own, $CLOCK, which stands still: a slow machine changes no minute of it.
func setClock() {
	if text := os.Getenv("CLOCK"); text != "" {
		at := must(time.Parse(time.RFC3339, text))
		clock = func() time.Time { return at }
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestScripts plays the commands as a person types them; each file of testdata/script is one session.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("LANG", "en_US.UTF-8")
			return nil
		},
		Cmds:      map[string]func(*testscript.TestScript, bool, []string){"capture": capture, "postgres": postgres, "unzip": unzip},
		Condition: func(cond string) (bool, error) { return cond == "long" && !testing.Short(), nil },
	})
}

// capture NAME PATTERN sets a variable to the first group of the pattern in the last output.
func capture(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: capture NAME PATTERN")
	}
	m := regexp.MustCompile(args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
	if len(m) < 2 {
		ts.Fatalf("capture %s: %q is not in the last output", args[0], args[1])
	}
	ts.Setenv(args[0], m[1])
}

// postgres NAME starts a PostgreSQL server for the session and sets a variable to the URL of an empty database on it.
func postgres(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: postgres NAME")
	}
	server, err := pgtest.Launch(context.Background(), pgtest.Options{})
	ts.Check(err)
	ts.Defer(server.Close)
	name, err := server.Database(context.Background())
	ts.Check(err)
	ts.Setenv(args[0], server.URL(name))
}

// unzip FILE FOLDER unpacks an archive.
func unzip(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: unzip FILE FOLDER")
	}
	z, err := zip.OpenReader(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(os.CopyFS(ts.MkAbs(args[1]), z))
	ts.Check(z.Close())
}
