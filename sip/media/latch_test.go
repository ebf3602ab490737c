package media

import (
	"net/netip"
	"testing"
	"time"
)

// latchStep is one packet, or one offer/answer when sdp is set.
type latchStep struct {
	at   time.Duration
	sdp  string
	from string
	ssrc uint32
	seq  uint16
	want verdict
}

// TestSymmetricRTPLatch is long because it is one table.
func TestSymmetricRTPLatch(t *testing.T) {
	t.Parallel()
	const phone, other, nat, thief = "198.51.100.7:4000", "198.51.100.7:4666", "203.0.113.5:777", "192.0.2.66:6666"
	s := time.Second
	for name, c := range map[string]struct {
		cfg   LatchConfig
		steps []latchStep
	}{
		"nobody before offer/answer": {LatchConfig{Private: true}, []latchStep{{0, "", phone, 1, 1, refused}}},
		"the SDP address at any port, at once": {LatchConfig{}, []latchStep{
			{0, phone, "", 0, 0, 0}, {0, "", other, 1, 1, locked}, {0, "", other, 1, 2, accepted}, {0, "", phone, 1, 3, refused},
		}},
		"a stranger never, when the SDP address is public": {LatchConfig{Private: true}, []latchStep{
			{0, phone, "", 0, 0, 0},
			{0, "", thief, 1, 1, refused},
			{0, "", thief, 1, 2, refused},
			{0, "", thief, 1, 3, refused},
			{0, "", thief, 1, 4, refused},
			{99 * s, "", thief, 1, 5, refused},
			{99 * s, "", phone, 1, 1, locked},
		}},
		"behind NAT after four in a row": {LatchConfig{Private: true}, []latchStep{
			{0, "192.168.1.5:4000", "", 0, 0, 0},
			{0, "", nat, 1, 10, refused},
			{0, "", nat, 1, 12, refused},
			{0, "", nat, 1, 13, refused},
			{0, "", nat, 1, 14, refused},
			{0, "", nat, 1, 15, locked},
			{0, "", thief, 1, 16, refused},
		}},
		"two ports disturb each other's probation": {LatchConfig{Private: true}, []latchStep{
			{0, "10.0.0.5:4000", "", 0, 0, 0},
			{0, "", nat, 1, 1, refused},
			{0, "", "203.0.113.5:9999", 1, 1, refused},
			{0, "", nat, 1, 2, refused},
			{0, "", nat, 1, 3, refused},
			{0, "", nat, 1, 4, refused},
			{0, "", nat, 1, 5, locked},
		}},
		"behind NAT only where the signalling comes from": {LatchConfig{Private: true}, []latchStep{
			{0, "192.168.1.5:4000", "", 0, 0, 0},
			{0, "", thief, 1, 1, refused},
			{0, "", thief, 1, 2, refused},
			{0, "", thief, 1, 3, refused},
			{0, "", thief, 1, 4, refused},
			{99 * s, "", thief, 1, 5, refused},
			{99 * s, "", "203.0.113.5:9999", 1, 1, refused},
			{99 * s, "", "203.0.113.5:9999", 1, 2, refused},
			{99 * s, "", "203.0.113.5:9999", 1, 3, refused},
			{99 * s, "", "203.0.113.5:9999", 1, 4, locked},
		}},
		"behind NAT the SDP address itself, at once": {LatchConfig{Private: true}, []latchStep{
			{0, "192.168.1.5:4000", "", 0, 0, 0}, {0, "", "192.168.1.5:4000", 1, 1, locked},
		}},
		"NAT is not assumed when told so": {LatchConfig{}, []latchStep{
			{0, "10.0.0.5:4000", "", 0, 0, 0}, {0, "", nat, 1, 1, refused}, {0, "", nat, 1, 2, refused}, {0, "", nat, 1, 3, refused}, {0, "", nat, 1, 4, refused},
		}},
		"a silent SDP address, if allowed": {LatchConfig{SilentAfter: 2 * s}, []latchStep{
			{0, phone, "", 0, 0, 0},
			{1 * s, "", nat, 1, 1, refused},
			{2 * s, "", nat, 1, 2, refused},
			{2 * s, "", nat, 1, 3, refused},
			{2 * s, "", nat, 1, 4, refused},
			{2 * s, "", nat, 1, 5, locked},
		}},
		"the port changes after silence only": {LatchConfig{RelatchAfter: s}, []latchStep{
			{0, phone, "", 0, 0, 0},
			{0, "", phone, 1, 1, locked},
			{s / 2, "", other, 1, 2, refused},
			{2 * s, "", other, 1, 3, refused},
			{2 * s, "", other, 1, 4, refused},
			{2 * s, "", other, 1, 5, refused},
			{2 * s, "", other, 1, 6, locked},
			{2 * s, "", phone, 1, 7, refused},
			{9 * s, "", thief, 1, 8, refused},
			{9 * s, "", thief, 1, 9, refused},
			{9 * s, "", thief, 1, 10, refused},
			{9 * s, "", thief, 1, 11, refused},
		}},
		"offer/answer with the same address keeps the source and lets the port change": {LatchConfig{}, []latchStep{
			{0, phone, "", 0, 0, 0}, {0, "", phone, 1, 1, locked}, {0, phone, "", 0, 0, 0}, {0, "", thief, 1, 2, refused}, {0, "", other, 1, 2, locked},
		}},
		"offer/answer with another address forgets the source": {LatchConfig{}, []latchStep{
			{0, phone, "", 0, 0, 0}, {0, "", phone, 1, 1, locked}, {0, nat, "", 0, 0, 0}, {0, "", phone, 1, 2, refused}, {0, "", nat, 1, 2, locked},
		}},
		"a new SSRC of the source after three in a row": {LatchConfig{}, []latchStep{
			{0, phone, "", 0, 0, 0},
			{0, "", phone, 1, 1, locked},
			{0, "", phone, 2, 50, refused},
			{0, "", phone, 1, 2, accepted},
			{0, "", phone, 2, 51, refused},
			{0, "", phone, 2, 52, refused},
			{0, "", phone, 2, 53, ssrcMoved},
			{0, "", phone, 2, 54, accepted},
			{0, "", phone, 1, 3, refused},
		}},
		"hold the old way believes nobody new": {LatchConfig{Private: true}, []latchStep{
			{0, "0.0.0.0:4000", "", 0, 0, 0}, {0, "", nat, 1, 1, refused}, {0, "", nat, 1, 2, refused}, {0, "", nat, 1, 3, refused}, {0, "", nat, 1, 4, refused},
		}},
		"carrier-grade NAT counts as private": {LatchConfig{Private: true}, []latchStep{
			{0, "100.64.0.5:4000", "", 0, 0, 0}, {0, "", nat, 1, 65534, refused}, {0, "", nat, 1, 65535, refused}, {0, "", nat, 1, 0, refused}, {0, "", nat, 1, 1, locked},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := latch{cfg: c.cfg, signal: netip.MustParseAddrPort(nat).Addr()}
			for i, st := range c.steps {
				if st.sdp != "" {
					l.rearm(st.at, netip.MustParseAddrPort(st.sdp))
					continue
				}
				if got := l.admit(st.at, netip.MustParseAddrPort(st.from), st.ssrc, st.seq); got != st.want {
					t.Errorf("step %d, %s: verdict %d, want %d", i, st.from, got, st.want)
				}
			}
		})
	}
}

func TestSymmetricRTPKnowsNoSignalling(t *testing.T) {
	t.Parallel()
	l := latch{cfg: LatchConfig{Private: true}}
	l.rearm(0, netip.MustParseAddrPort("10.0.0.5:4000"))
	for seq := range uint16(10) {
		if got := l.admit(0, netip.MustParseAddrPort("203.0.113.5:777"), 1, seq); got != refused {
			t.Fatalf("packet %d: verdict %d", seq, got)
		}
	}
}
