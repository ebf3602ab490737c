package store

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// mail is a received signal that no call brought.
func mail(n int) dispatch.Signal {
	return dispatch.Signal{
		Channel: dispatch.ChannelAPI, Key: fmt.Sprintf("m%03d", n), At: t0.Add(time.Duration(n) * time.Second), Raw: fmt.Appendf(nil, `{"n":%d}`, n),
	}
}

// became is the change that makes the signal the nth ticket.
func became(sig dispatch.Signal, n int) dispatch.Change {
	c := opening(n)
	c.Signal, c.Calls, c.Timers = &sig, nil, nil
	return c
}

func keys(list []dispatch.SignalRecord) (all []string) {
	for _, r := range list {
		all = append(all, r.Key)
	}
	return all
}

// A received signal is handed out when the one who received it has not taken it
// in, again when the lease of a worker has lapsed, and never when it has a ticket.
func suiteSignalsDue(t *testing.T, s record) {
	t.Helper()
	ctx := t.Context()
	due := func() time.Time {
		at, err := s.NextSignal(ctx)
		must(t, err)
		return at
	}
	claim := func(after time.Duration, limit int) []dispatch.SignalRecord {
		list, err := s.ClaimSignals(ctx, t0.Add(after), time.Minute, limit)
		must(t, err)
		return list
	}
	if !due().IsZero() {
		t.Fatalf("nothing was received, and something is due at %v", due())
	}
	for n := range 3 {
		must(t, s.Commit(ctx, dispatch.Change{Signal: new(mail(n))}))
	}
	if want := t0.Add(dispatch.SignalGrace); !due().Equal(want) {
		t.Errorf("next signal at %v, want %v", due(), want)
	}
	if got := claim(dispatch.SignalGrace-1, 10); len(got) > 0 {
		t.Errorf("claimed %v within the grace", keys(got))
	}
	got := claim(time.Minute, 2)
	if diff := cmp.Diff([]string{"m000", "m001"}, keys(got)); diff != "" {
		t.Fatal(diff)
	}
	if r := got[0]; r.Tries != 1 || string(r.Raw) != `{"n":0}` || !r.At.Equal(t0) || !r.DueAt.Equal(t0.Add(2*time.Minute)) {
		t.Errorf("claimed %+v", r)
	}
	if diff := cmp.Diff([]string{"m002"}, keys(claim(time.Minute, 10))); diff != "" {
		t.Error(diff)
	}
	must(t, s.Commit(ctx, became(mail(0), 7)))
	must(t, s.SettleSignal(ctx, got[1].ID(), dispatch.Settling{RetryAt: t0.Add(time.Hour), Fault: "no decoder"}))
	if diff := cmp.Diff([]string{"m002"}, keys(claim(2*time.Minute, 10))); diff != "" {
		t.Errorf("after the lease: %s", diff)
	}
	must(t, s.SettleSignal(ctx, mail(2).ID(), dispatch.Settling{Settled: "nothing to do"}))
	if want := t0.Add(time.Hour); !due().Equal(want) {
		t.Errorf("next signal at %v, want %v", due(), want)
	}
	if got := claim(time.Hour, 10); len(got) != 1 || got[0].Key != "m001" || got[0].Tries != 2 || got[0].Fault != "no decoder" {
		t.Errorf("claimed %+v", got)
	}
	must(t, s.SettleSignal(ctx, mail(0).ID(), dispatch.Settling{RetryAt: t0, Fault: "late word of a slow worker"}))
	must(t, s.Commit(ctx, became(mail(1), 8)))
	if !due().IsZero() {
		t.Errorf("all are settled, and something is due at %v", due())
	}
}

