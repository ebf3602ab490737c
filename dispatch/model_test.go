package dispatch_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// TestModel drives the dispatcher with random calls, restarts, outages and
// desk work, and holds the promises after every step: one ticket per contact,
// and a page timer exactly for what still needs a page.
func TestModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := store.NewMemory()
		watched := rapid.Bool().Draw(rt, "watched") // who takes a ticket and forgets it is paged again
		src := source()
		if watched {
			src.Policy.RepageAfter = time.Hour
		}
		snap, err := dispatch.NewSnapshot(src)
		must(t, err)
		start := func() *dispatch.Dispatcher {
			return dispatcher(t, s, func(_ *dispatch.Config, deps *dispatch.Deps) { deps.Directory = dispatch.NewDirectory(snap) })
		}
		d := start()
		seen := map[string]dispatch.Ref{}
		open := map[string]string{} // caller → ticket
		step := func(err error) {
			if err != nil {
				if _, illegal := errors.AsType[*ticket.IllegalError](err); !illegal {
					rt.Fatal(err)
				}
			}
		}
		for i := range rapid.IntRange(1, 30).Draw(rt, "steps") {
			key, who := rapid.StringMatching(`[a-f]`).Draw(rt, "call"), rapid.IntRange(1, 3).Draw(rt, "caller")
			key += fmt.Sprint(who) // a Call-ID belongs to one caller
			ref, known := seen[key]
			caller := fmt.Sprintf("+7495000000%d", who)
			switch op := rapid.IntRange(0, 9).Draw(rt, "op"); {
			case op <= 1:
				o, err := d.OpenCall(t.Context(), call(key, caller))
				step(err)
				if known && o.Ref != ref {
					rt.Fatalf("signal %s became %v and %v", key, ref, o.Ref)
				}
				if was := open[caller]; !known && was != "" && o.ID != was {
					rt.Fatalf("caller %s has %s open and got %s", caller, was, o.ID)
				}
				seen[key] = o.Ref
				if !known {
					open[caller] = o.ID
				}
			case op == 2 && known:
				step(d.RecordAccepted(t.Context(), dispatch.Accepted{Ref: ref, Call: key, Person: "anna", At: time.Now()}))
			case op == 3 && known:
				how := rapid.SampledFrom([]dispatch.CallResult{dispatch.CallServed, dispatch.CallAbandoned, dispatch.CallExhausted}).Draw(rt, "how")
				step(d.RecordOutcome(t.Context(), dispatch.Outcome{Ref: ref, Call: key, Result: how, At: time.Now()}))
			case op == 4 && known:
				step(d.Acknowledge(t.Context(), ref, "vera", "cli", time.Now()))
			case op == 5 && known:
				step(d.CloseUnreported(t.Context(), ref, dispatch.Author{Person: "vera"}, "", "проверка"))
				for c, id := range open {
					if id == ref.ID {
						delete(open, c)
					}
				}
			case op == 6:
				d = start() // killed and started again
			case op == 7 && known:
				step(d.Note(t.Context(), ref, dispatch.Author{Person: "anna"}, ticket.Noted{Text: "at it"}))
			case op >= 8:
				due, err := s.ClaimTimers(t.Context(), time.Now().Add(2*time.Hour), time.Nanosecond, 1)
				step(err)
				for _, timer := range due {
					step(d.Wake(t.Context(), timer))
				}
			}
			all, err := s.Tickets(t.Context(), dispatch.TicketFilter{Limit: 1000})
			step(err)
			for _, tk := range all {
				c, err := s.Load(t.Context(), tk.ID)
				step(err)
				held := watched && tk.Open() && !tk.NeedsPage()
				if (tk.NeedsPage() || held) != (len(paging(c.Timers)) == 1) {
					rt.Fatalf("after step %d ticket %s needs a page: %v, is watched: %v, timers %v", i, tk.Number, tk.NeedsPage(), held, c.Timers)
				}
				n := dispatch.Notice{Kind: dispatch.NoticePage, Ref: dispatch.Ref{ID: tk.ID}}
				if _, yes := d.StillNeeded(t.Context(), n); yes && !tk.NeedsPage() {
					rt.Fatalf("ticket %s would be paged", tk.Number)
				}
				log, err := s.Events(t.Context(), tk.ID)
				step(err)
				if folded, err := ticket.Fold(log); err != nil || folded.Stage != tk.Stage || folded.Version != tk.Version {
					rt.Fatalf("log and ticket differ: %+v %+v %v", folded, tk, err)
				}
			}
		}
	})
}
