package dialog

import (
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// pair is two stacks that speak to each other without a network.
func pair(t *testing.T) (caller, callee *bench) {
	t.Helper()
	caller, callee = newBench(t), newBench(t)
	caller.net.peer, callee.net.peer = callee.st, caller.st
	callee.st.OnInvite(func(in *Incoming) { callee.d = in.Accept(callee.loop, callee.hear) })
	return caller, callee
}

const month = 30 * 24 * time.Hour

// TestRFC4028Month holds a call of 90 s sessions between two stacks for a month. It
// counts goroutines, so nothing may run beside it.
func TestRFC4028Month(t *testing.T) { //nolint:paralleltest // see above
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t)
		a.dialWith(func(o *Outgoing) { o.Timer = SessionTimer{Expires: 90 * time.Second} })
		synctest.Wait()
		b.loop.do(func() { b.d.Answer([]byte("answer")) })
		synctest.Wait()
		pass(10 * time.Minute)
		before := runtime.NumGoroutine()
		pass(month)
		if after := runtime.NumGoroutine(); after > before+2 {
			t.Errorf("%d goroutines, %d after ten minutes", after, before)
		}
		updates := 0
		for _, line := range a.net.take() {
			if strings.Contains(line, " UPDATE ") {
				updates++
			}
		}
		if n := int((month + 10*time.Minute) / (45 * time.Second)); updates < n-1 || updates > n {
			t.Errorf("%d refreshes, want %d", updates, n)
		}
		for _, e := range slices.Concat(a.evs, b.evs) {
			if e.Kind != Answered && e.Kind != Confirmed {
				t.Errorf("owner heard %v", e.Kind)
			}
		}
		a.loop.do(func() { a.d.Bye() })
		pass(2 * Default().AckTimeout)
		if a.left()+b.left() != 0 || a.evs[len(a.evs)-1].Kind != Ended || b.evs[len(b.evs)-1].Kind != Ended {
			t.Errorf("%d and %d entries left", a.left(), b.left())
		}
	})
}
