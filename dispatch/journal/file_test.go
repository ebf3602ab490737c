package journal

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall"
)

// platter is a disk in memory that loses at a crash what was not synced.
type platter struct {
	mu    sync.Mutex
	sure  []byte // guarded by mu; what a crash leaves
	now   []byte // guarded by mu; what a read sees
	dirty [][2]int64
	fail  error // guarded by mu; of writes and syncs
	syncs int
}

func newPlatter(tb testing.TB, size int64) *platter {
	tb.Helper()
	p := &platter{sure: make([]byte, headRoom+size)}
	for serial := range uint64(2) {
		b, err := encodeHead(head{Serial: serial, Gen: 1})
		must(tb, err)
		copy(p.sure[serial*headSize:], b)
	}
	p.now = append([]byte(nil), p.sure...)
	return p
}

func (p *platter) ReadAt(b []byte, at int64) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return copy(b, p.now[at:]), nil
}

func (p *platter) WriteAt(b []byte, at int64) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fail != nil {
		return 0, p.fail
	}
	p.dirty = append(p.dirty, [2]int64{at, int64(len(b))})
	return copy(p.now[at:], b), nil
}

func (p *platter) Sync() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fail != nil {
		return p.fail
	}
	for _, d := range p.dirty {
		copy(p.sure[d[0]:d[0]+d[1]], p.now[d[0]:])
	}
	p.dirty = nil
	p.syncs++
	return nil
}

func (p *platter) Size() int64  { return int64(len(p.now)) }
func (p *platter) Close() error { return nil }

func (p *platter) set(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fail = err
}

// sector is what a disk writes at once.
const sector = 512

// crash returns the disk after a power cut: of what was not synced, keep says
// which sectors have reached it.
func (p *platter) crash(keep func() bool) *platter {
	p.mu.Lock()
	defer p.mu.Unlock()
	left := append([]byte(nil), p.sure...)
	for _, d := range p.dirty {
		for at := d[0] / sector * sector; at < d[0]+d[1]; at += sector {
			if keep() {
				copy(left[at:min(at+sector, int64(len(left)))], p.now[at:])
			}
		}
	}
	return &platter{sure: left, now: append([]byte(nil), left...)}
}

func mustOpen(tb testing.TB, d disk) (*file, []raw, uint64) {
	tb.Helper()
	f, list, lost, err := openFile(d, nil)
	must(tb, err)
	return f, list, lost
}

func bodies(list []raw) string {
	var s []string
	for _, r := range list {
		s = append(s, string(r.body))
	}
	return strings.Join(s, " ")
}

func TestRecordsAreReadBack(t *testing.T) {
	t.Parallel()
	p := newPlatter(t, 4096)
	f, _, _ := mustOpen(t, p)
	for _, b := range []string{"one", "two", "three, which is longer"} {
		must(t, f.wait(t.Context(), f.put([]byte(b))))
	}
	f, list, lost := mustOpen(t, p.crash(func() bool { return false }))
	if bodies(list) != "one two three, which is longer" || lost != 0 {
		t.Errorf("read %q, %d lost", bodies(list), lost)
	}
	must(t, f.wait(t.Context(), f.put([]byte("four"))))
	if f.last() != 4 {
		t.Errorf("sequence %d", f.last())
	}
}

// A torn tail is no record; a hole in the middle is counted, and what is behind it read.
func TestDamage(t *testing.T) {
	t.Parallel()
	p := newPlatter(t, 4096)
	f, _, _ := mustOpen(t, p)
	for _, b := range []string{"one", "two", "three"} {
		must(t, f.wait(t.Context(), f.put([]byte(b))))
	}
	for name, c := range map[string]struct {
		at   int64
		want string
		lost uint64
	}{
		"tail":   {headRoom + 2*32 + 26, "one two", 0},
		"middle": {headRoom + 32 + 25, "one three", 1},
		"length": {headRoom + 32, "one three", 1},
		"first":  {headRoom + 5, "two three", 1},
	} {
		q := p.crash(func() bool { return false })
		q.now[c.at] ^= 0xff
		f, list, lost := mustOpen(t, q)
		if bodies(list) != c.want || lost != c.lost {
			t.Errorf("%s: read %q, %d lost", name, bodies(list), lost)
		}
		must(t, f.wait(t.Context(), f.put([]byte("new"))))
		if _, list, _ := mustOpen(t, q); bodies(list) != c.want+" new" {
			t.Errorf("%s: then %q", name, bodies(list))
		}
	}
}

