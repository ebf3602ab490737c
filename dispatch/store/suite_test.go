package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store/pgtest"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// servers is the PostgreSQL of all tests; each has a database of its own, with the schema of today.
var servers = pgtest.Shared{Prepare: func(ctx context.Context, url string) error {
	s, err := Open(ctx, At(url), Deps{})
	if err != nil {
		return err
	}
	return s.Close()
}}

// withServers ends the server before leaks are looked for.
type withServers struct{ *testing.M }

func (m withServers) Run() int {
	defer servers.Close()
	return m.M.Run()
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(withServers{m}) }

// record is everything a store does.
type record interface {
	dispatch.Store
	dispatch.Archive
	dispatch.Queue
	dispatch.Arbiter
	dispatch.Nodes
	dispatch.Definitions
	dispatch.Phones
	dispatch.Numbered
	dispatch.Rotas
	dispatch.Tokens
	dispatch.Care
	dispatch.Sends
	dispatch.DeadLetters
	dispatch.Places
	dispatch.Signals
	dispatch.Audit
	dispatch.Erasing
	dispatch.Papers
	dispatch.SealKeys
	dispatch.Attachments
	dispatch.TaskList
	dispatch.Texts
	dispatch.Articles
	VerifyAudit(ctx context.Context) (dispatch.AuditEntry, error)
	VerifyRota(ctx context.Context) error
	Forget(ctx context.Context, before time.Time) error
	CommitAll(ctx context.Context, list []dispatch.Change) error
}

// open starts a SQLite store for a test and stops it at the end.
func open(tb testing.TB) *SQL {
	tb.Helper()
	cfg := Default()
	cfg.Path = filepath.Join(tb.TempDir(), "data", "vahta.db")
	s, err := Open(tb.Context(), cfg, Deps{})
	if err != nil {
		tb.Fatal(err)
	}
	run(tb, s)
	return s
}

// openPostgres starts a store on a PostgreSQL database and stops it at the end.
func openPostgres(tb testing.TB, url string) *SQL {
	tb.Helper()
	cfg := Default()
	cfg.URL = url
	s, err := Open(tb.Context(), cfg, Deps{})
	if err != nil {
		tb.Fatal(err)
	}
	run(tb, s)
	return s
}

func run(tb testing.TB, s *SQL) {
	tb.Helper()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	tb.Cleanup(func() {
		stop()
		if err := errors.Join(<-ended, s.Close()); err != nil {
			tb.Error(err)
		}
	})
}

var t0 = time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)

// opening is the change that opens a ticket.
func opening(n int) dispatch.Change {
	id := fmt.Sprintf("t%d", n)
	key := fmt.Sprintf("call-%d", n)
	party := fmt.Sprintf("number:+7812%07d", n)
	e := ticket.Event{Ticket: id, At: t0, By: "caller", Channel: "call", Key: "signal:" + key, Body: ticket.Opened{
		ID: id, Number: ticket.Number{Year: 26, Seq: uint32(n)}, Priority: ticket.Critical, Line: "main", Call: key, Party: party,
	}}
	tk, err := ticket.Ticket{}.Apply(e)
	if err != nil {
		panic(err)
	}
	sig := dispatch.Signal{Channel: dispatch.ChannelCall, Key: key, At: t0, Raw: []byte("{}"), Call: &dispatch.CallSignal{Line: "main", Caller: "1"}}
	return dispatch.Change{
		Signal: &sig, Taken: dispatch.Taken{Ticket: id, Number: tk.Number.String()}, Ticket: &tk, Events: []ticket.Event{e},
		Calls:  []dispatch.CallRecord{{ID: key, Ref: dispatch.Ref{ID: id, Number: tk.Number.String()}, Line: "main", StartedAt: t0}},
		Timers: []dispatch.Timer{{Ticket: id, Kind: dispatch.TimerPage, DueAt: t0.Add(time.Minute), Gen: 1}},
	}
}

