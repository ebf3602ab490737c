package vault

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"go.uber.org/goleak"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var t0 = time.Date(2026, 11, 18, 2, 0, 0, 0, time.UTC)

// rig is a vault on a memory store and a folder of its own.
type rig struct {
	*testing.T
	v      *Vault
	mem    *store.Memory
	cfg    Config
	deps   Deps
	now    time.Time
	term   Term
	ticket ticket.Ticket
}

func newRig(t *testing.T) *rig {
	t.Helper()
	dir := t.TempDir()
	r := &rig{T: t, mem: store.NewMemory(), cfg: Default(), now: t0}
	r.cfg.Key, r.cfg.Files = filepath.Join(dir, "keys", "vault.key"), filepath.Join(dir, "files")
	r.deps = Deps{
		Keys: r.mem, Files: r.mem, Archive: r.mem, Audit: r.mem, Terms: func(string) Term { return r.term },
		Recordings: filepath.Join(dir, "recordings"), Now: func() time.Time { return r.now },
	}
	r.v = r.another()
	r.must(r.v.Open(t.Context()))
	return r
}

// another is a vault on the same record, as after a start.
func (r *rig) another() *Vault {
	r.Helper()
	v, err := New(r.cfg, r.deps)
	r.must(err)
	return v
}

func (r *rig) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// call puts a call with a recording on record; the ticket is made with the first one.
func (r *rig) call(id, content string, ended bool) dispatch.CallRecord {
	r.Helper()
	n := ticket.Number{Year: 26, Seq: 421}
	path := filepath.Join(r.deps.Recordings, "2026", "11", "18", n.String()+"-"+id+".wav")
	r.must(os.MkdirAll(filepath.Dir(path), 0o700))
	r.must(os.WriteFile(path, []byte(content), 0o600))
	c := dispatch.CallRecord{ID: id, Ref: dispatch.Ref{ID: "t1", Number: n.String()}, StartedAt: t0, Detail: dispatch.CallDetail{Recording: dispatch.Recording{Path: path}}}
	if ended {
		c.EndedAt, c.Result = t0.Add(time.Minute), dispatch.CallServed
	}
	change := dispatch.Change{Calls: []dispatch.CallRecord{c}}
	if r.ticket.ID == "" {
		opened := ticket.Event{Ticket: "t1", At: t0, Body: ticket.Opened{ID: "t1", Number: n, Priority: ticket.Critical, Client: client.Match{Level: client.Known, Org: "romashka", OrgName: "Ромашка"}}}
		after, err := ticket.Ticket{}.Apply(opened)
		r.must(err)
		r.ticket = after
		change.Ticket, change.Events = &after, []ticket.Event{opened}
	}
	r.must(r.mem.Commit(r.Context(), change))
	return c
}

// close closes the ticket.
func (r *rig) close(at time.Time) {
	r.Helper()
	e := ticket.Event{Ticket: "t1", At: at, By: "ivan", Body: ticket.Moved{To: ticket.Closed, Reason: "done"}}
	after, err := r.ticket.Apply(e)
	r.must(err)
	r.must(r.mem.Commit(r.Context(), dispatch.Change{Ticket: &after, Was: r.ticket.Version, Events: []ticket.Event{e}}))
	r.ticket = after
}

func (r *rig) there(path string) bool {
	r.Helper()
	_, err := os.Stat(path)
	return err == nil
}

func (r *rig) heard(v *Vault, c dispatch.CallRecord) (string, error) {
	r.Helper()
	f, err := v.ReadCall(r.Context(), c)
	if err != nil {
		return "", err
	}
	defer func() { r.must(f.Close()) }()
	b, err := io.ReadAll(f)
	r.must(err)
	return string(b), nil
}

