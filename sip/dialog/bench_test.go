package dialog

import (
	"testing"

	"github.com/butlerspb/vahta/sip/wire"
)

// BenchmarkWireCall is INVITE, 200, ACK, BYE, 200 between two stacks on loopback.
func BenchmarkWireCall(b *testing.B) {
	callee, caller := startLine(b, nil), startLine(b, nil)
	for b.Loop() {
		out := caller.dial(callee.addr(wire.UDP), wire.UDP)
		in := callee.taken()
		callee.loop.do(func() { in.Answer([]byte("v=0\r\n")) })
		for e := caller.want1(); e.Kind != Answered; e = caller.want1() {
			continue
		}
		caller.loop.do(func() { out.Bye() })
		callee.want(Confirmed, Ended)
		caller.want(Ended)
	}
}

// BenchmarkMachines is the same call in the pure machines alone.
func BenchmarkMachines(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		c, s := UACIdle, UASProceeding
		for _, ev := range [...]UACEvent{UACDial, UACTrying, UACRinging, UACAnswer, UACBye, UACByeDone} {
			c, _ = c.Step(ev)
		}
		for _, ev := range [...]UASEvent{UASProgress, UASAnswer, UASAck, UASPeerBye} {
			s, _ = s.Step(ev)
		}
		if c != UACTerminated || s != UASTerminated {
			b.Fatal(c, s)
		}
	}
}