func note(n int, key string) dispatch.Change {
	return dispatch.Change{Events: []ticket.Event{{Ticket: fmt.Sprintf("t%d", n), At: t0, By: "anna", Key: key, Body: ticket.Noted{Text: "x"}}}}
}

// TestSuite holds both stores to the same behaviour.
func TestSuite(t *testing.T) {
	t.Parallel()
	stores := map[string]func(t *testing.T) record{
		"sqlite":   func(t *testing.T) record { t.Helper(); return open(t) },
		"memory":   func(*testing.T) record { return NewMemory() },
		"postgres": func(t *testing.T) record { t.Helper(); return openPostgres(t, servers.URL(t)) },
	}
	cases := map[string]func(*testing.T, record){
		"a change is read back":                      suiteReadBack,
		"tasks are listed":                           suiteTasks,
		"a change moves several tickets":             suiteAlso,
		"the audit is one chain":                     suiteAudit,
		"lines of many make one audit":               suiteAuditRace,
		"a signal has one ticket":                    suiteSignalOnce,
		"a raw signal is taken once":                 suiteRawThenTaken,
		"one open ticket per party":                  suiteParty,
		"received signals are due until taken in":    suiteSignalsDue,
		"signals are listed":                         suiteSignalsListed,
		"signals are claimed once":                   suiteSignalsClaimedOnce,
		"the last ticket of a party":                 suiteLastTicket,
		"a stale version conflicts":                  suiteVersion,
		"a failed change leaves nothing":             suiteAtomic,
		"an event key is written once":               suiteEventKey,
		"timers move by generation":                  suiteTimers,
		"notices are claimed once, retried, settled": suiteOutbox,
		"numbers are never handed out twice":         suiteReserve,
		"only the last numbers are taken back":       suiteRelease,
		"fifty intakes of one signal, one ticket":    suiteRace,
		"lists filter and order":                     suiteLists,
		"a dead context commits nothing":             suiteContext,
		"a change with an ID counts once":            suiteChangeID,
		"several changes count together":             suiteTogether,
		"ids are forgotten when they are old":        suiteForget,
		"a person has one open assignment":           suiteAssign,
		"an assignment ends by itself":               suiteExpiry,
		"one that ran out is confirmed all the same": suiteReopened,
		"tokens only grow":                           suiteTokens,
		"epochs rise above all tokens":               suiteEpoch,
		"recalls, events and pages do not mix":       suiteKinds,
		"a claim whose answer is lost holds nothing": suiteLostClaims,
		"pages that went out are counted":            suiteSends,
		"pages that reached nobody are not":          suiteSendsTakenBack,
		"as many pages as allowed, whoever asks":     suiteSendRace,
		"dead letters are listed and sent again":     suiteDeadLetters,
		"the most urgent go first":                   suiteUrgency,
		"the links of a chain go one after another":  suiteChains,
		"a call keeps its node":                      suiteCallNode,
		"the calls of a dead node have one heir":     suiteTakeOver,
		"what a node left open is its own":           suiteOwn,
		"a node that was taken over hears it once":   suiteTakenOver,
		"a definition is in force":                   suiteDefinition,
		"the last number of a block":                 suiteLastNumber,
		"phone accounts and their links":             suitePhones,
		"texts are found by their words":             suiteTexts,
		"the index follows the logs":                 suiteUnindexed,
		"articles have versions":                     suiteArticles,
		"every term is taken as it is":               suiteTermsAreTaken,
		"reports and secrets are kept":               suitePapers,
		"keys of the vault":                          suiteSealKeys,
		"attachments are found and erased":           suiteAttachments,
		"words of a ticket are erased":               suiteEraseTicket,
		"words of the log of edits are erased":       suiteEraseEdits,
		"fifty spend one link, one does":             suitePhoneLinkRace,
		"a rota is edited and read back":             suiteRota,
		"an edit on what has changed conflicts":      suiteRotaConflict,
		"an edit that says nothing is refused":       suiteRotaRefused,
		"a record of a newer program is kept":        suiteRotaNewer,
		"edits are logged in a chain":                suiteRotaHistory,
		"an edit with an ID counts once":             suiteRotaOnce,
		"a rota is seeded once and written back":     suiteRotaWhole,
		"fifty accept, one does":                     suiteRotaRace,
		"edits of many records all count":            suiteRotaManyEdits,
		"tokens let in until they are revoked":       suiteAccess,
		"fifty tokens of one name, one is made":      suiteTokenRace,
		"shift care knows what was said and seen":    suiteCare,
		"a beat tells the rota":                      suiteNodeRota,
		"a place has one holder":                     suitePlaces,
		"places do not mix":                          suitePlacesApart,
		"fifty ask for a place, one gets it":         suitePlaceRace,
	}
	for store, make := range stores {
		for name, run := range cases {
			t.Run(store+"/"+name, func(t *testing.T) {
				t.Parallel()
				run(t, make(t))
			})
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func want(t *testing.T, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Fatalf("got %v, want %v", err, target)
	}
}

func suiteReadBack(t *testing.T, s record) {
	t.Helper()
	ctx := t.Context()
	c := opening(1)
	must(t, s.Commit(ctx, c))
	got, err := s.Load(ctx, "t1")
	must(t, err)
	if d := cmp.Diff(*c.Ticket, got.Ticket); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(c.Timers, got.Timers); d != "" {
		t.Error(d)
	}
	must(t, s.Commit(ctx, note(1, "")))
	must(t, s.Commit(ctx, note(1, "")))
	log, err := s.Events(ctx, "t1")
	must(t, err)
	if len(log) != 3 || log[2].Seq != 3 || log[2].Prev != log[1].Hash || log[0].Prev != "" || !log[0].At.Equal(t0) {
		t.Errorf("log: %+v", log)
	}
	if _, err := s.Load(ctx, "none"); !errors.Is(err, dispatch.ErrNotFound) {
		t.Errorf("missing ticket: %v", err)
	}
	found, err := s.Find(ctx, c.Ticket.Number)
	must(t, err)
	if found.ID != "t1" {
		t.Errorf("found %q", found.ID)
	}
	end := c.Calls[0]
	end.EndedAt, end.Result, end.AcceptedBy = t0.Add(time.Minute), dispatch.CallServed, "anna"
	end.Detail = dispatch.CallDetail{Talk: time.Second, Legs: []dispatch.Leg{{Name: "A", StartedAt: t0}}}
	must(t, s.Commit(ctx, dispatch.Change{Calls: []dispatch.CallRecord{end}}))
	call, err := s.Call(ctx, "call-1")
	must(t, err)
	if d := cmp.Diff(end, call); d != "" {
		t.Error(d)
	}
	b, err := s.Board(ctx)
	must(t, err)
	if len(b.Cases) != 1 || len(b.Calls) != 0 || len(b.Cases[0].Timers) != 1 {
		t.Errorf("board: %+v", b)
	}
}

func suiteSignalOnce(t *testing.T, s record) {
	t.Helper()
	must(t, s.Commit(t.Context(), opening(1)))
	again := opening(2)
	again.Signal.Key = "call-1"
	err := s.Commit(t.Context(), again)
	want(t, err, dispatch.ErrRepeated)
	repeat, ok := errors.AsType[*dispatch.RepeatedError](err)
	if !ok || repeat.Taken.Ticket != "t1" {
		t.Fatalf("got %#v", err)
	}
	_, err = s.Load(t.Context(), "t2")
	want(t, err, dispatch.ErrNotFound)
}

func suiteRawThenTaken(t *testing.T, s record) {
	t.Helper()
	c := opening(1)
	raw := dispatch.Change{Signal: c.Signal}
	must(t, s.Commit(t.Context(), raw))
	want(t, s.Commit(t.Context(), raw), dispatch.ErrRepeated)
	sig, taken, err := s.Signal(t.Context(), c.Signal.ID())
	must(t, err)
	if taken.Ticket != "" || sig.Call == nil || !sig.At.Equal(t0) {
		t.Errorf("signal %+v %+v", sig, taken)
	}
	must(t, s.Commit(t.Context(), c))
	_, taken, err = s.Signal(t.Context(), c.Signal.ID())
	must(t, err)
	if taken.Ticket != "t1" {
		t.Errorf("taken %+v", taken)
	}
}

func suiteParty(t *testing.T, s record) {
	t.Helper()
	must(t, s.Commit(t.Context(), opening(1)))
	second := opening(2)
	second.Ticket.Party = "number:+78120000001"
	want(t, s.Commit(t.Context(), second), dispatch.ErrConflict)
	closed, err := s.Load(t.Context(), "t1")
	must(t, err)
	e := ticket.Event{Ticket: "t1", At: t0, By: "anna", Body: ticket.Moved{To: ticket.Closed}}
	next, err := closed.Ticket.Apply(e)
	must(t, err)
	must(t, s.Commit(t.Context(), dispatch.Change{Ticket: &next, Was: closed.Ticket.Version, Events: []ticket.Event{e}}))
	must(t, s.Commit(t.Context(), second))
}

func suiteVersion(t *testing.T, s record) {
	t.Helper()
	c := opening(1)
	must(t, s.Commit(t.Context(), c))
	next := *c.Ticket
	next.Version++
	must(t, s.Commit(t.Context(), dispatch.Change{Ticket: &next, Was: 1}))
	want(t, s.Commit(t.Context(), dispatch.Change{Ticket: &next, Was: 1}), dispatch.ErrConflict)
	want(t, s.Commit(t.Context(), dispatch.Change{Ticket: &next, Was: 0}), dispatch.ErrConflict)
}

func suiteAtomic(t *testing.T, s record) {
	t.Helper()
	bad := opening(1)
	bad.Timers[0].Gen = 7 // no such timer: the last step of the change fails
	want(t, s.Commit(t.Context(), bad), dispatch.ErrConflict)
	_, err := s.Load(t.Context(), "t1")
	want(t, err, dispatch.ErrNotFound)
	log, err := s.Events(t.Context(), "t1")
	must(t, err)
	if len(log) != 0 {
		t.Errorf("log of a failed change: %+v", log)
	}
	_, _, err = s.Signal(t.Context(), bad.Signal.ID())
	want(t, err, dispatch.ErrNotFound)
}

func suiteEventKey(t *testing.T, s record) {
	t.Helper()
	must(t, s.Commit(t.Context(), opening(1)))
	must(t, s.Commit(t.Context(), note(1, "k")))
	want(t, s.Commit(t.Context(), note(1, "k")), dispatch.ErrRepeated)
	must(t, s.Commit(t.Context(), note(1, "other")))
}

func suiteTimers(t *testing.T, s record) {
	t.Helper()
	ctx, now := t.Context(), t0.Add(time.Hour)
	must(t, s.Commit(ctx, opening(1)))
	due, err := s.NextTimer(ctx)
	must(t, err)
	if !due.Equal(t0.Add(time.Minute)) {
		t.Errorf("due %v", due)
	}
	got, err := s.ClaimTimers(ctx, now, time.Minute, 10)
	must(t, err)
	if len(got) != 1 || got[0].Gen != 1 {
		t.Fatalf("claimed %+v", got)
	}
	if again, _ := s.ClaimTimers(ctx, now, time.Minute, 10); len(again) != 0 {
		t.Errorf("claimed twice: %+v", again)
	}
	if again, _ := s.ClaimTimers(ctx, now.Add(time.Minute), time.Minute, 10); len(again) != 1 {
		t.Error("a lapsed lease was not claimed again")
	}
	moved := got[0]
	moved.DueAt, moved.Gen, moved.State = now.Add(time.Hour), 2, []byte(`{"a":1}`)
	must(t, s.Commit(ctx, dispatch.Change{Timers: []dispatch.Timer{moved}}))
	want(t, s.Commit(ctx, dispatch.Change{Timers: []dispatch.Timer{moved}}), dispatch.ErrConflict)
	c, err := s.Load(ctx, "t1")
	must(t, err)
	if d := cmp.Diff([]dispatch.Timer{moved}, c.Timers); d != "" {
		t.Error(d)
	}
	must(t, s.Commit(ctx, dispatch.Change{Drop: []dispatch.TimerKey{{Ticket: "t1", Kind: dispatch.TimerPage}}}))
	moved.Gen = 3
	want(t, s.Commit(ctx, dispatch.Change{Timers: []dispatch.Timer{moved}}), dispatch.ErrConflict)
}

func suiteOutbox(t *testing.T, s record) {
	t.Helper()
	ctx := t.Context()
	event := dispatch.Notice{ID: "e1", Kind: dispatch.NoticeEvent, Channel: dispatch.ChannelWebhook, To: "crm", Body: []byte("{}"), DueAt: t0}
	page := dispatch.Notice{ID: "p1", Kind: dispatch.NoticePage, Channel: dispatch.ChannelVoice, To: "anna", Page: 1, DueAt: t0.Add(time.Second)}
	must(t, s.Commit(ctx, dispatch.Change{Notices: []dispatch.Notice{event, page}}))
	must(t, s.Commit(ctx, dispatch.Change{Notices: []dispatch.Notice{event}}))
	now := t0.Add(time.Minute)
	pages, err := s.ClaimNotices(ctx, dispatch.NoticePage, now, time.Minute, 10)
	must(t, err)
	events, err := s.ClaimNotices(ctx, dispatch.NoticeEvent, now, time.Minute, 10)
	must(t, err)
	got := append(pages, events...)
	if len(got) != 2 || got[0].ID != "p1" || got[1].Attempt != 1 || string(got[1].Body) != "{}" {
		t.Fatalf("claimed %+v", got)
	}
	retry := dispatch.Delivery{Notice: got[1], Result: dispatch.ResultFailed, RetryAt: now.Add(time.Hour), At: now}
	must(t, s.Commit(ctx, dispatch.Change{Delivery: &retry}))
	final := dispatch.Delivery{Notice: got[0], Result: dispatch.ResultAcknowledged, Final: true, At: now}
	must(t, s.Commit(ctx, dispatch.Change{Delivery: &final}))
	if again, _ := s.ClaimNotices(ctx, dispatch.NoticeEvent, now.Add(time.Minute), time.Minute, 10); len(again) != 0 {
		t.Errorf("claimed before its time: %+v", again)
	}
	due, err := s.NextNotice(ctx, dispatch.NoticeEvent)
	must(t, err)
	if !due.Equal(now.Add(time.Hour)) {
		t.Errorf("next due %v", due)
	}
	again, err := s.ClaimNotices(ctx, dispatch.NoticeEvent, now.Add(time.Hour), time.Minute, 10)
	must(t, err)
	if len(again) != 1 || again[0].ID != "e1" || again[0].Attempt != 2 {
		t.Fatalf("claimed %+v", again)
	}
	if third, _ := s.ClaimNotices(ctx, dispatch.NoticeEvent, now.Add(time.Hour+time.Minute), time.Minute, 10); len(third) != 1 {
		t.Error("a lapsed lease was not claimed")
	}
}

func suiteRace(t *testing.T, s record) {
	t.Helper()
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			c := opening(i + 1)
			c.Signal.Key = "one"
			if err := s.Commit(t.Context(), c); err != nil && !errors.Is(err, dispatch.ErrRepeated) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	all, err := s.Tickets(t.Context(), dispatch.TicketFilter{})
	must(t, err)
	if len(all) != 1 {
		t.Fatalf("%d tickets for one signal", len(all))
	}
}