// TestRecordingIsSealedWhenTheCallEnds: what runs lies open and is heard, what
// has ended is sealed and heard all the same, also after a start.
func TestRecordingIsSealedWhenTheCallEnds(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	running, ended := r.call("c1", "RIFF running", false), r.call("c2", strings.Repeat("RIFF ended ", 20_000), true)
	r.v.Tidy(t.Context())
	r.v.Tidy(t.Context()) // what is done stays done
	if !r.there(running.Detail.Recording.Path) || r.there(running.Detail.Recording.Path+Sealed) {
		t.Error("a recording was sealed while its call lasted")
	}
	if r.there(ended.Detail.Recording.Path) || !r.there(ended.Detail.Recording.Path+Sealed) {
		t.Error("the recording of a call that has ended lies open")
	}
	raw, err := os.ReadFile(ended.Detail.Recording.Path + Sealed)
	r.must(err)
	if bytes.Contains(raw, []byte("RIFF")) || !bytes.HasPrefix(raw, []byte("age-encryption.org/v1")) {
		t.Error("it is not encrypted")
	}
	after := r.another()
	r.must(after.Open(t.Context()))
	for _, c := range []dispatch.CallRecord{running, ended} {
		got, err := r.heard(after, c)
		if err != nil || !strings.HasPrefix(got, "RIFF") || c.ID == "c2" && len(got) != 220_000 {
			t.Errorf("%s: %d bytes, %v", c.ID, len(got), err)
		}
	}
}

// TestSealedByTheFeed: the end of a call seals its recording without a look
// through the folder.
func TestSealedByTheFeed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	feed := dispatch.NewFeed("")
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	first := r.call("c0", "RIFF zero", true)
	go func() { done <- r.v.Run(ctx, feed) }()
	for r.there(first.Detail.Recording.Path) { // the first look at the start
		select {
		case err := <-done:
			t.Fatal(err)
		case <-time.After(time.Millisecond):
		}
	}
	c := r.call("c1", "RIFF one", true)
	for r.there(c.Detail.Recording.Path) {
		feed.Inject(dispatch.FeedEvent{At: t0, Kind: string(ticket.KindCallEnded), Call: "c1", Node: "other", Run: "x", Nth: uint64(time.Now().UnixNano())})
		select {
		case err := <-done:
			t.Fatal(err)
		case <-time.After(time.Millisecond):
		}
	}
	stop()
	r.must(<-done)
	if got, err := r.heard(r.v, c); err != nil || got != "RIFF one" {
		t.Errorf("%q, %v", got, err)
	}
}

// TestLostKey: a key that is lost is not made anew; the vault says so, leaves
// recordings open and goes on when the file is back.
func TestLostKey(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	old := r.call("c1", "RIFF old", true)
	r.v.Tidy(t.Context())
	copied, err := os.ReadFile(r.cfg.Key)
	r.must(err)
	info, err := os.Stat(r.cfg.Key)
	r.must(err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the key file may be read by others: %v", info.Mode())
	}
	stranger, err := age.GenerateX25519Identity()
	r.must(err)
	for name, spoil := range map[string]func(){
		"gone":    func() { r.must(os.Remove(r.cfg.Key)) },
		"empty":   func() { r.must(os.WriteFile(r.cfg.Key, nil, 0o600)) },
		"garbled": func() { r.must(os.WriteFile(r.cfg.Key, copied[:len(copied)-9], 0o600)) },
		"another": func() { r.must(os.WriteFile(r.cfg.Key, []byte(stranger.String()), 0o600)) },
	} {
		r.must(os.WriteFile(r.cfg.Key, copied, 0o600))
		spoil()
		v := r.another()
		if err := v.Open(t.Context()); err == nil {
			t.Fatalf("%s: it opened", name)
		}
		if name == "gone" && r.there(r.cfg.Key) {
			t.Error("a new key was made in place of the lost one")
		}
		fresh := r.call("new"+name, "RIFF new", true)
		v.Tidy(t.Context())
		if !r.there(fresh.Detail.Recording.Path) {
			t.Errorf("%s: a recording was sealed that nobody can open", name)
		}
		if _, err := r.heard(v, old); !errors.Is(err, ErrLocked) {
			t.Errorf("%s: %v", name, err)
		}
		if got, err := r.heard(v, fresh); err != nil || got != "RIFF new" {
			t.Errorf("%s: what lies open: %q, %v", name, got, err)
		}
		r.must(os.WriteFile(r.cfg.Key, copied, 0o600))
		v.Tidy(t.Context()) // the file is back
		if got, err := r.heard(v, old); err != nil || got != "RIFF old" || r.there(fresh.Detail.Recording.Path) {
			t.Errorf("%s, and back: %q, %v", name, got, err)
		}
	}
}

