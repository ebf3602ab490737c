package trunk

import (
	"strings"
	"testing"
)

// TestOPTIONSHysteresis reads as the hysteresis: + is an answered probe, - a missed one, and the letters are
// the state after each (? unknown, U up, D down).
func TestOPTIONSHysteresis(t *testing.T) {
	t.Parallel()
	letters := map[State]byte{StateUnknown: '?', StateUp: 'U', StateDown: 'D'}
	for _, tt := range []struct{ name, probes, states string }{
		{"first answer is up", "+", "U"},
		{"three misses are down", "+---", "UUUD"},
		{"two misses are not", "+--+--+", "UUUUUUU"},
		{"two hits are up again", "+---++", "UUUDDU"},
		{"one hit is not", "+---+-+-", "UUUDDDDD"},
		{"never answered", "---", "??D"},
		{"flapping stays", "+-+-+-", "UUUUUU"},
		{"down stays down", "-----", "??DDD"},
	} {
		var (
			p   pulse
			got strings.Builder
		)
		for _, c := range tt.probes {
			before := p.state
			next, changed := p.step(c == '+')
			if changed != (next.state != before) {
				t.Errorf("%s: changed = %v from %s to %s", tt.name, changed, before, next.state)
			}
			p = next
			got.WriteByte(letters[p.state])
		}
		if got.String() != tt.states {
			t.Errorf("%s: %s gave %s, want %s", tt.name, tt.probes, got.String(), tt.states)
		}
	}
}
