package journal

import (
	"context"
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// hear is a receiver of events: it takes what is due and acknowledges it. It
// returns what it was told, the type by the id of the event.
func (n *node) hear(t *testing.T, heard map[string]string) {
	t.Helper()
	list, err := n.journal.ClaimNotices(t.Context(), dispatch.NoticeEvent, time.Now(), time.Minute, 100)
	must(t, err)
	for _, e := range list {
		var told struct{ Type, ID string }
		must(t, json.Unmarshal(e.Body, &told))
		heard[told.ID] = told.Type
		must(t, n.journal.Commit(t.Context(), dispatch.Change{Delivery: &dispatch.Delivery{Notice: e, Result: dispatch.ResultDelivered, Final: true, At: time.Now()}}))
	}
}

// of counts the events of a type.
func of(heard map[string]string, kind string) (n int) {
	for _, k := range heard {
		if k == kind {
			n++
		}
	}
	return n
}

// A call has ended while the record was away, and the receiver was told. A
// process that is killed then and starts while the record still lacks the end
// does not take the call for one that was cut.
func TestEndInTheFileIsKnownAfterAKill(t *testing.T) {
	t.Parallel()
	for _, result := range []dispatch.CallResult{dispatch.CallAbandoned, dispatch.CallServed, dispatch.CallBroken} {
		t.Run(string(result), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				in, cfg, heard := newFaulty(), config(t), map[string]string{}
				n := newNode(t, cfg, in)
				o, err := n.OpenCall(t.Context(), dispatch.Signal{
					Channel: dispatch.ChannelCall, Key: "x", At: time.Now(), Call: &dispatch.CallSignal{DID: "+78123330000", Caller: "+78121112233"},
				})
				must(t, err)
				in.set(before)
				time.Sleep(time.Second)
				must(t, n.RecordOutcome(t.Context(), dispatch.Outcome{Ref: o.Ref, Call: "x", Result: result, At: time.Now()}))
				n.hear(t, heard)
				if of(heard, "call.outcome") != 1 {
					t.Fatalf("told %v", heard)
				}
				for range 3 {
					n.kill()
					time.Sleep(time.Second)
					n = newNode(t, cfg, in)
					n.hear(t, heard)
					if log, err := n.journal.Events(t.Context(), o.ID); err != nil || ended(log) != 1 {
						t.Errorf("the log has %d ends, %v", ended(log), err)
					}
				}
				in.set(none)
				settled(t, n.journal)
				n.hear(t, heard)
				if of(heard, "call.outcome") != 1 || of(heard, "ticket.opened") != 1 {
					t.Errorf("told %v", heard)
				}
				if rec, err := in.Call(t.Context(), "x"); err != nil || rec.Result != result {
					t.Errorf("the call %+v, %v", rec, err)
				}
				if log, err := in.Events(t.Context(), o.ID); err != nil || ended(log) != 1 {
					t.Errorf("the log has %d ends, %v", ended(log), err)
				}
			})
		})
	}
}

func ended(log []ticket.Event) (n int) {
	for _, e := range log {
		if e.Body.Kind() == ticket.KindCallEnded {
			n++
		}
	}
	return n
}

// What is not on the journal's own disk yet is told to no receiver of events: a
// power cut or a kill could undo it. A page is handed out all the same.
func TestNoEventBeforeItIsWritten(t *testing.T) {
	t.Parallel()
	disk := newPlatter(t, 1<<16)
	s, err := open(config(t), Deps{Overlay: func() Overlay { return store.NewMemory() }}, disk)
	must(t, err)
	disk.set(errDown)
	c := opening(1)
	c.Notices = []dispatch.Notice{{ID: "e1", Kind: dispatch.NoticeEvent, DueAt: t0}, page("p1")}
	want(t, s.Commit(t.Context(), c), errDown)
	claim := func(kind dispatch.NoticeKind, after time.Duration) ([]dispatch.Notice, error) {
		return s.ClaimNotices(context.Background(), kind, t0.Add(after), time.Minute, 10)
	}
	if list, err := claim(dispatch.NoticeEvent, 0); err == nil || len(list) > 0 {
		t.Errorf("events %v, %v", list, err)
	}
	if list, err := claim(dispatch.NoticePage, 0); err != nil || len(list) != 1 {
		t.Errorf("pages %v, %v", list, err)
	}
	disk.set(nil)
	if list, err := claim(dispatch.NoticeEvent, 2*time.Second); err != nil || len(list) != 1 || list[0].Attempt != 1 {
		t.Errorf("events %v, %v", list, err)
	}
}