// TestTornSeal: whatever a crash leaves, one of the two files is whole.
func TestTornSeal(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c := r.call("c1", "RIFF whole", true)
	path := c.Detail.Recording.Path
	r.must(os.WriteFile(path+Sealed+".part", []byte("age-encryption.org/v1\nhalf"), 0o600))
	r.v.Tidy(t.Context())
	if got, err := r.heard(r.v, c); err != nil || got != "RIFF whole" {
		t.Errorf("%q, %v", got, err)
	}
	if r.there(path) || r.there(path+Sealed+".part") {
		t.Error("something is left")
	}
	r.must(os.WriteFile(path, []byte("RIFF whole"), 0o600)) // died between rename and removal
	r.v.Tidy(t.Context())
	if got, err := r.heard(r.v, c); err != nil || got != "RIFF whole" || r.there(path) {
		t.Errorf("%q, %v", got, err)
	}
}

// TestDestroyedKey makes everything of one client unreadable and nothing of others.
func TestDestroyedKey(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c := r.call("c1", "RIFF secret", true)
	r.v.Tidy(t.Context())
	other, err := r.v.Put(t.Context(), "t2", "lyutik", "b.txt", strings.NewReader("theirs"))
	r.must(err)
	r.must(r.v.Destroy(t.Context(), "romashka"))
	again := r.another()
	r.must(again.Open(t.Context()))
	for _, v := range []*Vault{r.v, again} {
		if _, err := r.heard(v, c); !errors.Is(err, ErrDestroyed) {
			t.Errorf("%v", err)
		}
		if _, f, err := v.GetFile(t.Context(), "t2", other.Hash); err != nil {
			t.Errorf("of another client: %v", err)
		} else {
			r.must(f.Close())
		}
	}
	later := r.call("c2", "RIFF later", true) // what comes afterwards has a new key
	again.Tidy(t.Context())
	if got, err := r.heard(again, later); err != nil || got != "RIFF later" || r.there(later.Detail.Recording.Path) {
		t.Errorf("%q, %v", got, err)
	}
}

// TestClientKnownLater: a recording that was sealed when nobody knew the caller
// is opened when the ticket has got its client.
func TestClientKnownLater(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c := r.call("c1", "RIFF unknown", true)
	r.must(r.v.Seal(t.Context(), c.Detail.Recording.Path, ""))
	if got, err := r.heard(r.v, c); err != nil || got != "RIFF unknown" {
		t.Errorf("%q, %v", got, err)
	}
}

// TestRetention: nothing goes before its time, while the ticket is open, under
// legal hold or when the audit can not be written; then it goes, and the audit
// says so.
func TestRetention(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c := r.call("c1", "RIFF", true)
	file, err := r.v.Put(t.Context(), "t1", "romashka", `C:\temp\лог.txt`, strings.NewReader("строка"))
	r.must(err)
	if file.Name != "лог.txt" || file.Type != "text/plain; charset=utf-8" || file.Bytes != 12 {
		t.Errorf("%+v", file)
	}
	here := func() (recording, attachment bool) {
		_, f, err := r.v.GetFile(t.Context(), "t1", file.Hash)
		if err == nil {
			r.must(f.Close())
		}
		return r.there(c.Detail.Recording.Path + Sealed), err == nil
	}
	r.v.Tidy(t.Context())
	const day = 24 * time.Hour
	for _, step := range []struct {
		name  string
		do    func()
		audio bool
		file  bool
	}{
		{"for good by default", func() { r.now = t0.Add(4000 * day) }, true, true},
		{"open tickets keep everything", func() { r.term = Term{Recordings: 30 * day, Attachments: 90 * day} }, true, true},
		{"not a moment early", func() { r.close(t0); r.now = t0.Add(30*day - 1) }, true, true},
		{"not under legal hold", func() { r.term.Hold, r.now = true, t0.Add(100*day) }, true, true},
		{"not without a line in the audit", func() { r.term.Hold = false; r.deps.Audit = failing{}; r.v = r.opened() }, true, true},
		{"recordings after thirty days", func() { r.now = t0.Add(30 * day); r.deps.Audit = r.mem; r.v = r.opened() }, false, true},
		{"files after ninety", func() { r.now = t0.Add(90 * day) }, false, false},
	} {
		step.do()
		r.v.Tidy(t.Context())
		if audio, file := here(); audio != step.audio || file != step.file {
			t.Errorf("%s: recording there: %t, file there: %t", step.name, audio, file)
		}
	}
	trail, err := r.mem.AuditTrail(t.Context(), dispatch.AuditFilter{Act: dispatch.ActExpire})
	r.must(err)
	if len(trail) != 2 || trail[1].Object != "recording VH-26-004213-c1.wav" || trail[0].Object != "attachment "+file.Hash || trail[0].Ticket != "VH-26-004213" {
		t.Errorf("audit %+v", trail)
	}
}

