package media

import (
	"testing"
	"time"
)

// eventStep is one event packet: sequence number, timestamp, key, end bit, duration.
type eventStep struct {
	seq uint16
	ts  uint32
	key byte
	end bool
	dur uint16
}

func TestRFC4733OneDigitAPress(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		steps []eventStep
		want  string
	}{
		"by the book":         {[]eventStep{{1, 100, '5', false, 160}, {2, 100, '5', false, 320}, {3, 100, '5', true, 480}, {4, 100, '5', true, 480}, {5, 100, '5', true, 480}}, "5"},
		"only an end":         {[]eventStep{{1, 100, '#', true, 480}}, "#"},
		"ends lost":           {[]eventStep{{1, 100, '1', false, 160}, {2, 100, '1', false, 320}, {9, 3000, '1', false, 160}}, "11"},
		"beginning lost":      {[]eventStep{{4, 100, '0', false, 640}, {5, 100, '0', true, 800}}, "0"},
		"two presses":         {[]eventStep{{1, 100, '1', false, 160}, {2, 100, '1', true, 320}, {3, 900, '1', false, 160}, {4, 900, '1', true, 320}}, "11"},
		"an end after others": {[]eventStep{{1, 100, '1', true, 320}, {3, 900, '2', false, 160}, {2, 100, '1', true, 320}, {4, 900, '2', true, 320}}, "12"},
		"a late first packet": {[]eventStep{{2, 100, '7', false, 320}, {1, 100, '7', false, 160}, {3, 100, '7', true, 480}}, "7"},
		"doubled packets":     {[]eventStep{{1, 100, '7', false, 160}, {1, 100, '7', false, 160}, {2, 100, '7', true, 320}, {2, 100, '7', true, 320}}, "7"},
		"numbers wrap":        {[]eventStep{{65535, 1<<32 - 80, '9', false, 160}, {0, 1<<32 - 80, '9', true, 320}, {1, 800, '9', true, 160}}, "99"},
		"stamped anew each":   {[]eventStep{{1, 100, '3', false, 160}, {2, 260, '3', false, 320}, {3, 420, '3', false, 480}, {4, 580, '3', true, 640}}, "3"},
		"a long press":        {[]eventStep{{1, 100, '3', false, 65535}, {2, 100 + 65535, '3', false, 160}, {3, 100 + 65535, '3', true, 320}}, "3"},
		"clock goes back":     {[]eventStep{{1, 90000, '1', true, 160}, {2, 50, '2', false, 160}, {3, 50, '2', true, 320}}, "12"},
		"end, then not ended": {[]eventStep{{1, 100, '1', true, 160}, {2, 100, '1', false, 160}, {3, 100, '1', true, 160}}, "1"},
		"flash":               {[]eventStep{{1, 100, '!', true, 160}}, "!"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var r eventReceiver
			var got []byte
			for _, s := range c.steps {
				key, pressed := r.take(header{seq: s.seq, ts: s.ts}, eventPayload{uint8(eventOf(s.key)), s.end, s.dur})
				if pressed {
					got = append(got, key)
				}
			}
			if string(got) != c.want {
				t.Errorf("digits %q, want %q", got, c.want)
			}
		})
	}
}

func TestInfoDTMFMergesWays(t *testing.T) {
	t.Parallel()
	type step struct {
		at  time.Duration
		key byte
		via DigitSource
	}
	ms := time.Millisecond
	for name, c := range map[string]struct {
		steps []step
		want  string
	}{
		"one way":             {[]step{{0, '1', ViaRTP}, {300 * ms, '1', ViaRTP}}, "11"},
		"two ways":            {[]step{{0, '1', ViaRTP}, {5 * ms, '1', ViaINFO}}, "1"},
		"three ways":          {[]step{{0, '1', ViaINFO}, {5 * ms, '1', ViaInband}, {9 * ms, '1', ViaRTP}}, "1"},
		"eleven, interleaved": {[]step{{0, '1', ViaRTP}, {5 * ms, '1', ViaINFO}, {200 * ms, '1', ViaRTP}, {205 * ms, '1', ViaINFO}}, "11"},
		"eleven, INFO behind": {[]step{{0, '1', ViaRTP}, {200 * ms, '1', ViaRTP}, {300 * ms, '1', ViaINFO}, {400 * ms, '1', ViaINFO}}, "11"},
		"other keys":          {[]step{{0, '1', ViaRTP}, {5 * ms, '2', ViaINFO}}, "12"},
		"too far apart":       {[]step{{0, '1', ViaRTP}, {1500 * ms, '1', ViaINFO}}, "11"},
	} {
		var m digitMerger
		var got []byte
		for _, s := range c.steps {
			if m.take(s.at, s.key, s.via) {
				got = append(got, s.key)
			}
		}
		if string(got) != c.want {
			t.Errorf("%s: digits %q, want %q", name, got, c.want)
		}
	}
}
