package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// sqlite runs a real store until the test ends.
func sqlite(tb testing.TB, path string) *store.SQL {
	tb.Helper()
	cfg := store.Default()
	cfg.Path = path
	in, err := store.Open(tb.Context(), cfg, store.Deps{})
	must(tb, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- in.Run(ctx) }()
	tb.Cleanup(func() {
		stop()
		if err := errors.Join(<-ended, in.Close()); err != nil {
			tb.Error(err)
		}
	})
	return in
}

// small mounts a file system with little room.
func small(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=4m"); err != nil {
		t.Skipf("a full disk needs the right to mount one: %v", err)
	}
	t.Cleanup(func() { must(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	return dir
}

// outages of a real database: begin starts one, and what it returns ends it.
func outages() map[string]func(t *testing.T) (path string, begin func() (end func())) {
	return map[string]func(*testing.T) (string, func() func()){
		"locked": func(t *testing.T) (string, func() func()) {
			t.Helper()
			path := filepath.Join(t.TempDir(), "vahta.db")
			return path, func() func() {
				db, err := sql.Open("sqlite", "file:"+path)
				must(t, err)
				conn, err := db.Conn(t.Context())
				must(t, err)
				_, err = conn.ExecContext(t.Context(), "BEGIN EXCLUSIVE")
				must(t, err)
				return func() { must(t, errors.Join(conn.Close(), db.Close())) }
			}
		},
		"full": func(t *testing.T) (string, func() func()) {
			t.Helper()
			dir := small(t)
			return filepath.Join(dir, "vahta.db"), func() func() {
				f, err := os.Create(filepath.Join(dir, "filler"))
				must(t, err)
				for _, size := range []int{1 << 16, 1 << 10, 1} {
					for err = nil; err == nil; {
						_, err = f.Write(make([]byte, size))
					}
				}
				return func() { must(t, errors.Join(f.Close(), os.Remove(f.Name()))) }
			}
		},
		"away": func(t *testing.T) (string, func() func()) {
			t.Helper()
			path := filepath.Join(t.TempDir(), "vahta.db")
			return path, func() func() {
				must(t, os.Rename(path, path+".moved"))
				return func() { must(t, os.Rename(path+".moved", path)) }
			}
		},
		"read-only": func(t *testing.T) (string, func() func()) {
			t.Helper()
			path := filepath.Join(t.TempDir(), "vahta.db")
			set := func(flag string) error { // not the -shm: it is mapped, and a refused write to a mapped page kills the process
				return exec.Command("chattr", flag, path, path+"-wal").Run()
			}
			return path, func() func() {
				if err := set("+i"); err != nil {
					t.Skipf("files under a running program become read-only by chattr, which is refused here: %v", err)
				}
				t.Cleanup(func() { _ = set("-i") }) // also when the test has failed
				return func() { must(t, set("-i")) }
			}
		},
	}
}

// Whatever the database suffers from, every call is taken; when it is well
// again, it has each once, numbered and in order.
func TestSQLite(t *testing.T) {
	t.Parallel()
	for name, set := range outages() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path, begin := set(t)
			in := sqlite(t, path)
			healed := make(chan struct{}, 10)
			s, _ := start(t, config(t), Deps{Healed: func(context.Context) error { healed <- struct{}{}; return nil }}, in)
			must(t, s.Commit(t.Context(), opening(1)))
			end := begin()
			const calls = 30
			var worst time.Duration
			for n := 2; n <= calls; n++ {
				began := time.Now()
				c := opening(n)
				c.Signal.Raw = make([]byte, 8<<10)
				must(t, s.Commit(t.Context(), c))
				worst = max(worst, time.Since(began))
				must(t, s.Commit(t.Context(), note(n, "a")))
				must(t, s.Commit(t.Context(), decide(t, s, n, "anna", ticket.Acknowledged{How: "cli"})))
			}
			if st := s.Status(); st.State != Away && st.State != Replaying {
				t.Fatalf("status %+v", st)
			}
			t.Logf("the slowest call waited %v; why: %s", worst, s.Status().Why)
			if worst > patience { // it waited for the database, not for the budget
				t.Errorf("a call waited %v", worst)
			}
			end()
			well := time.Now()
			select {
			case <-healed:
				t.Logf("back after %v", time.Since(well))
			case <-time.After(30 * time.Second):
				t.Fatalf("status %+v", s.Status())
			}
			list, err := in.Tickets(t.Context(), dispatch.TicketFilter{Limit: 1000})
			must(t, err)
			if len(list) != calls {
				t.Errorf("%d tickets, want %d", len(list), calls)
			}
			for n := 2; n <= calls; n++ {
				if got := lines(t, in, n); !slices.Equal(got, []string{"opened", "a", "acknowledged"}) {
					t.Errorf("ticket %d: %v", n, got)
				}
				must(t, in.Verify(t.Context(), id(n)))
			}
			must(t, in.IntegrityCheck(t.Context()))
		})
	}
}

