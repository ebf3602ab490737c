package hotline

import (
	"sync"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/sip/hotline/prompt"
	"github.com/butlerspb/vahta/sip/media"
)

var shippedVoices = sync.OnceValues(func() (*prompt.Library, error) { return prompt.New(prompt.Default(), nil) })

// spoken is how long the shipped voices take for sentences.
func spoken(t *testing.T, l prompt.Language, say []prompt.Sentence) time.Duration {
	t.Helper()
	lib, err := shippedVoices()
	if err != nil {
		t.Fatal(err)
	}
	return media.Playing(lib.Sound(l, say...)...).Duration()
}

// TestPageIsShort: who, why and the keys in under eight seconds, for every
// reason; a mailbox holds a page for less than twenty.
func TestPageIsShort(t *testing.T) {
	t.Parallel()
	cfg := Default()
	for _, l := range prompt.Languages() {
		for _, reason := range []string{"abandoned", "exhausted", "failed", "broken", "refused", "unattended", "held", "forgotten", ""} {
			for _, caller := range []string{"…4485", "", "…7777"} {
				n := dispatch.Notice{Ref: dispatch.Ref{Number: "VH-26-004217"}, Reason: reason, Caller: caller}
				if reason == "refused" {
					n.Skill = "1c"
				}
				d := spoken(t, l, pageSentences(n))
				if d >= 8*time.Second || d < 3*time.Second {
					t.Errorf("%s %s %q: a reading takes %s", l, reason, caller, d)
				}
				if all := 2*d + cfg.KeyPause + cfg.LastPause; all > 20*time.Second {
					t.Errorf("%s %s %q: a mailbox holds the page for %s", l, reason, caller, all)
				}
			}
		}
	}
}

// TestAlarmsSayWhatTheyAre: an alarm about a promise of ours is told by its own
// words, never as an emergency of a client, each by others, and as short.
func TestAlarmsSayWhatTheyAre(t *testing.T) {
	t.Parallel()
	alarms := []string{
		"unsent", "plan/30m", "plan/breach", "stabilisation/50%", "stabilisation/breach", "next_update/due-5m", "next_update/breach",
		"root_cause/due-1bd", "root_cause/breach", "report/due-1bd", "report/breach", "something new",
	}
	seen := map[prompt.Key]string{}
	for _, alarm := range alarms {
		n := dispatch.Notice{Ref: dispatch.Ref{Number: "VH-26-004217"}, Reason: "alarm_" + alarm, Caller: "…7777", Alarm: alarm}
		say := pageSentences(n)
		for _, s := range say {
			if s.Key == prompt.PageIntro || s.Key == prompt.PageOpen || s.Key == prompt.PageMenu {
				t.Errorf("%s is told as an emergency: %s", alarm, s.Key)
			}
		}
		if other := seen[say[2].Key]; other != "" {
			t.Errorf("%s and %s are told alike", alarm, other)
		}
		seen[say[2].Key] = alarm
		for _, l := range prompt.Languages() {
			if d := spoken(t, l, say); d >= 8*time.Second || d < 3*time.Second {
				t.Errorf("%s %s: a reading takes %s", l, alarm, d)
			}
		}
	}
}

// TestShiftCallIsShort: who calls, which turn and the keys in about eight
// seconds, at the longest time of day.
func TestShiftCallIsShort(t *testing.T) {
	t.Parallel()
	const longest = 21*3600 + 55*60
	for _, l := range prompt.Languages() {
		for _, kind := range []dispatch.ShiftKind{dispatch.ShiftReminder, dispatch.ShiftUnconfirmed, dispatch.ShiftDeclined, dispatch.ShiftTest} {
			for day := range 2 {
				n := dispatch.Notice{Kind: dispatch.NoticeShift, Shift: dispatch.ShiftCall{Kind: kind, Day: day, Clock: longest}}
				if d := spoken(t, l, shiftSentences(n)); d > 9*time.Second || d < 2*time.Second {
					t.Errorf("%s %s: a reading takes %s", l, kind, d)
				}
			}
		}
	}
}

// TestWhisperIsShort: a mailbox costs the caller no more than one rung of ringing.
func TestWhisperIsShort(t *testing.T) {
	t.Parallel()
	cfg := Default()
	for _, l := range prompt.Languages() {
		s := NewState(&cfg)
		s.Caller, s.Ticket, s.Begun = "+78121234567", Ticket{Number: "VH-26-000421"}, time.Unix(0, 0)
		m := machine{s: &s, now: s.Begun.Add(10 * time.Second)}
		first := spoken(t, l, m.whisper())
		all := first + cfg.KeyPause + spoken(t, l, m.menu()) + cfg.LastPause
		if first > 9500*time.Millisecond || all > 16500*time.Millisecond {
			t.Errorf("%s: the whisper takes %s, both readings %s", l, first, all)
		}
		t.Logf("%s: the whisper takes %s, both readings %s", l, first, all)
		s.Recall = true
		if d := spoken(t, l, m.whisper()); d > 9500*time.Millisecond {
			t.Errorf("%s: the whisper of a recall takes %s", l, d)
		}
		s.Phase = PhaseLeft
		for _, may := range []bool{true, false} {
			s.Ticket.CallBack = may
			if d := spoken(t, l, m.whisper()); d > 8*time.Second {
				t.Errorf("%s: the words about a caller who left take %s", l, d)
			}
		}
	}
}
