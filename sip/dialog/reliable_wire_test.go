package dialog

import (
	"testing"
	"time"

	"github.com/butlerspb/vahta/sip/siptest"
	"github.com/butlerspb/vahta/sip/wire"
)

// TestRFC3262LostOnce connects two of our own stacks by a line that loses or
// doubles what belongs to a reliable response: there is one answer and one end.
func TestRFC3262LostOnce(t *testing.T) {
	t.Parallel()
	rules := map[string]siptest.Rule{
		"183": siptest.DropNth("INVITE", 183, 1, 2), "PRACK": siptest.DropNth("PRACK", 0, 1),
		"200 to PRACK": siptest.DropNth("PRACK", 200, 1), "200": siptest.DropNth("INVITE", 200, 1),
		"183 twice": {Status: 183, Do: siptest.Dup}, "PRACK twice": {Method: "PRACK", Do: siptest.Dup},
	}
	for name, rule := range rules {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			short := func(c *Config) { c.T1, c.T2 = 30*time.Millisecond, 60*time.Millisecond }
			callee, caller := startLine(t, short), startLine(t, short)
			relay := siptest.StartRelay(t, siptest.RelayConfig{B: callee.addr(wire.UDP), Rules: []siptest.Rule{rule}})
			out := caller.dial(relay.SideA(), wire.UDP)
			in := callee.taken()
			callee.loop.do(func() { in.Progress(183, []byte("v=0\r\n")); in.Answer(nil) })
			progress := 0
			for e := caller.want1(); e.Kind != Answered; e = caller.want1() {
				if e.Kind == Progress {
					progress++
				}
			}
			if progress != 1 {
				t.Errorf("%d provisional responses were told, want 1", progress)
			}
			callee.want(Confirmed)
			caller.loop.do(func() { out.Bye() })
			callee.want(Ended)
			caller.want(Ended)
		})
	}
}
