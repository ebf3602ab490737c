package app_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/butlerspb/vahta/dispatch/ticket"
)

// locked holds a database as another program does; the function it returns lets it go.
func locked(t *testing.T, path string) func() {
	t.Helper()
	cmd := exec.CommandContext(context.Background(), "sqlite3", path) // ended by release
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v: run `make deps`", err)
	}
	if _, err := io.WriteString(in, "PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE IF NOT EXISTS held (x); SELECT 'held';\n"); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewScanner(out)
	for said.Scan() && said.Text() != "held" {
	}
	if said.Text() != "held" {
		t.Fatal("the database could not be locked")
	}
	return func() {
		_ = in.Close() // its end rolls back
		_ = cmd.Wait()
	}
}

// servedAndStopped is a node that is alone, has one call on record, and was stopped in good order.
func servedAndStopped(t *testing.T) *node {
	t.Helper()
	_, people := engineers(t, accepting())
	c := newCluster(t, "", people+"lines:\n"+ladder("main", "", 1))
	c.record = "vahta.db"
	a := c.node("a")
	first := a.talk("main", "+79160000001")
	first.Hangup()
	<-first.Done()
	until(t, "the call is on record", func() bool { return served(a, "+7916") == 1 })
	a.signal(syscall.SIGTERM)
	a.gone()
	return a
}

// TestStartWithoutTheRecord: another program holds the database when Vahta starts. Calls are served, tickets have numbers,
// and when the database is let go it has each of them once.
func TestStartWithoutTheRecord(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts processes")
	}
	a := servedAndStopped(t)

	release := locked(t, filepath.Join(a.dir, "data", "vahta.db"))
	a.start()
	if code, text := a.get("/readyz"); code != 200 {
		t.Errorf("not ready without the record: %d %s", code, text)
	}
	for _, from := range []string{"+79160000002", "+79160000003"} {
		s := a.talk("main", from)
		s.Hangup()
		<-s.Done()
	}
	var numbers []string
	until(t, "the journal knows the tickets", func() bool {
		numbers = nil
		for _, tk := range a.tickets() {
			numbers = append(numbers, tk.Number.String())
		}
		return len(numbers) >= 2
	})
	t.Logf("without the record: %v, %v", numbers, a.status()["journal"])
	release()
	until(t, "the record has everything", func() bool {
		s := a.status()
		return s["record"] == "ok" && s["journal"].(map[string]any)["state"] == "ok" && served(a, "+7916") == 3
	})
	seen := map[ticket.Number]bool{}
	parties := map[string]int{}
	for _, tk := range a.tickets() {
		if seen[tk.Number] {
			t.Errorf("number %s twice", tk.Number)
		}
		seen[tk.Number] = true
		parties[string(tk.Caller)]++
	}
	for who, n := range parties {
		if n != 1 {
			t.Errorf("caller %s has %d tickets", who, n)
		}
	}
	if len(parties) != 3 {
		t.Errorf("tickets of %v", parties)
	}
	for _, n := range numbers {
		if num, err := ticket.ParseNumber(n); err != nil || !seen[num] {
			t.Errorf("ticket %s, which was announced, is not on record: %v", n, err)
		}
	}
}

// TestLostDatabaseIsNotMadeAnew: the file has gone between two starts. Calls are served and kept, nobody makes an empty
// database in its place, and when the file is back it gets everything.
func TestLostDatabaseIsNotMadeAnew(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts processes")
	}
	a := servedAndStopped(t)

	path := filepath.Join(a.dir, "data", "vahta.db")
	if err := os.Rename(path, path+".elsewhere"); err != nil {
		t.Fatal(err)
	}
	a.start()
	if why, _ := a.status()["record"].(string); !strings.Contains(why, "is gone") {
		t.Errorf("record: %q", why)
	}
	again := a.talk("main", "+79160000002")
	again.Hangup()
	<-again.Done()
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a new database was made: %v", err)
	}
	if err := os.Rename(path+".elsewhere", path); err != nil {
		t.Fatal(err)
	}
	until(t, "the record has both calls", func() bool { return a.status()["record"] == "ok" && served(a, "+7916") == 2 })
}
