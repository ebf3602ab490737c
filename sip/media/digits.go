package media

import "time"

// mergeWindow is how far apart two reports of one key press may be when they come different ways: INFO takes the
// signalling path and may be retransmitted once.
const mergeWindow = time.Second

// digitMerger makes one digit of a key press that is reported more than one way. A report is dropped when another way
// has already told a press of this key that this way has not reported yet; so "11" pressed quickly stays two digits.
type digitMerger struct {
	told [8]toldDigit // most recent presses
	next int
}

type toldDigit struct {
	at   time.Duration
	key  byte
	ways uint8 // bit set of DigitSource that have reported it
}

// take reports whether the digit is a new key press.
func (m *digitMerger) take(now time.Duration, key byte, via DigitSource) bool {
	bit := uint8(1) << via
	for i := range m.told { // oldest first
		t := &m.told[(m.next+i)%len(m.told)]
		if t.ways != 0 && t.key == key && t.ways&bit == 0 && now-t.at < mergeWindow {
			t.ways |= bit
			return false
		}
	}
	m.told[m.next] = toldDigit{at: now, key: key, ways: bit}
	m.next = (m.next + 1) % len(m.told)
	return true
}
