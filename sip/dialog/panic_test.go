package dialog

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/sip/wire"
)

// poisoned is a transaction whose answers of 200 break from some moment on.
type poisoned struct {
	*inTx
	broken atomic.Bool
}

func (p *poisoned) Respond(res *wire.Response) error {
	if p.broken.Load() && res.Status() == wire.StatusOK {
		panic("poisoned")
	}
	return p.inTx.Respond(res)
}

// A hundred calls that break whoever takes new calls are refused with 500 each and leave nothing in the stack.
func TestPanicOfWhoTakesCallsLeavesNothing(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		b.st.OnInvite(func(*Incoming) { panic("poisoned") })
		for range 100 {
			tx := b.request(wire.INVITE, "", "offer")
			func() {
				defer func() {
					if recover() == nil {
						t.Error("the edge does not hear of the panic")
					}
				}()
				b.st.request(tx)
			}()
			if len(tx.done) != 1 || tx.done[0] != 500 {
				t.Fatalf("answered %v", tx.done)
			}
			if n := b.left(); n != 0 {
				t.Fatalf("%d entries left in the stack", n)
			}
		}
	})
}

// A panic after the call was taken is the owner's: the stack does not refuse what the owner answers.
func TestPanicAfterAccept(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		b.st.OnInvite(func(in *Incoming) {
			b.d = in.Accept(b.loop, b.hear)
			panic("poisoned")
		})
		tx := b.request(wire.INVITE, "", "offer")
		func() {
			defer func() { _ = recover() }()
			b.st.request(tx)
		}()
		b.loop.do(func() { b.d.Reject(480, "") })
		synctest.Wait()
		if len(tx.done) != 1 || tx.done[0] != 480 {
			t.Errorf("answered %v", tx.done)
		}
	})
}

// A timer that breaks in a dialog whose call's goroutine has gone costs that dialog only.
func TestPanicInATimerWithoutOwner(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		p := &poisoned{}
		b.st.OnInvite(func(in *Incoming) { b.d = in.Accept(b.loop, b.hear) })
		p.inTx = b.request(wire.INVITE, "", "offer")
		b.st.request(p)
		b.loop.do(func() { b.d.Answer([]byte("answer")) })
		b.loop.end() // the owner leaves before the ACK: from here on timers do the work themselves
		p.broken.Store(true)
		pass(5 * time.Second) // the 200 is repeated
		if n := b.left(); n != 0 {
			t.Errorf("%d entries left in the stack", n)
		}
	})
}
