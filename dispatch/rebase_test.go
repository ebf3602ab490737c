package dispatch

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/dispatch/ticket"
)

func openedCase(tb testing.TB, party string) (Case, Change) {
	tb.Helper()
	e := ticket.Event{Ticket: "t", At: noon, By: byCaller, Body: ticket.Opened{
		ID: "t", Number: ticket.Number{Year: 26, Seq: 7}, Priority: ticket.Critical, Party: party,
	}}
	tk, err := ticket.Ticket{}.Apply(e)
	if err != nil {
		tb.Fatal(err)
	}
	timers := []Timer{{Ticket: "t", Kind: TimerPage, DueAt: noon, Gen: 1}}
	return Case{tk, timers}, Change{ID: "x", Ticket: &tk, Events: []ticket.Event{e}, Timers: timers}
}

func at(c Case, by string, body ticket.Body) Change {
	e := ticket.Event{Ticket: "t", At: noon.Add(time.Minute), By: by, Body: body}
	change, err := c.take(Change{ID: "x"}, e)
	if err != nil {
		panic(err)
	}
	return change
}

// after is the case with the change committed.
func (c Case) after(tb testing.TB, change Change) Case {
	tb.Helper()
	if change.Ticket != nil {
		if change.Was != c.Ticket.Version {
			tb.Fatalf("change of version %d on %d", change.Was, c.Ticket.Version)
		}
		c.Ticket = *change.Ticket
	}
	c.Timers = slices.DeleteFunc(slices.Clone(c.Timers), func(t Timer) bool {
		return slices.Contains(change.Drop, TimerKey{t.Ticket, t.Kind})
	})
	for _, t := range change.Timers {
		if have := c.timer(t.Kind).Gen; t.Gen != have+1 {
			tb.Fatalf("timer %s: generation %d on %d", t.Kind, t.Gen, have)
		}
		c.Timers = append(slices.DeleteFunc(c.Timers, func(o Timer) bool { return o.Kind == t.Kind }), t)
	}
	return c
}

func TestRebaseOpening(t *testing.T) {
	t.Parallel()
	c, change := openedCase(t, "number:1")
	next, err := Rebase(Case{}, change)
	if err != nil || next.Ticket.Party != "" || next.Ticket.Number != c.Ticket.Number || next.Was != 0 || len(next.Events) != 2 || len(next.Timers) != 1 {
		t.Errorf("rebased %+v %v", next, err)
	}
	if folded, err := ticket.Fold(next.Events); err != nil || folded.Party != "" || folded.Version != next.Ticket.Version {
		t.Errorf("folded %+v %v", folded, err)
	}
	if change.Events[0].Body.(ticket.Opened).Party == "" {
		t.Error("the change itself was altered")
	}
	if _, err := Rebase(c, change); !errors.Is(err, ErrRepeated) {
		t.Errorf("opened twice: %v", err)
	}
	if _, err := Rebase(Case{}, at(c, "anna", ticket.Noted{})); !errors.Is(err, ErrNotFound) {
		t.Errorf("a note on nothing: %v", err)
	}
}

func TestRebaseOnAnotherState(t *testing.T) {
	t.Parallel()
	was, _ := openedCase(t, "")
	now := was.after(t, at(was, "vera", ticket.Categorised{Category: ticket.Security}))
	next, err := Rebase(now, at(was, "anna", ticket.Acknowledged{How: "cli"}))
	if err != nil {
		t.Fatal(err)
	}
	now = now.after(t, next)
	if now.Ticket.Acknowledged.By != "anna" || now.Ticket.Category != ticket.Security || len(now.Timers) != 0 {
		t.Errorf("case %+v", now)
	}
	late := at(was, "boris", ticket.Acknowledged{How: "cli"})
	late.Notices = []Notice{{ID: "event", Kind: NoticeEvent}, {ID: "page", Kind: NoticePage}}
	_, err = Rebase(now, late)
	if _, illegal := errors.AsType[*ticket.IllegalError](err); !illegal {
		t.Errorf("acknowledged twice: %v", err)
	}
	rest, err := Rebase(now, Refused(now, late))
	if err != nil || rest.Ticket != nil || len(rest.Notices) != 1 {
		t.Fatalf("rest %+v %v", rest, err)
	}
	if n, ok := rest.Events[0].Body.(ticket.Noted); !ok || !strings.Contains(n.Text, "boris") || !strings.Contains(n.Text, "anna") {
		t.Errorf("note %+v", rest.Events[0])
	}
}