// The journal's own disk is full from the start: Open says so. Filled later, it
// still takes calls: its room was taken.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := small(t)
	deps := Deps{Overlay: func() Overlay { return store.NewMemory() }}
	if _, err := Open(Config{Path: dir + "/big", Size: 64, Budget: defaultBudget}, deps); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("opened: %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left %v", left)
	}
	s, err := Open(Config{Path: dir + "/journal", Size: 1, Budget: defaultBudget}, deps)
	must(t, err)
	f, err := os.Create(dir + "/filler")
	must(t, err)
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	must(t, f.Close())
	for n := 1; n <= 100; n++ {
		must(t, s.Commit(t.Context(), opening(n)))
	}
	must(t, s.Keep(t.Context(), []dispatch.Block{{Year: 2026, First: 1, End: 2}}))
	must(t, s.Close())
	s, err = Open(Config{Path: dir + "/journal", Size: 1, Budget: defaultBudget}, deps)
	must(t, err)
	if st := s.Status(); st.Pending != 100 {
		t.Errorf("status %+v", st)
	}
	must(t, s.Close())
}

// spread reports the middle and the tail of what was measured.
func spread(b *testing.B, took []time.Duration) {
	b.Helper()
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}

// BenchmarkAppend measures a change that the journal takes, fsync and all.
func BenchmarkAppend(b *testing.B) {
	for _, writers := range []int{1, 8} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			cfg := config(b)
			cfg.Size = 512
			s, _ := start(b, cfg, Deps{}, nil)
			took := make([][]time.Duration, writers)
			done := make(chan struct{})
			b.ResetTimer()
			for w := range writers {
				go func() {
					defer func() { done <- struct{}{} }()
					for i := w; i < b.N; i += writers {
						began := time.Now()
						must(b, s.Commit(context.Background(), opening(i+1)))
						took[w] = append(took[w], time.Since(began))
					}
				}()
			}
			for range writers {
				<-done
			}
			b.StopTimer()
			spread(b, slices.Concat(took...))
		})
	}
}

// BenchmarkReplay brings 3,000 calls of 6 changes each to SQLite.
func BenchmarkReplay(b *testing.B) {
	const calls = 3000
	for b.Loop() {
		b.StopTimer()
		in := sqlite(b, filepath.Join(b.TempDir(), "vahta.db"))
		cfg := config(b)
		cfg.Size = 64
		s, err := Open(cfg, Deps{Overlay: func() Overlay { return store.NewMemory() }})
		must(b, err)
		work := make(chan int)
		done := make(chan struct{})
		for range 64 {
			go func() {
				defer func() { done <- struct{}{} }()
				for n := range work {
					must(b, s.Commit(context.Background(), opening(n)))
					for i := range 4 {
						must(b, s.Commit(context.Background(), note(n, fmt.Sprint(i))))
					}
					must(b, s.Commit(context.Background(), decide(b, s, n, "anna", ticket.Acknowledged{How: "cli"})))
				}
			}()
		}
		for n := 1; n <= calls; n++ {
			work <- n
		}
		close(work)
		for range 64 {
			<-done
		}
		b.StartTimer()
		s.Attach(in)
		began := time.Now()
		s.round(context.Background())
		took := time.Since(began)
		b.StopTimer()
		if st := s.Status(); st.State != Passing {
			b.Fatalf("status %+v", st)
		}
		b.ReportMetric(calls*6/took.Seconds(), "changes/s")
		b.ReportMetric(took.Seconds(), "s/3000-calls")
		must(b, s.Close())
		b.StartTimer()
	}
}

// patience is far above the journal's budget and below what a database that is waited for takes.
const patience = 4 * time.Second