func TestResetEmpties(t *testing.T) {
	t.Parallel()
	p := newPlatter(t, 4096)
	f, _, _ := mustOpen(t, p)
	must(t, f.wait(t.Context(), f.put([]byte("old"))))
	must(t, f.wait(t.Context(), f.put([]byte("old too"))))
	must(t, f.writeHead(t.Context(), func(h *head) { h.Blocks = []dispatch.Block{{Year: 2026, First: 1, End: 9}} }))
	must(t, f.reset(t.Context()))
	must(t, f.wait(t.Context(), f.put([]byte("new"))))
	g, list, lost := mustOpen(t, p.crash(func() bool { return false }))
	if bodies(list) != "new" || lost != 0 || len(g.blocks()) != 1 {
		t.Errorf("read %q, %d lost, blocks %v", bodies(list), lost, g.blocks())
	}
}

// A reset that failed may have reached the disk all the same: no record is
// acknowledged before the head is sure again.
func TestResetThatFailed(t *testing.T) {
	t.Parallel()
	p := newPlatter(t, 4096)
	f, _, _ := mustOpen(t, p)
	must(t, f.wait(t.Context(), f.put([]byte("one"))))
	d := &halfDisk{platter: p}
	f.disk = d
	d.refuse = true // the write is done, the sync fails
	want(t, f.reset(t.Context()), errDown)
	d.refuse = false
	must(t, f.wait(t.Context(), f.put([]byte("two"))))
	if _, list, _ := mustOpen(t, p.crash(func() bool { return true })); bodies(list) != "one two" {
		t.Errorf("read %q", bodies(list))
	}
}

// halfDisk writes and says that it did not.
type halfDisk struct {
	*platter

	refuse bool
}

func (d *halfDisk) Sync() error {
	err := d.platter.Sync()
	if d.refuse {
		return errDown
	}
	return err
}

func TestFullAndBroken(t *testing.T) {
	t.Parallel()
	p := newPlatter(t, 128)
	f, _, _ := mustOpen(t, p)
	must(t, f.fits([]byte("12345678")))
	for f.fits([]byte("12345678")) == nil {
		must(t, f.wait(t.Context(), f.put([]byte("12345678"))))
	}
	want(t, f.fits([]byte("12345678")), ErrFull)
	if f.last() != 4 {
		t.Errorf("%d records", f.last())
	}
	p = newPlatter(t, 4096)
	f, _, _ = mustOpen(t, p)
	p.set(errDown)
	want(t, f.wait(t.Context(), f.put([]byte("owed"))), errDown)
	want(t, f.wait(t.Context(), f.put([]byte("behind"))), errDown)
	want(t, f.wait(t.Context(), f.last()), errDown)
	p.set(nil)
	must(t, f.wait(t.Context(), f.last()))
	if _, list, _ := mustOpen(t, p.crash(func() bool { return false })); bodies(list) != "owed behind" {
		t.Errorf("read %q", bodies(list))
	}
}

// Writers who wait together share a sync.
func TestGroupSync(t *testing.T) {
	t.Parallel()
	p := newPlatter(t, 1<<20)
	f, _, _ := mustOpen(t, p)
	slow := &slowDisk{platter: p, gate: make(chan struct{})}
	f.disk = slow
	var all sync.WaitGroup
	first := f.put([]byte("first"))
	all.Go(func() { must(t, f.wait(context.Background(), first)) })
	slow.gate <- struct{}{} // the first sync is under way
	for range 20 {
		seq := f.put([]byte("more"))
		all.Go(func() { must(t, f.wait(context.Background(), seq)) })
	}
	close(slow.gate)
	all.Wait()
	if p.syncs > 3 {
		t.Errorf("%d syncs for 21 records", p.syncs)
	}
}

type slowDisk struct {
	*platter

	gate chan struct{}
}

func (d *slowDisk) Sync() error {
	<-d.gate
	<-d.gate
	return d.platter.Sync()
}

// A disk that does not answer holds nobody for ever.
func TestSilentDisk(t *testing.T) {
	t.Parallel()
	f, _, _ := mustOpen(t, newPlatter(t, 4096))
	d := &slowDisk{platter: newPlatter(t, 4096), gate: make(chan struct{})}
	f.disk = d
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	want(t, f.wait(ctx, f.put([]byte("x"))), context.DeadlineExceeded)
	close(d.gate)
	must(t, f.wait(t.Context(), f.last()))
}

