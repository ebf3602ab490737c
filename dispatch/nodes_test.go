package dispatch_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// join starts a node of several on the store. Nodes share nothing else; hang,
// when true, is a node that is frozen: nothing of it reaches the store.
func join(t *testing.T, s *store.Memory, node string, answers map[string][]answer) (h *house, hang *atomic.Bool) {
	t.Helper()
	hang = &atomic.Bool{}
	wait(300 * time.Millisecond) // nodes do not tick together
	return open(t, s, answers, func(d *dispatch.Deps) { d.Node, d.Nodes = node, frozen{Memory: s, hang: hang} }), hang
}

// frozen is the store as the loops of a node see it that can be frozen.
type frozen struct {
	*store.Memory
	hang  *atomic.Bool
	mercy bool // others' calls can not be taken over
}

var errHung = errors.New("frozen")

func (f frozen) Beat(ctx context.Context, n dispatch.Node, now time.Time) error {
	if f.hang.Load() {
		return errHung
	}
	return f.Memory.Beat(ctx, n, now)
}

func (f frozen) TakeOver(ctx context.Context, heir string, own bool, now time.Time) ([]dispatch.CallRecord, error) {
	if f.hang.Load() || f.mercy && !own {
		return nil, errHung
	}
	return f.Memory.TakeOver(ctx, heir, own, now)
}

func (f frozen) ClaimNotices(ctx context.Context, kind dispatch.NoticeKind, now time.Time, lease time.Duration, limit int) ([]dispatch.Notice, error) {
	if f.hang.Load() {
		return nil, errHung
	}
	return f.Memory.ClaimNotices(ctx, kind, now, lease, limit)
}

func (f frozen) ClaimTimers(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]dispatch.Timer, error) {
	if f.hang.Load() {
		return nil, errHung
	}
	return f.Memory.ClaimTimers(ctx, now, lease, limit)
}

func (f frozen) Leave(ctx context.Context, node string) error {
	if f.hang.Load() {
		return errHung
	}
	return f.Memory.Leave(ctx, node)
}

// A node dies in a conversation: the other ends the call, pages and rings the
// client at once, three times at least, and the ticket owes him a call.
func TestNodeDiesInAConversation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		a, hang := join(t, s, "a", nil)
		b, _ := join(t, s, "b", nil)
		o := a.talk(t, "x") // 19 s
		died := time.Now()
		hang.Store(true)
		a.stop()
		wait(10 * time.Second)
		rec, err := b.Call(t.Context(), "x")
		must(t, err)
		if rec.Result != dispatch.CallBroken || rec.AcceptedBy != "boris" || rec.EndedAt.Sub(died) > 6*time.Second {
			t.Errorf("call %+v", rec)
		}
		tk, err := b.Ticket(t.Context(), o.ID)
		must(t, err)
		if !tk.OwesCall() || tk.CallBack.Call != "x" || tk.CallBack.Number != "+79211234567" || !tk.Acknowledged.IsZero() {
			t.Errorf("ticket %+v", tk)
		}
		wait(10 * time.Minute)
		if !strings.HasPrefix(b.phones.pages(), "23s boris") {
			t.Errorf("pages %s", b.phones.pages())
		}
		if got := b.phones.recalls(); got != "23s +79211234567, 43s +79211234567, 1m3s +79211234567, 1m23s +79211234567, 1m43s +79211234567" {
			t.Errorf("recalls %s", got)
		}
		if got := kinds(t, b, o.Ref); got != "recall_asked 1 recall_ended 1 recall_tried 5" {
			t.Error(got)
		}
	})
}

// kinds counts the recall events of a ticket.
func kinds(t *testing.T, h *house, ref dispatch.Ref) string {
	t.Helper()
	log, err := h.Events(t.Context(), ref)
	must(t, err)
	n := map[ticket.Kind]int{}
	for _, e := range log {
		n[e.Body.Kind()]++
	}
	var out []string
	for _, k := range []ticket.Kind{ticket.KindRecallAsked, ticket.KindRecallEnded, ticket.KindRecallTried} {
		if n[k] > 0 {
			out = append(out, string(k)+" "+string(rune('0'+n[k])))
		}
	}
	return strings.Join(out, " ")
}

