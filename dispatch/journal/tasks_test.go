package journal

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// Two tickets are joined in the SQL store or not at all; work on each of them is
// kept meanwhile.
func TestTicketsAreNotJoinedWhileAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in := newFaulty()
		s, _ := start(t, config(t), Deps{}, in)
		one, two := opening(1), opening(2)
		must(t, s.Commit(t.Context(), one))
		must(t, s.Commit(t.Context(), two))
		into, err := one.Ticket.Apply(ticket.Event{Ticket: id(1), At: t0, By: "anna", Body: ticket.Absorbed{Source: id(2)}})
		must(t, err)
		gone, err := two.Ticket.Apply(ticket.Event{Ticket: id(2), At: t0, By: "anna", Body: ticket.MergedInto{Target: id(1)}})
		must(t, err)
		merge := dispatch.Change{Ticket: &into, Was: one.Ticket.Version, Also: []dispatch.Row{{Ticket: gone, Was: two.Ticket.Version}}}
		in.set(before)
		want(t, s.Commit(t.Context(), merge), dispatch.ErrAway)
		task := dispatch.Change{Events: []ticket.Event{{Ticket: id(1), At: t0, By: "anna", Body: ticket.Tasked{Task: "1", Text: "x"}}}}
		must(t, s.Commit(t.Context(), task))
		in.set(none)
		time.Sleep(time.Minute)
		synctest.Wait()
		list, err := s.Tasks(t.Context(), dispatch.TaskFilter{})
		must(t, err)
		c, err := in.Load(t.Context(), id(2))
		if len(list) != 1 || err != nil || !c.Ticket.Open() {
			t.Errorf("after the outage: tasks %+v, ticket %+v, %v", list, c.Ticket, err)
		}
		must(t, s.Commit(t.Context(), merge))
	})
}
