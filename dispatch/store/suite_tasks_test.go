package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// suiteTasks: the list follows the logs: what is due first comes first, what was
// changed is changed, what has ended is gone unless it is asked for.
func suiteTasks(t *testing.T, s record) {
	t.Helper()
	add := func(n int, body ticket.Body) {
		t.Helper()
		c := dispatch.Change{Events: []ticket.Event{{Ticket: fmt.Sprintf("t%d", n), At: t0.Add(time.Hour), By: "anna", Body: body}}}
		if err := s.Commit(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	for n := 1; n <= 2; n++ {
		if err := s.Commit(t.Context(), opening(n)); err != nil {
			t.Fatal(err)
		}
	}
	late, soon := t0.Add(240*time.Hour), t0.Add(24*time.Hour)
	add(1, ticket.Tasked{Task: "1", Sort: "recommendation", Text: "SMART", Owner: "client", Due: late, Priority: ticket.High})
	add(1, ticket.Tasked{Task: "2", Sort: "follow_up", Text: "резервная копия"})
	add(2, ticket.Tasked{Task: "1", Sort: "rca", Text: "журналы", Owner: "anna", Due: soon})
	add(2, ticket.Tasked{Task: "2", Sort: "rca", Text: "лишнее"})
	add(2, ticket.TaskDone{Task: "2", Result: "dropped"})
	see := func(f dispatch.TaskFilter, want string) {
		t.Helper()
		list, err := s.Tasks(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		for _, r := range list {
			fmt.Fprintf(&got, "%s/%s %s %s %s;", r.ID, r.Task, r.Text, r.Owner, r.Result)
		}
		if got.String() != want {
			t.Errorf("%+v: %s\nwant %s", f, got.String(), want)
		}
	}
	see(dispatch.TaskFilter{}, "t2/1 журналы anna ;t1/1 SMART client ;t1/2 резервная копия  ;")
	see(dispatch.TaskFilter{All: true, Ticket: "t2"}, "t2/1 журналы anna ;t2/2 лишнее  dropped;")
	see(dispatch.TaskFilter{Owner: "client"}, "t1/1 SMART client ;")
	see(dispatch.TaskFilter{DueBefore: late}, "t2/1 журналы anna ;")
	see(dispatch.TaskFilter{Limit: 1}, "t2/1 журналы anna ;")
	see(dispatch.TaskFilter{Org: "nobody"}, "")
	add(1, ticket.Tasked{Task: "1", Sort: "recommendation", Text: "SMART и RAID", Owner: "client", Due: soon.Add(-time.Hour)})
	see(dispatch.TaskFilter{Limit: 1}, "t1/1 SMART и RAID client ;")
	list, err := s.Tasks(t.Context(), dispatch.TaskFilter{Ticket: "t1"})
	if err != nil || !list[0].Due.Equal(soon.Add(-time.Hour)) || !list[0].SetAt.Equal(t0.Add(time.Hour)) || list[0].Number == "" {
		t.Errorf("%+v %v", list, err)
	}
}

// suiteAlso: a change of two tickets moves both or none.
func suiteAlso(t *testing.T, s record) {
	t.Helper()
	first, second := opening(1), opening(2)
	for _, c := range []dispatch.Change{first, second} {
		if err := s.Commit(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	move := func(of dispatch.Change, body ticket.Body) (ticket.Ticket, ticket.Event) {
		t.Helper()
		e := ticket.Event{Ticket: of.Ticket.ID, At: t0.Add(time.Hour), By: "anna", Body: body}
		next, err := of.Ticket.Apply(e)
		if err != nil {
			t.Fatal(err)
		}
		return next, e
	}
	into, absorbs := move(first, ticket.Absorbed{Source: "t2"})
	gone, merges := move(second, ticket.MergedInto{Target: "t1"})
	both := dispatch.Change{
		Ticket: &into, Was: first.Ticket.Version, Also: []dispatch.Row{{Ticket: gone, Was: second.Ticket.Version + 7}}, Events: []ticket.Event{absorbs, merges},
	}
	if err := s.Commit(t.Context(), both); !errors.Is(err, dispatch.ErrConflict) {
		t.Fatalf("the second ticket has changed: %v", err)
	}
	if c, err := s.Load(t.Context(), "t1"); err != nil || c.Ticket.Version != first.Ticket.Version {
		t.Errorf("half of it is there: %+v %v", c.Ticket, err)
	}
	both.Also[0].Was = second.Ticket.Version
	if err := s.Commit(t.Context(), both); err != nil {
		t.Fatal(err)
	}
	one, err := s.Load(t.Context(), "t1")
	if err != nil || len(one.Ticket.Absorbed) != 1 {
		t.Errorf("%+v %v", one.Ticket, err)
	}
	two, err := s.Load(t.Context(), "t2")
	if err != nil || two.Ticket.Stage != ticket.Merged {
		t.Errorf("%+v %v", two.Ticket, err)
	}
	b, err := s.Board(t.Context())
	if err != nil || len(b.Cases) != 1 {
		t.Errorf("%d open tickets, want the one: %v", len(b.Cases), err)
	}
}