func (r *rig) opened() *Vault {
	r.Helper()
	v := r.another()
	r.must(v.Open(r.Context()))
	return v
}

type failing struct{}

func (failing) WriteAudit(context.Context, dispatch.AuditEntry) (dispatch.AuditEntry, error) {
	return dispatch.AuditEntry{}, dispatch.ErrAway
}

func TestAttachments(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.cfg.Largest = 1000
	r.v = r.opened()
	ctx := t.Context()
	a, err := r.v.Put(ctx, "t1", "romashka", "../../etc/passwd", strings.NewReader("same"))
	r.must(err)
	b, err := r.v.Put(ctx, "t2", "lyutik", "b.txt", strings.NewReader("same"))
	r.must(err)
	if a.Hash != b.Hash || a.Name != "passwd" {
		t.Errorf("%+v and %+v", a, b)
	}
	if _, err := r.v.Put(ctx, "t1", "romashka", "big", strings.NewReader(strings.Repeat("x", 1001))); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
	if _, _, err := r.v.GetFile(ctx, "t3", a.Hash); !errors.Is(err, dispatch.ErrNotFound) {
		t.Errorf("by another ticket: %v", err)
	}
	if _, _, err := r.v.GetFile(ctx, "t1", "../../../etc/passwd"); !errors.Is(err, dispatch.ErrNotFound) {
		t.Errorf("by a path: %v", err)
	}
	r.must(r.v.Erase(ctx, a))
	if _, _, err := r.v.GetFile(ctx, "t1", a.Hash); !errors.Is(err, dispatch.ErrNotFound) {
		t.Errorf("erased: %v", err)
	}
	_, f, err := r.v.GetFile(ctx, "t2", b.Hash) // the other client's copy is its own
	r.must(err)
	got, err := io.ReadAll(f)
	r.must(errors.Join(err, f.Close()))
	if string(got) != "same" {
		t.Errorf("%q", got)
	}
	left, err := filepath.Glob(filepath.Join(r.cfg.Files, ".in-*"))
	r.must(err)
	if len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
	err := Config{}.Validate()
	for _, field := range []string{"key:", "files:", "largest:", "every:"} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("no fault of %s in %v", field, err)
		}
	}
}

// TestPlainRecordingsExpire: a contract holds for recordings that are not sealed, too.
func TestPlainRecordingsExpire(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.cfg.Enabled, r.term = false, Term{Recordings: 30 * 24 * time.Hour}
	r.v = r.opened()
	c := r.call("c1", "RIFF", true)
	r.close(t0)
	r.now = t0.Add(30*24*time.Hour - 1)
	r.v.Tidy(t.Context())
	if !r.there(c.Detail.Recording.Path) {
		t.Fatal("it went before its time, or was sealed")
	}
	r.now = t0.Add(30 * 24 * time.Hour)
	r.v.Tidy(t.Context())
	if r.there(c.Detail.Recording.Path) {
		t.Error("it is still there")
	}
	if _, err := r.heard(r.v, c); !errors.Is(err, dispatch.ErrNotFound) {
		t.Errorf("heard after its time: %v", err)
	}
}

// TestErasedElsewhere: a recording of a person who was erased on another node goes at the next look, whatever the contract says.
func TestErasedElsewhere(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c, other := r.call("c1", "RIFF one", true), r.call("c2", "RIFF two", true)
	r.v.Tidy(t.Context())
	if !r.v.HasCall(c) {
		t.Fatal("it is not there")
	}
	c.Detail.Recording.Erased = r.now
	r.must(r.mem.EraseTicket(t.Context(), dispatch.TicketErasure{Calls: []dispatch.CallRecord{c}, Audit: dispatch.AuditEntry{At: r.now, By: "anna"}}))
	r.v.Tidy(t.Context())
	if r.v.HasCall(c) || !r.v.HasCall(other) {
		t.Error("the wrong ones are there")
	}
	if _, err := r.heard(r.v, c); !errors.Is(err, dispatch.ErrNotFound) {
		t.Errorf("%v", err)
	}
}