func TestRebaseJoinsAClosedTicket(t *testing.T) {
	t.Parallel()
	was, _ := openedCase(t, "")
	now := was.after(t, at(was, "vera", ticket.Moved{To: ticket.Closed}))
	join := at(was, byCaller, ticket.Joined{Call: "b"})
	join.Open = "t"
	next, err := Rebase(now, join)
	if err != nil || next.Open != "" || len(next.Events) != 2 || next.Ticket != nil {
		t.Errorf("rebased %+v %v", next, err)
	}
}

// A task outlives its ticket: its timer is set although another node has closed
// the ticket; the watch over clocks is not.
func TestRebaseOfATaskOnAClosedTicket(t *testing.T) {
	t.Parallel()
	was, _ := openedCase(t, "")
	now := was.after(t, at(was, "vera", ticket.Moved{To: ticket.Closed}))
	change := at(was, "anna", ticket.Tasked{Task: "1", Text: "x", Due: noon})
	change = change.set(was.timer(taskTimer("1")).moved(noon)).set(was.timer(TimerClock).moved(noon))
	next, err := Rebase(now, change)
	if err != nil || len(next.Timers) != 1 || next.Timers[0].Kind != taskTimer("1") {
		t.Errorf("rebased %+v %v", next.Timers, err)
	}
}

func TestRedirectAndRenumber(t *testing.T) {
	t.Parallel()
	_, change := openedCase(t, "")
	change.Calls, change.Notices = []CallRecord{{ID: "c", Ref: Ref{ID: "t"}}}, []Notice{{ID: "n", Ref: Ref{ID: "t"}}}
	to := Ref{ID: "u", Number: "VH"}
	r := Redirect(change, "t", to)
	if r.Events[0].Ticket != "u" || r.Calls[0].Ref != to || r.Notices[0].Ref != to || r.Timers[0].Ticket != "u" || r.Ticket != nil {
		t.Errorf("redirected %+v", r)
	}
	n := ticket.Number{Year: 26, Seq: 9}
	m := Renumber(change, n)
	if m.Ticket.Number != n || m.Events[0].Body.(ticket.Opened).Number != n || m.Calls[0].Ref.Number != n.String() || len(m.Events) != 2 {
		t.Errorf("renumbered %+v", m)
	}
	if change.Ticket.Number == n || change.Events[0].Ticket != "t" {
		t.Error("the change itself was altered")
	}
}

// Two histories of one ticket, one of them rebased on the other: the result is
// legal, nothing that happened is lost, and there is a page timer exactly
// while a page is needed.
func TestRebaseModel(t *testing.T) {
	t.Parallel()
	bodies := []ticket.Body{
		ticket.Acknowledged{How: "cli"},
		ticket.Moved{To: ticket.Diagnosis},
		ticket.Moved{To: ticket.Closed},
		ticket.Noted{Text: "x"},
		ticket.PageRaised{Reason: "broken", Again: true},
		ticket.Accepted{Call: "c", Person: "anna"},
		ticket.CallEnded{Call: "c"},
		ticket.Prioritised{Priority: ticket.High, Reason: "y"},
		ticket.Prioritised{Priority: ticket.Critical},
	}
	rapid.Check(t, func(rt *rapid.T) {
		base, _ := openedCase(t, "")
		step := func(c Case, who string) (Change, bool) {
			e := ticket.Event{Ticket: "t", At: noon, By: who, Body: rapid.SampledFrom(bodies).Draw(rt, "body")}
			change, err := c.take(Change{}, e)
			if _, raised := e.Body.(ticket.PageRaised); raised && err == nil {
				change = change.set(c.pageTimer().moved(noon))
			}
			return change, err == nil
		}
		here, there := base, base
		var journal []Change
		for range rapid.IntRange(0, 5).Draw(rt, "there") {
			if c, ok := step(there, "vera"); ok {
				next, err := Rebase(there, c) // keeps the timers right
				if err != nil {
					rt.Fatal(err)
				}
				there = there.after(t, next)
			}
		}
		for range rapid.IntRange(1, 6).Draw(rt, "here") {
			if c, ok := step(here, "anna"); ok {
				journal = append(journal, c)
				next, err := Rebase(here, c)
				if err != nil {
					rt.Fatal(err)
				}
				here = here.after(t, next)
			}
		}
		for _, c := range journal {
			next, err := Rebase(there, c)
			if _, illegal := errors.AsType[*ticket.IllegalError](err); illegal {
				next, err = Rebase(there, Refused(there, c))
			}
			if err != nil || len(next.Events) < len(c.Events) {
				rt.Fatalf("%+v on %+v: %v", c, there, err)
			}
			there = there.after(t, next)
			if there.Ticket.NeedsPage() != (there.pageTimer().Gen > 0) {
				rt.Fatalf("needs a page: %v, timers %v", there.Ticket.NeedsPage(), there.Timers)
			}
		}
	})
}
