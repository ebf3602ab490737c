package app_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/sip/phone"
)

// abandon calls the line and hangs up while the first engineer's phone rings. The phones then get the script for pages.
func (l *line) abandon(engineers []*phone.Phone, pages ...phone.Answer) {
	l.Helper()
	s := l.dial("udp", phone.Options{})
	wait(l.TB, incoming(l.TB, engineers[0], 1), phone.Rang)
	for i, a := range pages {
		if err := engineers[i].Answer(a); err != nil {
			l.Fatal(err)
		}
	}
	s.Hangup()
	wait(l.TB, s, phone.Ended)
}

// acknowledged waits until the ticket is in a person's hands, and returns the record.
func (l *line) acknowledged() record {
	l.Helper()
	l.event(ticket.KindAcknowledged, 1)
	l.noLegLeft()
	var r record
	defer func() {
		if l.Failed() {
			l.story()
		}
	}()
	until(l.TB, "the acknowledged page is on record", func() bool { // it is written when its call has ended
		r = l.read()
		return slices.ContainsFunc(r.attempts(true), func(a string) bool { return strings.HasSuffix(a, " acknowledged") })
	})
	return r
}

// TestPaging: the alarm does not die with the call. Whoever is paged, the ticket is in somebody's hands only when a key 1
// was pressed.
func TestPaging(t *testing.T) { //nolint:tparallel // a group in between waits for them, so that what is left can be counted
	t.Parallel()
	r := newRig(t)
	mailbox := phone.Answering(20*time.Millisecond, phone.Talk{Tone: 300})
	ack := phone.Accepting(20*time.Millisecond, "1", 300*time.Millisecond)
	t.Run("pages", func(t *testing.T) {
		for name, c := range map[string]struct {
			pages []phone.Answer
			want  []string
		}{
			"key 1":                                   {[]phone.Answer{ack}, []string{"1 acknowledged"}},
			"key 2 goes on to the next":               {[]phone.Answer{phone.Accepting(0, "2", 300*time.Millisecond), ack}, []string{"1 escalated", "2 acknowledged"}},
			"a mailbox is no acknowledgement":         {[]phone.Answer{mailbox, ack}, []string{"1 no_key", "2 acknowledged"}},
			"busy, declined and silent go on at once": {[]phone.Answer{phone.Refusing(486), phone.Refusing(603), phone.Off(), ack}, []string{"1 busy", "2 declined", "3 silent", "4 acknowledged"}},
			"key by INFO": {
				[]phone.Answer{{Talk: phone.Talk{Keys: []phone.Key{{Digits: "1", By: phone.Info, After: 200 * time.Millisecond}}}}},
				[]string{"1 acknowledged"},
			},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				var engineers []*phone.Phone
				var uris []string
				for range c.pages {
					e := startPhone(t, "engineer", "udp", phone.Ringing())
					engineers, uris = append(engineers, e), append(uris, e.URI())
				}
				l := r.line(t, nil, uris...)
				l.abandon(engineers, c.pages...)
				rec := l.acknowledged()
				if got := rec.attempts(true); !slices.Equal(got, c.want) {
					t.Errorf("pages %q, want %q", got, c.want)
				}
				if rec.call.Result != dispatch.CallAbandoned {
					t.Errorf("the call's result is %s", rec.call.Result)
				}
				if who := l.people[len(l.people)-1]; rec.ticket.Assignee != who {
					t.Errorf("the ticket is with %q, want %q", rec.ticket.Assignee, who)
				}
				for _, e := range engineers {
					for _, s := range e.Sessions() {
						wait(t, s, phone.Ended)
					}
				}
			})
		}
	})
	r.empty()
}

// TestPagingAfterExhaustion: nobody accepts, the caller is told so; then the pages begin, to a mobile through the
// operator, too.
func TestPagingAfterExhaustion(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.must(r.client.Answer(phone.Refusing(486)))
	l := r.lineOf(t, nil, oncall.Device{Kind: oncall.Mobile, Number: "+79035550001"})
	s := l.dial("udp", phone.Options{})
	wait(t, incoming(t, r.client, 1), phone.Ended)
	wait(t, s, phone.Answered)
	r.must(r.client.Answer(phone.Accepting(20*time.Millisecond, "1", 200*time.Millisecond)))
	if e := wait(t, s, phone.Ended); e.At < 2*time.Second {
		t.Errorf("the call ended after %s: the caller was not told", e.At)
	}
	rec := l.acknowledged()
	if rec.call.Result != dispatch.CallExhausted || rec.ticket.PageReason != "exhausted" {
		t.Errorf("result %s, page reason %q", rec.call.Result, rec.ticket.PageReason)
	}
	if got := rec.attempts(true); !slices.Equal(got, []string{"1 acknowledged"}) {
		t.Errorf("pages %q", got)
	}
	if from := incoming(t, r.client, 2).Request().From(); from.URI.User != "+74957770000" {
		t.Errorf("the operator was shown the caller %q, want our own number", from.URI.User)
	}
	r.empty()
}

