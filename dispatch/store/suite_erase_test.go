package store

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall/edit"
)

var eraser = dispatch.AuditEntry{At: t0.Add(time.Hour), By: "anna", Channel: "cli", Act: dispatch.ActErase, Reason: "he asked"}

// suiteEraseTicket: words go out of the log, the state, signals, calls and what went out; who has decided on what was before must
// look again.
func suiteEraseTicket(t *testing.T, s record) {
	t.Helper()
	ctx := t.Context()
	c := opening(1)
	c.Calls[0].Caller, c.Calls[0].CallerName = "+79161234567", "Пётр Петров"
	c.Calls[0].EndedAt, c.Calls[0].Result = t0.Add(time.Minute), dispatch.CallServed
	c.Notices = []dispatch.Notice{
		{ID: "done", Kind: dispatch.NoticeClient, Channel: "email", To: "petrov@romashka.example", Ref: dispatch.Ref{ID: "t1"}, Message: dispatch.ClientMessage{ID: "m", Text: "Пётр"}, DueAt: t0},
		{ID: "waits", Kind: dispatch.NoticeEvent, Channel: "webhook", To: "crm", Ref: dispatch.Ref{ID: "t1"}, Body: []byte(`{"a":1}`), DueAt: t0.Add(time.Hour)},
	}
	must(t, s.Commit(ctx, c))
	said := note(1, "a")
	said.Events[0].Body = ticket.Noted{Text: "Пётр Петров, +79161234567"}
	must(t, s.Commit(ctx, said))
	due, err := s.ClaimNotices(ctx, dispatch.NoticeClient, t0, time.Minute, 1)
	must(t, err)
	must(t, s.Commit(ctx, dispatch.Change{Delivery: &dispatch.Delivery{Notice: due[0], At: t0, Result: dispatch.ResultDelivered, Final: true}}))

	log, err := s.Events(ctx, "t1")
	must(t, err)
	is, err := s.Load(ctx, "t1")
	must(t, err)
	calls, err := s.Calls(ctx, dispatch.CallFilter{Ticket: "t1"})
	must(t, err)
	after := is.Ticket
	after.Party = ""
	line := log[1]
	line.Body = ticket.Noted{Text: "[erased]"}
	calls[0].Caller, calls[0].CallerName = "", ""
	e := dispatch.TicketErasure{
		Ticket: &after, Events: []ticket.Event{line}, Calls: calls, Audit: eraser,
		Signals: []dispatch.Signal{{Channel: dispatch.ChannelCall, Key: "call-1", Call: &dispatch.CallSignal{Line: "main"}}},
	}
	stale := e
	old := after
	old.Version--
	stale.Ticket = &old
	want(t, s.EraseTicket(ctx, stale), dispatch.ErrConflict)
	other := e
	wrong := line
	wrong.Hash = "of another line"
	other.Events = []ticket.Event{wrong}
	want(t, s.EraseTicket(ctx, other), dispatch.ErrConflict)
	if trail, err := s.AuditTrail(ctx, dispatch.AuditFilter{}); err != nil || len(trail) != 0 {
		t.Errorf("an erasure that was refused has left %v, %v", trail, err)
	}
	must(t, s.EraseTicket(ctx, e))

	again, err := s.Events(ctx, "t1")
	must(t, err)
	if n, ok := again[1].Body.(ticket.Noted); !ok || n.Text != "[erased]" || again[1].Hash != log[1].Hash || again[0].Hash != log[0].Hash {
		t.Errorf("the log: %+v", again)
	}
	is, err = s.Load(ctx, "t1")
	must(t, err)
	if is.Ticket.Party != "" || is.Ticket.Version != after.Version+1 {
		t.Errorf("the state: %+v", is.Ticket)
	}
	call, err := s.Call(ctx, "call-1")
	must(t, err)
	if call.Caller != "" || call.CallerName != "" || call.Result != dispatch.CallServed {
		t.Errorf("the call: %+v", call)
	}
	sig, taken, err := s.Signal(ctx, dispatch.SignalID{Channel: dispatch.ChannelCall, Key: "call-1"})
	must(t, err)
	if len(sig.Raw) != 0 || sig.Call == nil || sig.Call.Caller != "" || taken.Ticket != "t1" {
		t.Errorf("the signal: %+v, %+v", sig, taken)
	}
	trail, err := s.AuditTrail(ctx, dispatch.AuditFilter{})
	must(t, err)
	if len(trail) != 1 || trail[0].Act != dispatch.ActRedact || trail[0].Object != dispatch.TicketLog("t1") || !strings.HasPrefix(trail[0].Detail, "2:"+log[1].Hash+":") {
		t.Errorf("the audit: %+v", trail)
	}
	_, err = s.VerifyAudit(ctx)
	must(t, err)
	waits, err := s.ClaimNotices(ctx, dispatch.NoticeEvent, t0.Add(2*time.Hour), time.Minute, 9)
	must(t, err)
	if len(waits) != 1 || len(waits[0].Body) == 0 {
		t.Errorf("what has not gone out yet: %+v", waits)
	}
	next := note(1, "b") // the log goes on
	must(t, s.Commit(ctx, next))
	if v, ok := s.(interface {
		Verify(ctx context.Context, id string) error
	}); ok {
		must(t, v.Verify(ctx, "t1"))
	}
}

