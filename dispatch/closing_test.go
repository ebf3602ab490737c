package dispatch_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// An emergency ends with its root cause on record and its report sent, or with a
// word on why not, which stays. What can wait is closed as it is.
func TestClosingAnEmergency(t *testing.T) {
	t.Parallel()
	const nothing, noCause, noReport = "neither a root cause nor a report", "has no root cause", "its report was not sent"
	cause := func(t *testing.T, b *bureau, ref dispatch.Ref) {
		t.Helper()
		must(t, b.Amend(t.Context(), ref, anna(), ticket.RootCaused{Cause: "диск", Complete: true}))
	}
	draft := func(t *testing.T, b *bureau, ref dispatch.Ref, version int) {
		t.Helper()
		must(t, b.Amend(t.Context(), ref, anna(), ticket.Drafted{Version: version, Hash: "h"}))
		must(t, b.Amend(t.Context(), ref, anna(), ticket.Approved{Version: version}))
	}
	send := func(t *testing.T, b *bureau, ref dispatch.Ref, version int) {
		t.Helper()
		_, err := b.Tell(t.Context(), ref, anna(), dispatch.Word{Purpose: ticket.ForReport, Version: version, Text: "Отчёт."})
		must(t, err)
		synctest.Wait()
	}
	reported := func(t *testing.T, b *bureau, ref dispatch.Ref) {
		t.Helper()
		cause(t, b, ref)
		draft(t, b, ref, 1)
		send(t, b, ref, 1)
	}
	for name, c := range map[string]struct {
		before func(*testing.T, *bureau, dispatch.Ref)
		why    string
		want   string // of the refusal; empty = it is closed
		kept   string // of the reason
	}{
		"nothing is done":      {nil, "", nothing, ""},
		"blanks are no reason": {nil, "  ", nothing, ""},
		"a reason":             {nil, "клиент отказался от разбора", "", "клиент отказался от разбора"},
		"the cause alone":      {cause, "", noReport, ""},
		"a cause that is a draft": {func(t *testing.T, b *bureau, ref dispatch.Ref) {
			t.Helper()
			must(t, b.Amend(t.Context(), ref, anna(), ticket.RootCaused{Cause: "?"}))
		}, "", nothing, ""},
		"a report that was not approved": {func(t *testing.T, b *bureau, ref dispatch.Ref) {
			t.Helper()
			cause(t, b, ref)
			must(t, b.Amend(t.Context(), ref, anna(), ticket.Drafted{Version: 1, Hash: "h"}))
		}, "", noReport, ""},
		"a report that was not sent": {func(t *testing.T, b *bureau, ref dispatch.Ref) { t.Helper(); cause(t, b, ref); draft(t, b, ref, 1) }, "", noReport, ""},
		"a report without a cause":   {func(t *testing.T, b *bureau, ref dispatch.Ref) { t.Helper(); draft(t, b, ref, 1); send(t, b, ref, 1) }, "", noCause, ""},
		"a report that came back": {func(t *testing.T, b *bureau, ref dispatch.Ref) {
			t.Helper()
			b.mail.fail(errGone)
			b.chat.fail(errGone)
			reported(t, b, ref)
		}, "", noReport, ""},
		"a report that the client has read": {func(t *testing.T, b *bureau, ref dispatch.Ref) {
			t.Helper()
			cause(t, b, ref)
			draft(t, b, ref, 1)
			must(t, b.Amend(t.Context(), ref, anna(), ticket.ReportRead{Version: 1, How: "page"}))
		}, "", "", ""},
		"all is done":                         {reported, "", "", ""},
		"all is done: the reason is not true": {reported, "лень", "", ""},
		"it came back since": {func(t *testing.T, b *bureau, ref dispatch.Ref) {
			t.Helper()
			reported(t, b, ref)
			_, err := b.Stabilise(t.Context(), ref, anna(), ticket.Restored{Statement: "1С", Check: "вход"})
			must(t, err)
			wait(time.Minute)
			must(t, b.Reopen(t.Context(), ref, anna(), ticket.Reopened{Reason: "опять"}))
		}, "", nothing, ""},
		"what is not critical": {func(t *testing.T, b *bureau, ref dispatch.Ref) {
			t.Helper()
			must(t, b.Amend(t.Context(), ref, anna(), ticket.Prioritised{Priority: ticket.Normal, Reason: "один принтер"}))
		}, "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBureau(t, store.NewMemory(), nil)
				ref := b.served("a", "89211234567")
				if c.before != nil {
					c.before(t, b, ref)
				}
				err := b.CloseUnreported(t.Context(), ref, anna(), "готово", c.why)
				tk, fault := b.Ticket(t.Context(), ref.ID)
				must(t, fault)
				if c.want != "" {
					var refused *ticket.IllegalError
					if !errors.As(err, &refused) || !strings.Contains(err.Error(), c.want) || !tk.Open() {
						t.Errorf("%v, stage %v; want a refusal: %s", err, tk.Stage, c.want)
					}
					return
				}
				must(t, err)
				log, err := b.Events(t.Context(), ref)
				must(t, err)
				var kept string
				for _, e := range log {
					if m, ok := e.Body.(ticket.Moved); ok && m.To == ticket.Closed {
						kept = m.Unreported
					}
				}
				text := dispatch.Timeline(tk, log, dispatch.TimelineOptions{Language: "ru", Now: time.Now()})
				if tk.Stage != ticket.Closed || kept != c.kept || strings.Contains(text, "закрыта без отчёта, потому что: клиент отказался") != (kept != "") {
					t.Errorf("stage %v, reason %q, want %q\n%s", tk.Stage, kept, c.kept, text)
				}
			})
		})
	}
}

// A cause has one of the classes that reports have words for: the refusal says
// which there are. A log of an older version with another one is read all the same.
func TestClassOfTheCause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBureau(t, store.NewMemory(), nil)
		ref := b.served("a", "89211234567")
		for _, class := range append(ticket.CauseClasses(), "", " Hardware ") {
			must(t, b.Amend(t.Context(), ref, anna(), ticket.RootCaused{Cause: "диск", Class: class}))
		}
		var refused *ticket.IllegalError
		err := b.Amend(t.Context(), ref, anna(), ticket.RootCaused{Cause: "диск", Class: "bad luck"})
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), `"bad luck" is no class of a cause; use hardware, software, capacity, change, human, attack, supplier, unknown`) {
			t.Errorf("an unknown class: %v", err)
		}
		log, err := b.Events(t.Context(), ref)
		must(t, err)
		log = append(log, ticket.Event{Ticket: ref.ID, At: time.Now(), By: "anna", Body: ticket.RootCaused{Cause: "диск", Class: "bad luck"}})
		d, err := ticket.Compile(log)
		if err != nil || d.RootCauses[len(d.RootCauses)-1].Body.Class != "bad luck" {
			t.Errorf("an old log: %v", err)
		}
	})
}