// TestSecondCallJoins: a caller whose ticket is open joins it: two calls, one ticket, and paging rests while the second
// call hunts.
func TestSecondCallJoins(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	engineer := startPhone(t, "engineer", "udp", phone.Ringing())
	l := r.line(t, nil, engineer.URI())
	l.abandon([]*phone.Phone{engineer}, phone.Refusing(486))
	l.event(ticket.KindAttempted, 2) // a page in vain
	r.must(engineer.Answer(accepting()))
	s := l.dial("udp", phone.Options{Talk: phone.Talk{Tone: 440}})
	if err := s.WaitHeard(within(t), 700, 500*time.Millisecond); err != nil {
		t.Fatalf("the second call is not served: %v", err)
	}
	s.Hangup()
	wait(t, s, phone.Ended)
	l.event(ticket.KindCallEnded, 2)
	l.noLegLeft()
	tickets := l.tickets()
	if len(tickets) != 1 {
		t.Fatalf("%d tickets, want one", len(tickets))
	}
	d := r.app.Dispatcher()
	calls, err := d.ListCalls(t.Context(), dispatch.CallFilter{Ticket: tickets[0].ID})
	r.must(err)
	var results []dispatch.CallResult
	for _, c := range calls {
		results = append(results, c.Result)
	}
	if !slices.Equal(results, []dispatch.CallResult{dispatch.CallServed, dispatch.CallAbandoned}) {
		t.Errorf("calls of the ticket, newest first: %q", results)
	}
	if tickets[0].Assignee != l.people[0] {
		t.Errorf("the ticket is with %q", tickets[0].Assignee)
	}
	l.close(tickets[0])
	third := l.dial("udp", phone.Options{Talk: phone.Talk{For: time.Second}}) // the ticket is closed: a new one
	wait(t, third, phone.Ended)
	l.event(ticket.KindCallEnded, 3)
	if n := len(l.tickets()); n != 2 {
		t.Errorf("%d tickets after a call on a closed one, want 2", n)
	}
	r.empty()
}

// TestRestart: the server stops in the middle of one call that talks and one that rings. On the same data folder the
// tickets are there, the calls are marked broken, and a phone is paged for the one that nobody had accepted.
func TestRestart(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *config.Config) { c.Drain = 50 * time.Millisecond })
	talker := startPhone(t, "talker", "udp", accepting())
	ringer := startPhone(t, "ringer", "udp", phone.Ringing())
	talks, rings := r.line(t, nil, talker.URI()), r.line(t, nil, ringer.URI())
	one := talks.dial("udp", phone.Options{Talk: phone.Talk{Tone: 440}})
	two := rings.dial("udp", phone.Options{})
	if err := one.WaitHeard(within(t), 700, 500*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	wait(t, two, phone.Rang)
	talks.event(ticket.KindAccepted, 1)
	wait(t, incoming(t, ringer, 1), phone.Rang)
	r.must(r.stop())
	wait(t, one, phone.Ended)
	wait(t, two, phone.Ended)
	wait(t, incoming(t, ringer, 1), phone.Ended)

	r.must(ringer.Answer(phone.Accepting(20*time.Millisecond, "1", 200*time.Millisecond)))
	again := startRig(t, r.cfg, r.client)
	talks.rig, rings.rig = again, again
	rec := rings.acknowledged()
	if rec.call.Result != dispatch.CallBroken && rec.call.Result != dispatch.CallAbandoned && rec.call.Result != dispatch.CallFailed {
		t.Errorf("the call that rang is %q", rec.call.Result)
	}
	t.Logf("the call that rang is on record as %s", rec.call.Result)
	if got := rec.attempts(true); got[len(got)-1] != "1 acknowledged" { // one may have begun and been cut short by the stop
		t.Errorf("pages %q", got)
	}
	served := talks.read()
	t.Logf("the call that talked is on record as %s", served.call.Result)
	if served.call.AcceptedBy != talks.people[0] || served.call.EndedAt.IsZero() || served.ticket.Assignee != talks.people[0] {
		t.Errorf("the call that talked: %+v", served.call)
	}
	again.empty()
}

// TestKilled: the process dies in the middle of a call that rings, as after kill -9: what is on the disk at that moment is
// all the next one has. The ticket is there, the call is marked broken, and the phone is paged.
func TestKilled(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	talker := startPhone(t, "talker", "udp", accepting())
	ringer := startPhone(t, "ringer", "udp", phone.Ringing())
	talks, rings := r.line(t, nil, talker.URI()), r.line(t, nil, ringer.URI())
	one, two := talks.dial("udp", phone.Options{Talk: phone.Talk{Tone: 440}}), rings.dial("udp", phone.Options{})
	if err := one.WaitHeard(within(t), 700, 500*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	talks.event(ticket.KindAccepted, 1)
	rings.event(ticket.KindOpened, 1)
	wait(t, incoming(t, ringer, 1), phone.Rang)
	cfg := r.cfg
	cfg.Data = t.TempDir()
	cfg.Hotline.Recordings = filepath.Join(cfg.Data, "recordings")
	for _, suffix := range []string{"", "-wal"} { // the log of the database before the file it belongs to would be newer
		data, err := os.ReadFile(filepath.Join(r.cfg.Data, config.Database+suffix))
		r.must(err)
		r.must(os.WriteFile(filepath.Join(cfg.Data, config.Database+suffix), data, 0o600))
	}
	for _, s := range []*phone.Session{one, two} {
		s.Hangup()
		wait(t, s, phone.Ended)
	}
	wait(t, incoming(t, ringer, 1), phone.Ended)
	r.must(r.stop())

	r.must(ringer.Answer(phone.Accepting(20*time.Millisecond, "1", 200*time.Millisecond)))
	again := startRig(t, cfg, r.client)
	talks.rig, rings.rig = again, again
	rec := rings.acknowledged()
	if rec.call.Result != dispatch.CallBroken {
		t.Errorf("the call that rang is on record as %q, want broken", rec.call.Result)
	}
	served := talks.read()
	if served.call.Result != dispatch.CallBroken || served.call.AcceptedBy != talks.people[0] || served.ticket.Assignee != talks.people[0] {
		t.Errorf("the call that talked is on record as %q, accepted by %q, ticket with %q", served.call.Result, served.call.AcceptedBy, served.ticket.Assignee)
	}
	again.empty()
}
