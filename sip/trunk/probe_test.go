package trunk

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

// Every target is looked at: the operator lives while one of them answers, a dead one is tried last and first again when
// it is back. A dead operator is down within 30 s whenever it dies, and up after two answers.
func TestOPTIONSEachTarget(t *testing.T) {
	t.Parallel()
	x := newExchange()
	first, second := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	plain := func(o *Operator) { o.Register = Register{} }
	registering(t, x, plain, func(trunks *Trunks, one *Trunk) {
		every := trunks.cfg.ProbeEvery
		settle := func(d time.Duration) {
			time.Sleep(d)
			synctest.Wait()
		}
		front := func() netip.Addr { return trunks.ways(one)[0].flow.Remote.Addr() }
		settle(3 * every)
		if one.State() != StateUp {
			t.Fatalf("it is %s", one.State())
		}
		lead := front()
		x.set(func() { x.dead[lead] = true })
		settle(2 * every)
		if one.State() != StateUp || front() == lead {
			t.Errorf("with one of two targets dead it is %s, and %s goes first", one.State(), front())
		}
		if got := trunks.Status()[0]; got.Problem != "" {
			t.Errorf("problem %q", got.Problem)
		}
		x.set(func() { x.dead[first], x.dead[second] = true, true })
		died := time.Now()
		for one.State() != StateDown {
			settle(every / 100)
			if time.Since(died) > 10*every {
				t.Fatal("a dead operator is never down")
			}
		}
		if got := time.Since(died); got > every*7/2+every/50 {
			t.Errorf("down after %s, rounds of %s", got, every)
		}
		x.set(func() { clear(x.dead) })
		back := time.Now()
		for one.State() != StateUp {
			settle(every / 100)
		}
		if got := time.Since(back); got < every || got > 2*every+every/50 {
			t.Errorf("up after %s, rounds of %s", got, every)
		}
		if one.standing() != standingUsable {
			t.Errorf("it stands at %d", one.standing())
		}
	})
	if d := Default().ProbeEvery * 7 / 2; d > 30*time.Second {
		t.Errorf("with the default a dead operator is down after %s", d)
	}
}

// An operator that comes back may have forgotten us: we register at once.
func TestREGISTERWhenTheOperatorComesBack(t *testing.T) {
	t.Parallel()
	x := newExchange()
	registering(t, x, func(o *Operator) { o.Register.Expires = time.Hour }, func(trunks *Trunks, one *Trunk) {
		x.set(func() { x.grant = time.Hour })
		trunks.Reregister()
		time.Sleep(10 * time.Second)
		for _, w := range trunks.ways(one) {
			x.set(func() { x.dead[w.flow.Remote.Addr()] = true })
		}
		time.Sleep(6 * trunks.cfg.ProbeEvery)
		if one.State() != StateDown {
			t.Fatalf("it is %s", one.State())
		}
		x.set(func() { clear(x.dead) })
		before, _ := x.counts()
		time.Sleep(2*trunks.cfg.ProbeEvery + time.Second)
		if after, _ := x.counts(); after == before {
			t.Error("nothing was registered")
		}
	})
}

// Trunks are used in the order: registered, not registered, down.
func TestREGISTERDecidesTheOrder(t *testing.T) {
	t.Parallel()
	x := newExchange()
	registering(t, x, nil, func(trunks *Trunks, one *Trunk) {
		if one.standing() != standingUsable {
			t.Errorf("registered it stands at %d", one.standing())
		}
		x.set(func() { x.status = 403 })
		trunks.Reregister()
		time.Sleep(6 * time.Minute)
		if one.standing() != standingUnregistered || turn(one, way{}) <= turn(&Trunk{}, way{resting: true}) {
			t.Errorf("refused it stands at %d", one.standing())
		}
		if got := trunks.Route("+79161234567"); len(got) != 2 {
			t.Errorf("a trunk that is not registered is the last resort, not none: %+v", got)
		}
	})
}

// An operator whose name never had an address is down after as many looks as one that is silent, also when it is not to
// be asked: an alarm on 0 must ring.
func TestOPTIONSNameWithoutAddress(t *testing.T) {
	t.Parallel()
	for _, quiet := range []bool{false, true} {
		change := func(o *Operator) { o.Host, o.NoOptions, o.Register = "no.such.example", quiet, Register{} }
		registering(t, newExchange(), change, func(trunks *Trunks, one *Trunk) {
			up := func() float64 { return figure(t, trunks.metrics.up.WithLabelValues("op")) }
			if one.State() != StateUnknown || up() != -1 {
				t.Errorf("after one look it is %s, %v", one.State(), up())
			}
			time.Sleep(missesToDown * trunks.cfg.ProbeEvery)
			synctest.Wait()
			if one.State() != StateDown || up() != 0 || trunks.Status()[0].Problem != noAddress {
				t.Errorf("no_options %v: it is %s, %v, %q", quiet, one.State(), up(), trunks.Status()[0].Problem)
			}
		})
	}
	quiet := func(o *Operator) { o.NoOptions, o.Register = true, Register{} }
	registering(t, newExchange(), quiet, func(trunks *Trunks, one *Trunk) {
		one.life.mu.Lock()
		one.life.pulse = pulse{state: StateDown, misses: missesToDown} // its name had no address until now
		one.life.mu.Unlock()
		time.Sleep(trunks.cfg.ProbeEvery)
		synctest.Wait()
		if h := trunks.Status()[0]; h.State != StateUnknown || h.Problem != "" {
			t.Errorf("with an address again it is %s, %q", h.State, h.Problem)
		}
	})
}
