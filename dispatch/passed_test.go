package dispatch_test

import (
	"errors"
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
	later := errors.New("try later")
	for name, c := range map[string]struct {
		before, after func(*testing.T, *bureau, dispatch.Ref)
		want          sla.Verdict
		elapsed       time.Duration
	}{
		"nothing": {want: sla.Running, elapsed: 10 * time.Minute},
		"a reply that is delivered only then": {
			func(t *testing.T, b *bureau, ref dispatch.Ref) {
				t.Helper()
				b.mail.fail(later)
				_, err := b.Tell(t.Context(), ref, anna(), dispatch.Word{Purpose: ticket.ForReply, Text: "Вижу."})
				must(t, err)
			},
			func(_ *testing.T, b *bureau, _ dispatch.Ref) { b.mail.fail(nil) },
			sla.Met, 0,
		},
		"a reply that bounces": {
			func(t *testing.T, b *bureau, ref dispatch.Ref) {
				t.Helper()
				b.mail.fail(later)
				_, err := b.Tell(t.Context(), ref, anna(), dispatch.Word{Purpose: ticket.ForReply, Text: "Вижу."})
				must(t, err)
			},
			func(t *testing.T, b *bureau, ref dispatch.Ref) {
				t.Helper()
				b.mail.fail(nil)
				b.until(8 * time.Minute)
				must(t, b.Bounced(t.Context(), ref, "<1@mx>", true, "550"))
			},
			sla.Running, 10 * time.Minute,
		},
		"a reply from before the merge that bounces after it": {
			func(t *testing.T, b *bureau, ref dispatch.Ref) {
				t.Helper()
				_, err := b.Tell(t.Context(), ref, anna(), dispatch.Word{Purpose: ticket.ForReply, Text: "Вижу."})
				must(t, err)
			},
			func(t *testing.T, b *bureau, ref dispatch.Ref) {
				t.Helper()
				must(t, b.Bounced(t.Context(), ref, "<1@mx>", true, "550"))
			},
			sla.Running, 10 * time.Minute,
		},
		"a call back that is written down on the merged one": {
			nil,
			func(t *testing.T, b *bureau, ref dispatch.Ref) {
				t.Helper()
				must(t, b.Amend(t.Context(), ref, anna(), ticket.Contacted{Channel: "call", With: "Ольга", Talk: time.Minute}))
			},
			sla.Met, 3 * time.Minute,
		},
		"a call that rang": {
			nil,
			func(t *testing.T, b *bureau, ref dispatch.Ref) { t.Helper(); b.talk(ref, 40*time.Second) },
			sla.Met, 3 * time.Minute,
		},
		"a call of two seconds": {
			nil,
			func(t *testing.T, b *bureau, ref dispatch.Ref) { t.Helper(); b.talk(ref, 2*time.Second) },
			sla.Running, 10 * time.Minute,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, twice := range []bool{false, true} {
				synctest.Test(t, func(t *testing.T) {
					b := newBureau(t, store.NewMemory(), nil)
					source := b.asked()
					if c.before != nil {
						c.before(t, b, source)
					}
					b.until(time.Minute)
					target := b.served("a", "89211234567")
					must(t, b.Merge(t.Context(), source, target, anna(), ""))
					report := 2
					if twice { // and the whole into a third one
						last, err := b.Open(t.Context(), anna(), dispatch.NewTicket{Org: "romashka", Text: "авария"})
						must(t, err)
						must(t, b.Merge(t.Context(), target, last, anna(), ""))
						target, report = last, 3
					}
					b.until(3 * time.Minute)
					if c.after != nil {
						c.after(t, b, source)
					}
					b.until(10 * time.Minute)
					k1 := b.clock(target, sla.FirstContactClock, report)
					if k1.Verdict != c.want || c.elapsed > 0 && k1.Elapsed != c.elapsed {
						t.Errorf("merged twice: %v: first contact %v after %v, want %v after %v", twice, k1.Verdict, k1.Elapsed, c.want, c.elapsed)
					}
				})
			}
		})
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
