package app_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/sip/phone"
	"github.com/butlerspb/vahta/sip/siptest"
)

// long asks for the full length of the drills: VAHTA_PROOF=1 go test ./cmd/internal/app, as `make proof` does.
func long() bool { return os.Getenv("VAHTA_PROOF") != "" }

// TestInviteAndCancelBackToBack sends INVITE and CANCEL in one breath, 2,000 times. Nobody's phone rings on: each INVITE
// that reached the engineer got its CANCEL, and the engine is empty afterwards.
func TestInviteAndCancelBackToBack(t *testing.T) {
	t.Parallel()
	const calls, atOnce = 2000, 20
	r := newRig(t, func(c *config.Config) {
		c.SIP.Rate, c.SIP.Burst, c.Calls.CallsPerSecond, c.Calls.MaxAge = 1<<20, 1<<20, 0, time.Minute // all come from one address
	})
	engineer := startPhone(t, "engineer", "udp", phone.Ringing())
	l := r.line(t, nil, engineer.URI())
	sdp := siptest.NewRTP(t).SDP()
	work := make(chan int, calls)
	for i := range calls {
		work <- i
	}
	close(work)
	var callers sync.WaitGroup
	for range atOnce {
		callers.Go(func() {
			ua := siptest.NewUA(t, siptest.UAConfig{User: l.caller, Peer: r.addr("udp")})
			for range work {
				call := ua.NewCall(l.uri("udp"))
				call.Invite(sdp)
				call.Cancel()
				final := ua.Expect(func(m *siptest.Message) bool {
					_, method := m.CSeq()
					return m.CallID() == call.CallID && m.Status >= 200 && method == "INVITE"
				})
				if call.Ack(final); final.Status != 487 {
					t.Errorf("answered %d", final.Status)
				}
			}
		})
	}
	callers.Wait()
	r.noGhosts(engineer)
	tickets := l.tickets()
	if len(tickets) != 1 {
		t.Errorf("%d tickets of one caller, want one that all calls joined", len(tickets))
	}
	for _, tk := range tickets { // also when the database was too slow for a while: the journal loses none
		until(t, "each call and its end is on record", func() bool {
			ends := 0
			events, err := r.app.Dispatcher().Events(t.Context(), dispatch.Ref{ID: tk.ID})
			for _, e := range events {
				if e.Body.Kind() == ticket.KindCallEnded {
					ends++
				}
			}
			return err == nil && ends == calls
		})
	}
	for _, tk := range tickets {
		l.close(tk)
	}
	r.noGhosts(engineer)
	r.empty()
	t.Logf("the engineer's phone was reached %d times", len(engineer.Sessions()))
}

// noGhosts waits until no phone rings and checks that each was told.
func (r *rig) noGhosts(phones ...*phone.Phone) {
	r.Helper()
	until(r, "no call is left", func() bool { return len(callsOfCallers(r)) == 0 })
	for _, p := range phones {
		for i, s := range p.Sessions() {
			select {
			case <-s.Done():
			case <-within(r).Done():
				r.Fatalf("call %d of the engineer's phone rings on:\n%s", i, s.Trace())
			}
		}
	}
}

// callsOfCallers are the calls that somebody placed; pages are not.
func callsOfCallers(r *rig) []string {
	var out []string
	for _, c := range r.app.Engine().Calls() {
		if did := c.Info().Inbound.DID; did != "" {
			out = append(out, did)
		}
	}
	return out
}

// TestMassOutage: callers at 10 per second who wait up to 30 s, five engineers who talk 2 s. Nobody is rung for two calls
// at once, each caller has a ticket, and whoever waited was served; for the others paging goes on. The full drill has 200
// callers, the short one 40.
func TestMassOutage(t *testing.T) {
	t.Parallel()
	callers, patient := 40, 30*time.Second
	if long() {
		callers = 200
	}
	r := newRig(t)
	engineers := make([]*phone.Phone, 5)
	var devices []oncall.Device
	for i := range engineers {
		a := phone.Accepting(50*time.Millisecond, "1", 100*time.Millisecond)
		a.Talk.For = 2 * time.Second
		engineers[i] = startPhone(t, fmt.Sprintf("engineer%d", i+1), "udp", a)
		devices = append(devices, oncall.Device{Kind: oncall.Softphone, URI: engineers[i].URI()})
	}
	l := r.lineOf(t, func(d *dispatch.Line) {
		var all []string
		for _, rung := range d.Ladder {
			all = append(all, rung.People...)
		}
		d.Ladder, d.AnswerAfter = []dispatch.LadderRung{{People: all}}, 2*time.Second
	}, devices...)
	sbc := startPhone(t, "sbc", "udp", phone.Answer{})
	var talking sync.Map // numbers of callers whom an engineer has accepted
	go func() {
		for from := 0; ; from++ {
			e, at, err := r.events.WaitFrom(t.Context(), from, func(e dispatch.FeedEvent) bool { return e.Kind == string(ticket.KindAccepted) })
			if err != nil {
				return
			}
			from = at
			if tk, err := r.app.Dispatcher().Ticket(t.Context(), e.Ref.ID); err == nil {
				talking.Store(string(tk.Caller), true)
			}
		}
	}()
	sessions := make([]*phone.Session, callers)
	var leaving sync.WaitGroup
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for i := range sessions {
		<-tick.C
		number := fmt.Sprintf("+7926%07d", i)
		sessions[i] = l.dialFrom(sbc, l.uri("udp"), phone.Options{From: number})
		leaving.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), patient)
			defer cancel()
			select {
			case <-sessions[i].Done():
			case <-ctx.Done():
				if _, ok := talking.Load(number); !ok {
					sessions[i].Hangup() // he has waited long enough
				}
			}
		})
	}
	leaving.Wait()
	for _, s := range sessions {
		wait(t, s, phone.Ended)
	}
	until(t, "no caller is left", func() bool { return len(callsOfCallers(r)) == 0 })
	r.checkOutage(t, l, callers)
	checkOneAtATime(t, engineers)
}