// Signals are listed newest first, by channel, key, ticket and state.
func suiteSignalsListed(t *testing.T, s record) {
	t.Helper()
	ctx := t.Context()
	for n := range 5 {
		must(t, s.Commit(ctx, dispatch.Change{Signal: new(mail(n))}))
	}
	must(t, s.Commit(ctx, opening(1)))
	must(t, s.Commit(ctx, became(mail(1), 2)))
	must(t, s.SettleSignal(ctx, mail(2).ID(), dispatch.Settling{Settled: "over"}))
	must(t, s.SettleSignal(ctx, mail(3).ID(), dispatch.Settling{RetryAt: t0, Fault: "broken"}))
	for name, c := range map[string]struct {
		filter dispatch.SignalFilter
		want   []string
	}{
		"all":       {dispatch.SignalFilter{}, []string{"m004", "m003", "m002", "m001", "m000", "call-1"}},
		"two":       {dispatch.SignalFilter{Limit: 2}, []string{"m004", "m003"}},
		"of calls":  {dispatch.SignalFilter{Channel: dispatch.ChannelCall}, []string{"call-1"}},
		"one":       {dispatch.SignalFilter{Channel: dispatch.ChannelAPI, Key: "m003"}, []string{"m003"}},
		"of ticket": {dispatch.SignalFilter{Ticket: "t2"}, []string{"m001"}},
		"older":     {dispatch.SignalFilter{Before: t0.Add(time.Second), Channel: dispatch.ChannelAPI}, []string{"m000"}},
		"waiting":   {dispatch.SignalFilter{State: dispatch.SignalWaiting}, []string{"m004", "m000"}},
		"taken":     {dispatch.SignalFilter{State: dispatch.SignalTaken}, []string{"m001", "call-1"}},
		"settled":   {dispatch.SignalFilter{State: dispatch.SignalSettled}, []string{"m002"}},
		"failing":   {dispatch.SignalFilter{State: dispatch.SignalFailing}, []string{"m003"}},
		"no such":   {dispatch.SignalFilter{State: "lost"}, nil},
		"no ticket": {dispatch.SignalFilter{Ticket: "none"}, nil},
	} {
		list, err := s.ListSignals(ctx, c.filter)
		must(t, err)
		if diff := cmp.Diff(c.want, keys(list)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		for _, r := range list {
			if r.Raw != nil || r.Size == 0 {
				t.Errorf("%s: %s has %d bytes and says %d", name, r.Key, len(r.Raw), r.Size)
			}
			if c.filter.State != "" && r.State() != c.filter.State {
				t.Errorf("%s: %s is %s", name, r.Key, r.State())
			}
		}
	}
	list, err := s.ListSignals(ctx, dispatch.SignalFilter{Key: "m004", Raw: true})
	must(t, err)
	if len(list) != 1 || string(list[0].Raw) != `{"n":4}` {
		t.Errorf("with bytes: %+v", list)
	}
	if list, err = s.ListSignals(ctx, dispatch.SignalFilter{Ticket: "t1"}); err != nil || len(list) != 1 || list[0].Call == nil {
		t.Errorf("a call's signal: %+v, %v", list, err)
	}
}

// The last ticket of a party is found, closed or not.
func suiteLastTicket(t *testing.T, s record) {
	t.Helper()
	ctx := t.Context()
	party := ""
	for n := 1; n <= 3; n++ {
		c := opening(n)
		o, _ := c.Events[0].Body.(ticket.Opened)
		o.Party, party = "alarm:zabbix/1", "alarm:zabbix/1"
		c.Events[0].At, c.Events[0].Body = t0.Add(time.Duration(n)*time.Hour), o
		tk, err := ticket.Ticket{}.Apply(c.Events[0])
		must(t, err)
		c.Ticket = &tk
		must(t, s.Commit(ctx, c))
		closed, err := tk.Apply(ticket.Event{Ticket: tk.ID, At: t0.Add(time.Duration(n)*time.Hour + 1), By: "anna", Body: ticket.Moved{To: ticket.Closed}})
		must(t, err)
		must(t, s.Commit(ctx, dispatch.Change{Ticket: &closed, Was: tk.Version}))
	}
	last, err := s.LastTicket(ctx, party)
	must(t, err)
	if last.ID != "t3" {
		t.Errorf("last is %s, want t3", last.ID)
	}
	for _, none := range []string{"", "alarm:zabbix/2"} {
		_, err = s.LastTicket(ctx, none)
		want(t, err, dispatch.ErrNotFound)
	}
}

// Workers that ask at the same time get different signals.
func suiteSignalsClaimedOnce(t *testing.T, s record) {
	t.Helper()
	ctx := t.Context()
	const signals = 60
	for n := range signals {
		must(t, s.Commit(ctx, dispatch.Change{Signal: new(mail(n))}))
	}
	var mu sync.Mutex
	var faults []error
	had := map[string]int{}
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			for range signals / 10 {
				list, err := s.ClaimSignals(ctx, t0.Add(time.Hour), time.Minute, 10)
				mu.Lock()
				faults = append(faults, err)
				for _, r := range list {
					had[r.Key]++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	must(t, errors.Join(faults...))
	for key, n := range had {
		if n != 1 {
			t.Errorf("%s was handed out %d times", key, n)
		}
	}
	if len(had) != signals {
		t.Errorf("%d of %d were handed out", len(had), signals)
	}
}
