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

// tuneIn decides whether keys are looked for in the sound: where no telephone-event was agreed they can come no other
// way; where one was, some far ends send tones all the same, until they have shown better.
func (s *Stream) tuneIn() {
	agreed := s.deal.recvEventPT != 0
	if agreed && s.sendsEvents {
		s.tones = nil
		return
	}
	if s.tones == nil {
		s.tones = NewDetector()
	}
	s.tones.wary = agreed
}

// listen looks for keys in the sound and reports whether the sound may go on to the peer. In a conversation only tones
// of a far end that has no other way are keys: speech must press none.
func (s *Stream) listen(sh *shard, sound []byte, l law) (pass bool) {
	if s.tones.wary && s.peer != nil && !s.ownTone {
		return true
	}
	if d := s.tones.listen(sound, l); d != 0 {
		s.digit(sh, d, ViaInband)
	}
	s.ownTone = s.ownTone && s.tones.key != 0
	return !s.ownTone
}

// keepKey makes the key that is being pressed now ours: the rest of it is not for a peer that comes.
func (s *Stream) keepKey() {
	s.events.keep()
	s.ownTone = s.tones != nil && s.tones.key != 0
}