// checkOutage holds the record against what must be true of every caller.
func (r *rig) checkOutage(t *testing.T, l *line, callers int) {
	t.Helper()
	d := r.app.Dispatcher()
	results := map[dispatch.CallResult]int{}
	legs := map[string][]dispatch.Leg{}
	tickets := l.tickets()
	if len(tickets) != callers {
		t.Errorf("%d callers have %d tickets", callers, len(tickets))
	}
	var open []ticket.Ticket
	for _, tk := range tickets {
		ref := dispatch.Ref{ID: tk.ID}
		var calls []dispatch.CallRecord
		until(t, "the call is on record", func() bool {
			var err error
			calls, err = d.ListCalls(t.Context(), dispatch.CallFilter{Ticket: tk.ID})
			r.must(err)
			return len(calls) > 0 && !calls[0].EndedAt.IsZero()
		})
		if len(calls) != 1 {
			t.Errorf("ticket %s has %d calls", tk.Number, len(calls))
		}
		results[calls[0].Result]++
		call, err := d.Call(t.Context(), calls[0].ID)
		r.must(err)
		for _, leg := range call.Detail.Legs {
			legs[leg.Person] = append(legs[leg.Person], leg)
		}
		if calls[0].Result == dispatch.CallServed {
			continue
		}
		open = append(open, tk)
		events, err := d.Events(t.Context(), ref)
		r.must(err)
		if !slices.ContainsFunc(events, func(e ticket.Event) bool { return e.Body.Kind() == ticket.KindPageRaised }) && !takenBefore(events) {
			t.Errorf("nobody is paged for the caller of ticket %s, whose call is %s", tk.Number, calls[0].Result)
		}
	}
	t.Logf("%d callers: %v", callers, results)
	for _, person := range l.people {
		of := legs[person]
		slices.SortFunc(of, func(a, b dispatch.Leg) int { return a.StartedAt.Compare(b.StartedAt) })
		for i := 1; i < len(of); i++ {
			if of[i].StartedAt.Before(of[i-1].EndedAt) {
				t.Errorf("%s was rung %s before the leg before had ended", person, of[i-1].EndedAt.Sub(of[i].StartedAt))
			}
		}
	}
	if results[dispatch.CallServed] < callers/4 {
		t.Errorf("only %d callers were served", results[dispatch.CallServed])
	}
	for _, tk := range open {
		tk, err := d.Ticket(t.Context(), tk.ID)
		r.must(err)
		if !tk.Stage.Final() {
			l.close(tk)
		}
	}
}

// takenBefore reports whether an engineer had taken the ticket before its call ended: he has pressed the key when the
// caller had left. Nobody is paged then.
func takenBefore(events []ticket.Event) bool {
	kind := func(k ticket.Kind) func(ticket.Event) bool {
		return func(e ticket.Event) bool { return e.Body.Kind() == k }
	}
	taken := slices.IndexFunc(events, kind(ticket.KindAcknowledged))
	return taken >= 0 && taken < slices.IndexFunc(events, kind(ticket.KindCallEnded))
}

// checkOneAtATime reads the phones' own logs: the next call comes only when the one before is over. Both are times at the
// socket, or before the phone's own word left by it.
func checkOneAtATime(t *testing.T, phones []*phone.Phone) {
	t.Helper()
	for i, p := range phones {
		for _, s := range p.Sessions() {
			wait(t, s, phone.Ended)
		}
		sessions := p.Sessions()
		for j := 1; j < len(sessions); j++ {
			began := sessions[j].Request().ReceivedAt()
			if ended := freeFrom(sessions[j-1]); began.Before(ended) {
				t.Errorf("engineer %d was rung for call %d %s before call %d was over", i+1, j+1, ended.Sub(began), j)
			}
		}
		t.Logf("engineer %d had %d calls", i+1, len(sessions))
	}
}

// freeFrom is from when the phone could be rung again: the BYE or CANCEL had come, or it hung up itself.
func freeFrom(s *phone.Session) time.Time {
	var at time.Time
	for _, e := range s.Events() {
		if !e.Received.IsZero() {
			return e.Received
		}
		at = s.Request().ReceivedAt().Add(e.At)
		if e.Kind == phone.HungUp {
			return at
		}
	}
	return at
}