// A node that is frozen, believed dead and thawed does no harm: what was
// recorded of its call stays, and nobody is paged a second time.
func TestFrozenNodeThaws(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		ack := map[string][]answer{"boris": {{time.Second, dispatch.ResultAcknowledged, nil}}, "client": {{time.Second, dispatch.ResultDelivered, nil}}}
		a, hang := join(t, s, "a", nil)
		b, _ := join(t, s, "b", ack)
		o := a.talk(t, "x")
		hang.Store(true)
		wait(30 * time.Second)
		b.see(t, "23s boris")
		before, err := b.Call(t.Context(), "x")
		must(t, err)
		hang.Store(false)
		wait(5 * time.Second)
		for _, how := range []dispatch.CallResult{dispatch.CallServed, dispatch.CallAbandoned, dispatch.CallBroken} {
			must(t, a.RecordOutcome(t.Context(), dispatch.Outcome{Ref: o.Ref, Call: "x", Result: how, At: time.Now(), Detail: dispatch.CallDetail{Talk: time.Hour}}))
		}
		wait(time.Hour)
		b.see(t, "23s boris")
		a.see(t, "")
		if after, _ := b.Call(t.Context(), "x"); after.Result != before.Result || !after.EndedAt.Equal(before.EndedAt) || after.Detail.Talk != 0 {
			t.Errorf("the recorded end changed: %+v", after)
		}
		if got := kinds(t, b, o.Ref); got != "recall_asked 1 recall_tried 1" {
			t.Error(got)
		}
	})
}

// While the store is away nobody can say that he lives. When it is back, nobody
// is held for dead.
func TestStoreOutageKillsNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		a, _ := join(t, s, "a", nil)
		b, _ := join(t, s, "b", nil)
		a.talk(t, "x")
		b.talk(t, "y")
		s.Fail(errors.New("locked"))
		wait(time.Minute)
		s.Fail(nil)
		wait(time.Minute)
		for _, call := range []string{"x", "y"} {
			if rec, err := a.Call(t.Context(), call); err != nil || !rec.EndedAt.IsZero() {
				t.Errorf("call %+v, %v", rec, err)
			}
		}
	})
}

// A node that stops in good order hands nothing on, and one that starts again
// ends what it left open itself.
func TestNodeStartsAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		b, _ := join(t, s, "b", nil)
		a, _ := join(t, s, "a", nil)
		a.talk(t, "x")
		must(t, a.RecordOutcome(t.Context(), dispatch.Outcome{Ref: a.ref(t, "x"), Call: "x", Result: dispatch.CallServed, At: time.Now()}))
		a.stop()
		nodes, err := s.Nodes(t.Context())
		must(t, err)
		if len(nodes) != 2 || !nodes[0].Until.IsZero() {
			t.Errorf("nodes %+v", nodes)
		}
		a, hang := join(t, s, "a", nil)
		a.talk(t, "y")
		hang.Store(true)
		a.stop()
		a, _ = join(t, s, "a", nil) // within the lease
		if rec, err := a.Call(t.Context(), "y"); err != nil || rec.Result != dispatch.CallBroken {
			t.Errorf("call %+v, %v", rec, err)
		}
		wait(time.Minute)
		log, err := b.Events(t.Context(), a.ref(t, "y"))
		must(t, err)
		raised := 0
		for _, e := range log {
			if _, ok := e.Body.(ticket.PageRaised); ok {
				raised++
			}
		}
		if raised != 1 {
			t.Errorf("%d alarms for one cut call", raised)
		}
	})
}

