package journal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/escalation"
)

// node is a dispatcher on a journal, as the app wires them.
type node struct {
	*dispatch.Dispatcher

	journal *Store
	kill    func() // without a word to anybody
}

func newNode(t *testing.T, cfg Config, in Inner) *node {
	t.Helper()
	var ready atomic.Pointer[dispatch.Dispatcher]
	j, end := start(t, cfg, Deps{
		Board: func() dispatch.Board {
			if d := ready.Load(); d != nil {
				return d.BoardNow()
			}
			return dispatch.Board{}
		},
		Healed: func(ctx context.Context) error {
			if d := ready.Load(); d != nil {
				return d.Resync(ctx)
			}
			return nil
		},
	}, in)
	snap, err := dispatch.NewSnapshot(dispatch.Source{
		Roster:    oncall.Roster{People: []oncall.Person{{ID: "anna", Name: "anna", Devices: []oncall.Device{{Kind: oncall.Softphone, URI: "sip:anna@127.0.0.1"}}}}},
		Lines:     []dispatch.Line{{ID: "main", DIDs: []string{"+78123330000"}, Ladder: []dispatch.LadderRung{{People: []string{"anna"}}}}},
		Policy:    escalation.Policy{Steps: []escalation.Rung{{Targets: []string{escalation.Chain}}}},
		Numbering: client.Default(),
	})
	must(t, err)
	rules := dispatch.Default()
	rules.EventChannels = []dispatch.Subscriber{{Channel: "webhook", To: "crm"}}
	d, err := dispatch.New(rules, dispatch.Deps{Store: j, Archive: j, Directory: dispatch.NewDirectory(snap)})
	must(t, err)
	must(t, d.Start(t.Context()))
	ready.Store(d)
	return &node{d, j, end}
}

// serve lets a call run its whole course.
func (n *node) serve(t *testing.T, i int) dispatch.Ref {
	t.Helper()
	key := fmt.Sprintf("call-%d", i)
	o, err := n.OpenCall(t.Context(), dispatch.Signal{
		Channel: dispatch.ChannelCall, Key: key, At: time.Now(), Call: &dispatch.CallSignal{DID: "+78123330000", Caller: fmt.Sprintf("+7812%07d", i)},
	})
	must(t, err)
	time.Sleep(time.Second)
	must(t, n.RecordAttempt(t.Context(), dispatch.Attempt{Ref: o.Ref, ID: key + "-1", Call: key, Person: "anna", Kind: dispatch.AttemptCall, Outcome: dispatch.AttemptAccepted, At: time.Now()}))
	must(t, n.RecordAccepted(t.Context(), dispatch.Accepted{Ref: o.Ref, Call: key, Person: "anna", At: time.Now()}))
	time.Sleep(time.Minute)
	must(t, n.RecordOutcome(t.Context(), dispatch.Outcome{Ref: o.Ref, Call: key, Result: dispatch.CallServed, At: time.Now()}))
	return o.Ref
}

// Calls before, during and after an outage, with a kill in the middle of it and
// a start without the store: each ticket is there once with its whole log, and
// the numbers follow the calls without a gap.
func TestDispatcherThroughAnOutage(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]fault{"refuses": before, "silent": hang, "does and refuses": after} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				in, cfg := newFaulty(), config(t)
				n := newNode(t, cfg, in)
				var refs []dispatch.Ref
				calls := func(count int) {
					for range count {
						refs = append(refs, n.serve(t, len(refs)+1))
					}
				}
				calls(3)
				in.set(f)
				calls(3)
				in.set(none)
				settled(t, n.journal)
				calls(2)
				n.kill()
				n = newNode(t, cfg, in)
				calls(2)
				in.set(f)
				in.Fail(errDown)
				calls(2)
				n.kill()
				in.set(none)
				in.Fail(nil)
				n = newNode(t, cfg, in) // with calls in the file that the store has not got
				calls(1)
				settled(t, n.journal)
				calls(1)
				for i, ref := range refs {
					num, err := ticket.ParseNumber(ref.Number)
					must(t, err)
					if num.Seq != uint32(i+1) {
						t.Errorf("call %d got number %d", i+1, num.Seq)
					}
					log, err := in.Events(t.Context(), ref.ID)
					must(t, err)
					var kinds []ticket.Kind
					for _, e := range log {
						kinds = append(kinds, e.Body.Kind())
					}
					want := []ticket.Kind{ticket.KindOpened, ticket.KindAttempted, ticket.KindAccepted, ticket.KindCallEnded}
					if !slices.Equal(kinds, want) {
						t.Errorf("call %d: %v", i+1, kinds)
					}
				}
				all, err := in.Tickets(t.Context(), dispatch.TicketFilter{Limit: 1000})
				must(t, err)
				if len(all) != len(refs) {
					t.Errorf("%d tickets, %d calls", len(all), len(refs))
				}
			})
		})
	}
}

// A start without the store after a kill: the calls go on with the numbers
// reserved ahead, and a caller whose ticket only the file knows joins it.
func TestDispatcherStartsWithoutTheStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, cfg := newFaulty(), config(t)
		n := newNode(t, cfg, in)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- n.Run(ctx) }()
		first := n.serve(t, 1)
		synctest.Wait() // a block is reserved ahead
		n.kill()
		stop()
		<-ended // what it gives back it cannot: the file is closed
		n = newNode(t, cfg, nil)
		ref := n.serve(t, 2)
		again, err := n.OpenCall(t.Context(), dispatch.Signal{
			Channel: dispatch.ChannelCall, Key: "again", At: time.Now(), Call: &dispatch.CallSignal{DID: "+78123330000", Caller: "+78120000002"},
		})
		must(t, err)
		if !again.Joined || again.Ref != ref {
			t.Errorf("opened %+v", again)
		}
		n.journal.Attach(in)
		settled(t, n.journal)
		for _, r := range []dispatch.Ref{first, ref} {
			if _, err := in.Load(t.Context(), r.ID); err != nil {
				t.Error(err)
			}
		}
		if first.Number == ref.Number {
			t.Error("one number for two tickets")
		}
		if _, err := in.Load(t.Context(), "nobody"); !errors.Is(err, dispatch.ErrNotFound) {
			t.Error(err)
		}
	})
}
