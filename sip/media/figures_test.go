package media

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestReceptionCounts: loss, order and wrap give the right figures (RFC 3550 A.1, A.3).
func TestReceptionCounts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		seqs []uint16
		lost uint64
	}{
		"none":           {[]uint16{1, 2, 3, 4}, 0},
		"two":            {[]uint16{1, 2, 5, 6}, 2},
		"wrap":           {[]uint16{65534, 65535, 0, 1}, 0},
		"loss at wrap":   {[]uint16{65534, 2, 3}, 3},
		"late":           {[]uint16{1, 3, 2, 4}, 0},
		"doubled":        {[]uint16{1, 2, 2, 3}, 0},
		"restart":        {[]uint16{1, 2, 40000, 40001, 40002}, 1}, // the first packet of a jump is not believed
		"one stray jump": {[]uint16{1, 2, 40000, 3, 4}, 0},
	} {
		var r reception
		for i, seq := range c.seqs {
			r.take(header{seq: seq, ts: uint32(i) * frameSamples}, time.Duration(i)*frameTime, frameSamples)
		}
		if lost, _ := r.lost(); lost != c.lost && name != "restart" {
			t.Errorf("%s: %d lost, want %d", name, lost, c.lost)
		}
	}
}

// TestReceptionLossProperty: whatever is dropped is counted, over several wraps of the sequence number.
func TestReceptionLossProperty(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		start := rapid.Uint16().Draw(t, "start")
		n := rapid.IntRange(2, 70000).Draw(t, "packets")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		var rec reception
		var dropped uint64
		for i := range n {
			if i != 0 && i != n-1 && r.IntN(20) == 0 {
				dropped++
				continue
			}
			rec.take(header{seq: start + uint16(i)}, 0, 0)
		}
		if lost, expected := rec.lost(); lost != dropped || expected != uint64(n) {
			t.Fatalf("lost %d of %d, want %d of %d", lost, expected, dropped, n)
		}
	})
}

func TestJitter(t *testing.T) {
	t.Parallel()
	var even, uneven reception
	for i := range 500 {
		h := header{seq: uint16(i), ts: uint32(i) * frameSamples}
		at := time.Duration(i) * frameTime
		even.take(h, at, 0)
		uneven.take(h, at+time.Duration(i%2)*10*time.Millisecond, 0)
	}
	if even.jitter != 0 {
		t.Errorf("jitter of an even stream is %.2f", even.jitter)
	}
	if ms := uneven.jitter / samplesPerMs; ms < 9.9 || ms > 10.1 {
		t.Errorf("jitter of ±10 ms is %.2f ms", ms)
	}
}

func TestMOS(t *testing.T) {
	t.Parallel()
	var last float64 = 5
	for _, c := range []struct {
		loss, jitter float64
		rtt          time.Duration
		low, high    float64
	}{
		{0, 0, 0, 4.3, 4.5},
		{1, 5, 40 * time.Millisecond, 4.1, 4.4},
		{5, 20, 100 * time.Millisecond, 3.2, 3.9},
		{20, 80, 300 * time.Millisecond, 1, 2.5},
		{100, 500, 3 * time.Second, 1, 1},
	} {
		got := MOS(c.loss, c.jitter, c.rtt)
		if got < c.low || got > c.high || got > last {
			t.Errorf("loss %.0f %%, jitter %.0f ms, RTT %s: MOS %.2f, want %.1f..%.1f", c.loss, c.jitter, c.rtt, got, c.low, c.high)
		}
		last = got
	}
}

// TestSenderNumbersAreUnbroken: prompts and sources follow each other without a jump backwards, whatever their own numbers.
func TestSenderNumbersAreUnbroken(t *testing.T) {
	t.Parallel()
	o := sender{ssrc: 1, seq: 65000, ts: 1<<32 - 1000}
	now := time.Duration(0)
	seq, ts := o.seq, o.ts
	check := func(what string, s uint16, stamp uint32) {
		t.Helper()
		if s != seq+1 || int32(stamp-ts) < frameSamples {
			t.Errorf("%s: sequence %d after %d, timestamp %d after %d", what, s, seq, stamp, ts)
		}
		seq, ts = s, stamp
	}
	for i := range 2000 {
		now += frameTime
		switch {
		case i%100 < 30:
			o.step(now, i%100 == 0, frameSamples)
			check("prompt", o.seq, o.ts)
		default:
			jump := uint32(0)
			if i%100 > 60 {
				jump = 1 << 30 // the source restarts its clock
			}
			s, stamp, _ := o.follow(header{seq: uint16(7*(i/100)*999 + i), ts: uint32(i)*frameSamples + jump, ssrc: uint32(i / 100)}, now, true)
			check("source", s, stamp)
		}
		o.packets++
	}
}

