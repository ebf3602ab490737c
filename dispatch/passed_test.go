package dispatch_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/sla"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// asked is a ticket that Olga has opened by mail and that anna has taken.
func (b *bureau) asked() dispatch.Ref {
	b.t.Helper()
	ref, err := b.Open(b.t.Context(), dispatch.Author{Person: "vera", Channel: dispatch.ChannelPortal}, dispatch.NewTicket{
		Org: "romashka", From: ticket.Contact{Channel: "email", Address: "olga@romashka.example", Name: "Ольга"}, Text: "почта стоит",
	})
	must(b.t, err)
	must(b.t, b.Acknowledge(b.t.Context(), ref, "anna", "cli", time.Now()))
	return ref
}

// What was under way when a ticket was merged counts where its requester waits
// now, and what turns out to be no contact is none there either.
func TestContactThatLandsAfterTheMerge(t *testing.T) {
	t.Parallel()
	reply := func(t *testing.T, b *bureau, ref dispatch.Ref) {
		t.Helper()
		_, err := b.Tell(t.Context(), ref, anna(), dispatch.Word{Purpose: ticket.ForReply, Text: "Вижу."})
		must(t, err)
		synctest.Wait()
	}
	bounce := func(t *testing.T, b *bureau, ref dispatch.Ref) {
		t.Helper()
		must(t, b.Bounced(t.Context(), ref, "<1@mx>", true, "550"))
	}
	for name, c := range map[string]struct {
		held          bool // what is written before the merge is delivered after it
		before, after func(*testing.T, *bureau, dispatch.Ref)
		want          sla.Verdict
		elapsed       time.Duration
	}{
		"nothing":                             {false, nil, nil, sla.Running, 10 * time.Minute},
		"a reply that is delivered only then": {true, reply, nil, sla.Met, 10 * time.Second},
		"a reply that bounces":                {true, reply, bounce, sla.Running, 10 * time.Minute},
		"a reply from before the merge that bounces after it": {false, reply, bounce, sla.Running, 10 * time.Minute},
		"a call back that is written down on the merged one": {
			false, nil,
			func(t *testing.T, b *bureau, ref dispatch.Ref) {
				t.Helper()
				must(t, b.Amend(t.Context(), ref, anna(), ticket.Contacted{Channel: "call", With: "Ольга", Talk: time.Minute}))
			},
			sla.Met, 10 * time.Second,
		},
		"a call that rang": {
			false, nil, func(t *testing.T, b *bureau, ref dispatch.Ref) { t.Helper(); b.talk(ref, 40*time.Second) }, sla.Met, 10 * time.Second,
		},
		"a call of two seconds": {
			false, nil, func(t *testing.T, b *bureau, ref dispatch.Ref) { t.Helper(); b.talk(ref, 2*time.Second) }, sla.Running, 10 * time.Minute,
		},
	} {
		for _, twice := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, merged twice %v", name, twice), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					b := newBureau(t, store.NewMemory(), nil)
					target, report := b.served("a", "89211234567"), 2
					source, opened := b.asked(), time.Since(b.start)
					release := func() {}
					if c.held {
						release = b.mail.hold()
					}
					if c.before != nil {
						c.before(t, b, source)
					}
					must(t, b.Merge(t.Context(), source, target, anna(), ""))
					if twice {
						last, err := b.Open(t.Context(), anna(), dispatch.NewTicket{Org: "romashka", Text: "авария"})
						must(t, err)
						must(t, b.Merge(t.Context(), target, last, anna(), ""))
						target, report = last, 3
					}
					b.until(opened + 10*time.Second)
					release()
					synctest.Wait()
					if c.after != nil {
						c.after(t, b, source)
					}
					b.until(opened + 10*time.Minute)
					if k1 := b.clock(target, sla.FirstContactClock, report); k1.Verdict != c.want || k1.Elapsed != c.elapsed {
						t.Errorf("first contact %v after %v, want %v after %v", k1.Verdict, k1.Elapsed, c.want, c.elapsed)
					}
				})
			})
		}
	}
}

// talk is a conversation of a call that belongs to a ticket.
func (b *bureau) talk(ref dispatch.Ref, long time.Duration) {
	b.t.Helper()
	at := time.Now()
	must(b.t, b.RecordAccepted(b.t.Context(), dispatch.Accepted{Ref: ref, Call: "c", Person: "anna", At: at}))
	wait(long)
	must(b.t, b.RecordOutcome(b.t.Context(), dispatch.Outcome{
		Ref: ref, Call: "c", Result: dispatch.CallServed, At: time.Now(), Detail: dispatch.CallDetail{AcceptedBy: "anna", AcceptedAt: at, Talk: long},
	}))
}