func TestFileOnDisk(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	deps := Deps{Overlay: func() Overlay { return store.NewMemory() }}
	s, err := Open(cfg, deps)
	must(t, err)
	if _, err := Open(cfg, deps); err == nil || !strings.Contains(err.Error(), "another vahta") {
		t.Errorf("opened twice: %v", err)
	}
	must(t, s.Commit(t.Context(), opening(1)))
	must(t, s.Keep(t.Context(), []dispatch.Block{{Year: 2026, First: 1, End: 500, Begun: true}}))
	must(t, s.Close())
	info, err := os.Stat(cfg.Path)
	must(t, err)
	if info.Size() != headRoom+mebibyte || info.Mode().Perm() != private {
		t.Errorf("file %d %v", info.Size(), info.Mode())
	}
	cfg.Size = 2
	s, err = Open(cfg, deps)
	must(t, err)
	if st := s.Status(); st.Pending != 1 || st.Size != 2*mebibyte || len(s.Kept()) != 1 {
		t.Errorf("status %+v, blocks %v", st, s.Kept())
	}
	must(t, s.Close())
	b, err := os.ReadFile(cfg.Path)
	must(t, err)
	copy(b[6:], "9")
	must(t, os.WriteFile(cfg.Path, b, private))
	if _, err := Open(cfg, deps); !errors.Is(err, errNewer) {
		t.Errorf("a newer file: %v", err)
	}
	clear(b[:headRoom])
	must(t, os.WriteFile(cfg.Path, b, private))
	s, err = Open(cfg, deps)
	must(t, err)
	must(t, s.Close())
	if old, _ := filepath.Glob(cfg.Path + ".damaged-*"); len(old) != 1 {
		t.Errorf("moved aside: %v", old)
	}
}

// What is written is read back as it was.
func TestChangeRoundTrip(t *testing.T) {
	t.Parallel()
	c := opening(1)
	c.ID, c.Open, c.Was = "id", "t9", 3
	c.Notices = []dispatch.Notice{{
		ID: "n", Kind: dispatch.NoticePage, To: "anna", Ref: dispatch.Ref{ID: "t1"}, Page: 2, RingTime: time.Second, Texts: map[string]string{"ru": "да"},
		Person: oncall.Person{ID: "anna", Devices: []oncall.Device{{Kind: oncall.Mobile, Number: "+79210000000"}}}, DueAt: t0, Body: []byte("{}"),
	}}
	c.Timers[0].State = []byte(`{"phase":"idle"}`)
	c.Drop = []dispatch.TimerKey{{Ticket: "t1", Kind: dispatch.TimerPage}}
	c.Delivery = &dispatch.Delivery{Notice: c.Notices[0], Result: dispatch.ResultFailed, Err: "x", RetryAt: t0, At: t0, Took: time.Second, Attempts: []dispatch.Attempt{{ID: "a", Device: oncall.Device{Kind: oncall.Softphone, URI: "sip:x@y"}}}}
	c.Calls[0].Detail = dispatch.CallDetail{AcceptedBy: "anna", Legs: []dispatch.Leg{{Name: "A", StartedAt: t0}}}
	c.Superseded = []dispatch.PageRef{{Ticket: "t1", Page: 1}}
	for _, body := range []ticket.Body{
		ticket.Joined{Call: "x"},
		ticket.Attempted{Attempt: "a"},
		ticket.Accepted{Person: "p"},
		ticket.CallEnded{Talk: 1},
		ticket.PageRaised{Again: true},
		ticket.Acknowledged{How: "cli"},
		ticket.Noted{Text: "x"},
		ticket.Moved{To: ticket.Closed},
		ticket.Categorised{Category: ticket.Security},
		ticket.Prioritised{Priority: ticket.Low},
		ticket.MergedInto{Target: "u"},
	} {
		c.Events = append(c.Events, ticket.Event{Ticket: "t1", At: t0, By: "b", Channel: "c", Key: "k", Body: body})
	}
	b, err := encode(c, t0)
	must(t, err)
	got, at, err := decode(b)
	must(t, err)
	if d := cmp.Diff(c, got, cmpopts.EquateEmpty(), cmpopts.EquateComparable(oncall.Zone{})); d != "" || !at.Equal(t0) {
		t.Errorf("differs: %s", d)
	}
}