// suiteEraseEdits: words go out of the log of edits, and the log still makes the rota.
func suiteEraseEdits(t *testing.T, s record) {
	t.Helper()
	ctx := t.Context()
	commitRota(t, s, editBy(0, person("anna", 0, "Anna")))
	commitRota(t, s, editBy(1, person("anna", 1, "Anya")))
	log, err := s.RotaHistory(ctx, dispatch.RotaFilter{})
	must(t, err)
	first := log[1]
	first.Reason, first.Edit = "", []byte(`{}`)
	first.After = []edit.Record{rec(edit.Person, "anna", 1, `{"id":"anna"}`)}
	second := log[0]
	second.Before = first.After
	wrong := first
	wrong.Hash = "of another line"
	want(t, s.EraseEdits(ctx, dispatch.EditsErasure{Entries: []dispatch.RotaEntry{wrong}, Audit: eraser}), dispatch.ErrConflict)
	must(t, s.EraseEdits(ctx, dispatch.EditsErasure{Entries: []dispatch.RotaEntry{first, second}, Audit: eraser}))
	must(t, s.VerifyRota(ctx))
	log, err = s.RotaHistory(ctx, dispatch.RotaFilter{})
	must(t, err)
	if len(log) != 2 || string(log[1].After[0].Body) != `{"id":"anna"}` || string(log[0].Before[0].Body) != `{"id":"anna"}` || log[1].Reason != "" {
		t.Errorf("the log: %+v", log)
	}
	commitRota(t, s, editBy(2, person("anna", 2, "Ann")))
	must(t, s.VerifyRota(ctx))
}

// TestErasureIsNoLicence: what was erased may stand as it was erased, and in no other way.
func TestErasureIsNoLicence(t *testing.T) {
	t.Parallel()
	s := open(t)
	ctx := t.Context()
	must(t, s.Commit(ctx, opening(1)))
	must(t, s.Commit(ctx, note(1, "a")))
	log, err := s.Events(ctx, "t1")
	must(t, err)
	is, err := s.Load(ctx, "t1")
	must(t, err)
	line := log[1]
	line.Body = ticket.Noted{Text: "[erased]"}
	must(t, s.EraseTicket(ctx, dispatch.TicketErasure{Ticket: &is.Ticket, Events: []ticket.Event{line}, Audit: eraser}))
	must(t, s.Verify(ctx, "t1"))
	for _, query := range []string{
		`UPDATE events SET body = '{"text":"another"}' WHERE seq = 2`, `UPDATE events SET author = 'boris' WHERE seq = 2`,
		`UPDATE events SET body = replace(body, 'main', 'mein') WHERE seq = 1`,
	} {
		var kept [2]string
		must(t, s.submit(ctx, func(ctx context.Context, w *writer) error {
			if err := w.row(ctx, `SELECT body, author FROM events WHERE seq = 2`, nil, &kept[0], &kept[1]); err != nil {
				return err
			}
			n, err := w.exec(ctx, query)
			if n != 1 {
				t.Errorf("%s: %d rows", query, n)
			}
			return err
		}))
		if err := s.Verify(ctx, "t1"); err == nil {
			t.Errorf("%s is not found", query)
		}
		must(t, s.submit(ctx, func(ctx context.Context, w *writer) error {
			_, err := w.exec(ctx, `UPDATE events SET body = ?, author = ? WHERE seq = 2`, kept[0], kept[1])
			return err
		}))
	}
}