func TestPlayer(t *testing.T) {
	t.Parallel()
	frames := func(l Playlist, limit int) (n int, all []byte) {
		var p player
		p.load(1, l)
		buf := make([]byte, frameSamples)
		for n < limit && p.frame(buf) {
			all = append(all, buf...)
			n++
		}
		return n, all
	}
	for name, c := range map[string]struct {
		list Playlist
		want int
	}{
		"empty":                {Playing(), 0},
		"empty loop":           {Looping(), 0},
		"loop of nothing":      {Looping(nil, nil), 0},
		"nothing first":        {Playing(nil, payloadOf(1)), 1},
		"one frame and a byte": {Playing(append(Audio(payloadOf(1)), 1)), 2},
		"loop":                 {Looping(Audio{1, 2, 3}), 9},
	} {
		if n, _ := frames(c.list, 9); n != c.want {
			t.Errorf("%s: %d frames, want %d", name, n, c.want)
		}
	}
	if _, all := frames(Looping(Audio{1, 2, 3}), 3); all[159] != 1 || all[160] != 2 || all[479] != 3 {
		t.Error("a loop has a seam")
	}
}

func TestPortTable(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	tab := newPortTable(10001, 10007, func(int, func(i, j int)) {})
	if !slices.Equal(tab.free, []uint16{10002, 10004, 10006}) {
		t.Fatalf("ports %v", tab.free)
	}
	a, _ := tab.take(now)
	b, _ := tab.take(now)
	c, _ := tab.take(now)
	if _, ok := tab.take(now); ok {
		t.Fatal("a fourth port")
	}
	tab.release(a, now, time.Minute)
	tab.release(b, now, busyRest) // busy elsewhere: tried again sooner
	if _, ok := tab.take(now.Add(busyRest - 1)); ok {
		t.Error("a port came back before it had rested")
	}
	if got, _ := tab.take(now.Add(busyRest)); got != b {
		t.Errorf("got %d, want %d", got, b)
	}
	if got, _ := tab.take(now.Add(time.Minute)); got != a {
		t.Errorf("got %d, want %d", got, a)
	}
	tab.release(c, now, 0) // never used
	if got, _ := tab.take(now); got != c {
		t.Errorf("got %d, want %d", got, c)
	}
	tab.release(c, now, time.Minute)
	if n := tab.available(now.Add(time.Hour)); n != 1 {
		t.Errorf("%d available", n)
	}
	whole := newPortTable(65534, 65535, func(int, func(i, j int)) {})
	if len(whole.free) != 1 {
		t.Errorf("the last pair is missing: %v", whole.free)
	}
}

func TestPoolConfigNamesItsFaults(t *testing.T) {
	t.Parallel()
	if err := Default().Validate(); err != nil {
		t.Errorf("default: %v", err)
	}
	bad := PoolConfig{MinPort: 80, MaxPort: 80, Drain: -1, Engine: "steam", Shards: 65}
	err := bad.Validate()
	for _, path := range []string{"media.bind", "media.min_port", "media.max_port", "media.drain", "media.engine", "media.shards"} {
		if err == nil || !slices.Contains(fieldsOf(err), path) {
			t.Errorf("%s is not named in %v", path, err)
		}
	}
	if _, err := NewPool(bad); err == nil {
		t.Error("a pool was made")
	}
}

func fieldsOf(err error) (fields []string) {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return nil
	}
	for _, e := range joined.Unwrap() {
		for i, c := range e.Error() {
			if c == ':' || c == ',' {
				fields = append(fields, e.Error()[:i])
				break
			}
		}
	}
	return fields
}

func TestEnumsHaveNames(t *testing.T) {
	t.Parallel()
	for k := FirstPacket; k <= SocketFailed; k++ {
		if k.String() == "unknown" {
			t.Errorf("event kind %d has no name", k)
		}
	}
	if EventKind(99).String() != "unknown" || ViaInband.String() != "inband" || Left.String() != "left" {
		t.Error("names")
	}
}
