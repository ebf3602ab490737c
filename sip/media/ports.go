package media

import (
	"slices"
	"time"
)

// portTable knows which even ports are free, in use or resting. It is pure: time comes in as now.
type portTable struct {
	free    []uint16 // in random order, taken from the front
	resting []restingPort
}

type restingPort struct {
	port  uint16
	until time.Time
}

// busyRest is how long a port that another program holds is left alone.
const busyRest = 10 * time.Second

// newPortTable lists the even ports of [lo, hi] whose RTCP port is in the range too, in the order shuffle gives.
func newPortTable(lo, hi uint16, shuffle func(n int, swap func(i, j int))) portTable {
	var t portTable
	for port := int(lo) + int(lo&1); port+1 <= int(hi); port += 2 {
		t.free = append(t.free, uint16(port))
	}
	shuffle(len(t.free), func(i, j int) { t.free[i], t.free[j] = t.free[j], t.free[i] })
	return t
}

// take returns a free port; ports that have rested long enough come back first, at the end of the queue.
func (t *portTable) take(now time.Time) (uint16, bool) {
	t.wake(now)
	if len(t.free) == 0 {
		return 0, false
	}
	port := t.free[0]
	t.free = t.free[1:]
	return port, true
}

// release gives a port back: it rests first, so that late packets of its last user find nobody.
func (t *portTable) release(port uint16, now time.Time, rest time.Duration) {
	if rest == 0 {
		t.free = append(t.free, port)
		return
	}
	r := restingPort{port, now.Add(rest)}
	at := len(t.resting) // kept in order of until; nearly always the end
	for at > 0 && t.resting[at-1].until.After(r.until) {
		at--
	}
	t.resting = slices.Insert(t.resting, at, r)
}

func (t *portTable) available(now time.Time) int {
	t.wake(now)
	return len(t.free)
}

// wake moves rested ports back.
func (t *portTable) wake(now time.Time) {
	n := 0
	for n < len(t.resting) && !t.resting[n].until.After(now) {
		t.free = append(t.free, t.resting[n].port)
		n++
	}
	t.resting = t.resting[n:]
}