// The store is away when a node starts: its open calls are ended when it is
// back, and calls that began meanwhile live on.
func TestNodeStartsWithoutMembership(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		a, hang := join(t, s, "a", nil)
		a.talk(t, "x")
		hang.Store(true)
		a.stop()
		away := &atomic.Bool{}
		away.Store(true)
		a = open(t, s, nil, func(d *dispatch.Deps) { d.Node, d.Nodes = "a", frozen{Memory: s, hang: away} })
		_, err := a.OpenCall(t.Context(), call("y", "+74950000000"))
		must(t, err)
		wait(10 * time.Second)
		away.Store(false)
		wait(20 * time.Second)
		if rec, _ := a.Call(t.Context(), "x"); rec.Result != dispatch.CallBroken {
			t.Errorf("the old call: %+v", rec)
		}
		if rec, _ := a.Call(t.Context(), "y"); !rec.EndedAt.IsZero() {
			t.Errorf("the new call: %+v", rec)
		}
	})
}

// A call that hunts on one node is the page for the other; when its node dies,
// paging begins.
func TestHuntOfAnotherNodeIsThePage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		a, hang := join(t, s, "a", nil)
		b, _ := join(t, s, "b", map[string][]answer{"anna": {{time.Second, dispatch.ResultAcknowledged, nil}}})
		o, err := a.OpenCall(t.Context(), call("x", "89211234567"))
		must(t, err)
		second, err := b.OpenCall(t.Context(), call("y", "89211234567"))
		must(t, err)
		if second.Ref != o.Ref || !second.Joined {
			t.Fatalf("the second call: %+v", second)
		}
		b.lose(t, second, "y", dispatch.CallAbandoned)
		wait(5 * time.Minute)
		a.see(t, "")
		b.see(t, "")
		hang.Store(true)
		a.stop()
		wait(10 * time.Second)
		b.see(t, "5m4s anna")
	})
}

// What one node refuses is decided on what the other one did, also when no
// message has told of it.
func TestRefusalIsNotStale(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		a, _ := join(t, s, "a", nil)
		b, _ := join(t, s, "b", nil)
		o := a.talk(t, "x") // boris has it
		if err := b.Acknowledge(t.Context(), o.Ref, "anna", "cli", time.Now()); err == nil {
			t.Error("b lets anna take what boris has")
		}
		must(t, a.RecordOutcome(t.Context(), dispatch.Outcome{Ref: o.Ref, Call: "x", Result: dispatch.CallBroken, At: time.Now()}))
		must(t, b.Acknowledge(t.Context(), o.Ref, "anna", "cli", time.Now()))
	})
}

// The hunt of a dead node is no page, also when its call can not be taken over.
func TestHuntOfADeadNodeIsNoPage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		a, hang := join(t, s, "a", nil)
		b := open(t, s, map[string][]answer{"anna": {{time.Second, dispatch.ResultAcknowledged, nil}}}, func(d *dispatch.Deps) {
			d.Node, d.Nodes = "b", frozen{Memory: s, hang: &atomic.Bool{}, mercy: true}
		})
		_, err := a.OpenCall(t.Context(), call("x", "89211234567"))
		must(t, err)
		hang.Store(true)
		a.stop()
		wait(10 * time.Minute)
		b.see(t, "1m30s anna") // dispatch.hunt_guard
	})
}

// A conversation that outlives a short freeze of its node is not called back;
// one that a long freeze has cut is.
func TestConversationOutlivesAFreeze(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		freeze time.Duration
		owes   bool
	}{"short": {7 * time.Second, false}, "long": {30 * time.Second, true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := store.NewMemory()
				a, hang := join(t, s, "a", nil)
				b, _ := join(t, s, "b", map[string][]answer{"anna": {{time.Second, dispatch.ResultAcknowledged, nil}}})
				o := a.talk(t, "x")
				hang.Store(true)
				wait(c.freeze)
				hang.Store(false)
				wait(10 * time.Minute)
				tk, err := b.Ticket(t.Context(), o.ID)
				must(t, err)
				tries := strings.Count(a.phones.recalls()+b.phones.recalls(), "+7921")
				if tk.OwesCall() != c.owes || (tries < 3) == c.owes {
					t.Errorf("owes a call: %v, %d tries", tk.OwesCall(), tries)
				}
				if rec, err := b.Call(t.Context(), "x"); err != nil || rec.Result != dispatch.CallBroken {
					t.Errorf("call %+v, %v", rec, err)
				}
			})
		})
	}
}
