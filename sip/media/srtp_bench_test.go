package media

import (
	"runtime"
	"testing"
	"time"
	"unsafe"

	"github.com/butlerspb/vahta/sip/sdp"
)

// kinds are the bridges that are measured: which legs are encrypted.
func kinds() map[string][2]bool {
	return map[string][2]bool{"plain to srtp": {false, true}, "srtp to plain": {true, false}, "srtp to srtp": {true, true}}
}

// measured is a bridge with its packets ready: what is measured is our side alone.
func measured(tb testing.TB, secured [2]bool, n int) (l *line, packets [][]byte) {
	tb.Helper()
	l = newLine(tb, newPair(sdp.AES128HMAC80, nil), newPair(sdp.AES128HMAC80, nil))
	l.a.rtp, l.b.rtp = &nullSocket{}, &nullSocket{}
	for i, s := range []*Stream{l.a, l.b} {
		if !secured[i] {
			s.protect(0, nil)
		}
		s.report.due = 1 << 62
	}
	source := newPacketSource()
	for range n {
		if secured[0] {
			packets = append(packets, l.farA.packet(8, payloadOf(1)))
			continue
		}
		source.seq++
		source.ts += frameSamples
		b := make([]byte, headerSize+frameSamples, maxPacket)
		putHeader(b, false, 8, source.seq, source.ts, 7)
		packets = append(packets, b)
	}
	return l, packets
}

// TestSDESPacketsDoNotAllocate: an encrypted packet costs no allocation on either side.
func TestSDESPacketsDoNotAllocate(t *testing.T) { //nolint:paralleltest // AllocsPerRun counts all goroutines
	for name, secured := range kinds() {
		const runs = 2000
		l, packets := measured(t, secured, runs+1)
		i := 0
		allocs := testing.AllocsPerRun(runs, func() {
			l.sh.now += frameTime
			l.sh.packet(l.a, false, fromA, packets[i])
			i++
		})
		if sent := l.b.rtp.(*nullSocket).sent; sent < runs { //nolint:forcetypeassert // made by measured
			t.Errorf("%s: %d packets relayed", name, sent)
		}
		if allocs > 0 && !underRace {
			t.Errorf("%s: %.2f allocations a packet", name, allocs)
		}
	}
}

// TestSDESMemoryOfALeg: what the keys of a leg keep alive on the heap.
func TestSDESMemoryOfALeg(t *testing.T) { //nolint:paralleltest // reads the heap of the whole process
	const legs, limit = 200, 12 << 10
	kept := make([]*secure, 0, legs)
	sh, s, _ := pair(t, pcma())
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range legs {
		s.secure = nil
		s.protect(sh.now, newPair(sdp.AES128HMAC80, nil))
		kept = append(kept, s.secure)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if n := (after.HeapAlloc - before.HeapAlloc) / legs; n > limit {
		t.Errorf("the keys of a leg keep %d bytes, want at most %d", n, limit)
	} else {
		t.Logf("the keys of a leg keep %d bytes; a shard's buffer has %d", n, unsafe.Sizeof(sh.sealed))
	}
	runtime.KeepAlive(kept)
}

func BenchmarkRelaySRTP(b *testing.B) {
	const batch = 10_000
	for name, secured := range kinds() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var l *line
			var packets [][]byte
			for i := 0; i < b.N; i++ {
				if i%batch == 0 {
					b.StopTimer()
					l, packets = measured(b, secured, batch)
					b.StartTimer()
				}
				l.sh.now += frameTime
				l.sh.packet(l.a, false, fromA, packets[i%batch])
			}
		})
	}
}

// TestSDESMonthOfRekeys: both sides bring new keys every hour for a month; each is heard at once, and nothing of the old ones stays.
func TestSDESMonthOfRekeys(t *testing.T) { //nolint:paralleltest // reads the heap of the whole process
	const hours, limit = 30 * 24, 64 << 10
	l := newLine(t, newPair(sdp.AES128HMAC80, nil), newPair(sdp.AES128HMAC80, nil))
	var before, after runtime.MemStats
	for hour := range hours {
		p := newPair(sdp.AES128HMAC80, nil)
		l.agreed[0].Crypto = p
		l.a.apply(l.sh, l.agreed[0])
		l.farA.rekey(p)
		l.talk(5)
		l.sh.now += time.Hour
		if hour == hours/2 {
			runtime.GC()
			runtime.ReadMemStats(&before)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if l.farB.heard != 5*hours || l.a.in.undecryptable != 0 || l.farB.deaf != 0 {
		t.Errorf("%d of %d packets heard, %d and %d not opened", l.farB.heard, 5*hours, l.a.in.undecryptable, l.farB.deaf)
	}
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > limit {
		t.Errorf("the heap grew by %d bytes in half a month", grown)
	}
}
