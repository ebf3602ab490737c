package hotline

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall/rotation"
	"github.com/butlerspb/vahta/sip/phone"
)

// TestClaimsLiveAsLongAsTheCall: a talk outlasts a claim's life many times over; nobody else may ring the engineer meanwhile.
func TestClaimsLiveAsLongAsTheCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		turns := rotation.NewMemory(time.Now)
		h := &Hotline{cfg: Default(), rotation: turns, held: newHeld(), disk: &disk{}, log: slog.New(slog.DiscardHandler), stopping: make(chan struct{})}
		c, ok, err := turns.Claim(t.Context(), rotation.ClaimRequest{Call: "talk", Attempt: "1", Candidates: []string{"ivan"}})
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		h.held.add(c, true)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- h.Run(ctx) }()
		<-time.After(10 * rotation.DefaultTTL)
		if !turns.Valid(t.Context(), c) {
			t.Error("the claim of a call in progress ran out")
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// TestRenewExtendsFirst: what the arbiter has is extended, and the rotation's claims live on, before anything is waited for
// that it was never told; when it does not answer, no other claim waits for it in vain.
func TestRenewExtendsFirst(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fail func(verb string) error
		want []string
	}{
		"it answers": {func(string) error { return nil }, []string{"extend", "renew", "renew", "renew", "assign", "assign"}},
		"it breaks": {func(verb string) error {
			if verb == "extend" {
				panic("poison")
			}
			return nil
		}, []string{"extend", "renew", "renew", "renew", "assign", "assign"}},
		"it does not answer": {func(string) error { return errors.New("locked") }, []string{"extend", "renew", "renew", "renew", "assign"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var did []string
			arbiter := newCourt()
			arbiter.fail = func(verb string) error { did = append(did, verb); return c.fail(verb) }
			turns := rotation.NewMemory(nil)
			h := &Hotline{
				cfg: Default(), rotation: renewals{turns, &did}, arbiter: arbiter, held: newHeld(), now: time.Now,
				log: slog.New(slog.DiscardHandler),
			}
			for i, person := range []string{"late", "early", "later"} {
				claim, ok, err := turns.Claim(t.Context(), rotation.ClaimRequest{Call: person, Attempt: "1", Candidates: []string{person}})
				if err != nil || !ok {
					t.Fatal(ok, err)
				}
				h.held.add(claim, i == 1)
			}
			h.renew(t.Context())
			if !slices.Equal(did, c.want) {
				t.Errorf("did %q, want %q", did, c.want)
			}
		})
	}
}

// renewals notes when a claim is renewed.
type renewals struct {
	rotation.Rotation

	did *[]string
}

func (r renewals) Renew(ctx context.Context, c rotation.Claim) error {
	*r.did = append(*r.did, "renew")
	return r.Rotation.Renew(ctx, c)
}

// TestStrangersAreNotCalledBack: a number on no card, under no allowed prefix, is never dialled, whatever key is pressed.
func TestStrangersAreNotCalledBack(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{people: []string{"ivan"}})
	r.must(r.client.Answer(phone.Answering(0, phone.Talk{})))
	r.answers("ivan", phone.Answer{Talk: phone.Talk{Keys: []phone.Key{{Digits: "1", After: 3 * time.Second}}}})
	caller := r.dial(phone.Options{From: "+79990001122", CancelAfter: 800 * time.Millisecond})
	r.wait(caller, phone.Ended)
	if o := r.outcomes(1)[0]; o.Result != dispatch.CallAbandoned {
		t.Errorf("outcome %s", o.Result)
	}
	if slices.ContainsFunc(r.client.Sessions(), (*phone.Session).Incoming) {
		t.Error("a stranger was called back")
	}
	r.free("ivan")
}
