package hotline

import (
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/sip/hotline/prompt"
)

// Words are what a call of the page machine says after its keys, where it is
// about no ticket.
type Words struct {
	Acked, Escalated, Failed, Moot prompt.Key
}

// second reports whether key 2 means anything; nil = a page.
func (w *Words) second() bool { return w == nil || w.Escalated != "" }

// answer is what is said once the record of a key is known.
func (w *Words) answer(r dispatch.Result) prompt.Sentence {
	switch r { //nolint:exhaustive // a key has these two meanings, and one when it is not kept
	case dispatch.ResultAcknowledged:
		return prompt.Say(w.Acked)
	case dispatch.ResultEscalate:
		return prompt.Say(w.Escalated)
	default:
		return prompt.Say(w.Failed)
	}
}

// moot is what is said when the call has lost its point.
func (w *Words) moot() prompt.Sentence {
	if w == nil {
		return prompt.Say(prompt.PageMoot)
	}
	return prompt.Say(w.Moot)
}

// shiftWords are the words of a call about a shift.
func shiftWords(n dispatch.Notice) *Words {
	w := &Words{Acked: prompt.PageNoted, Failed: prompt.ShiftFailed, Moot: prompt.ShiftMoot}
	switch n.Shift.Kind {
	case dispatch.ShiftReminder:
		w.Acked, w.Escalated = prompt.ShiftConfirmed, prompt.ShiftDeclined
	case dispatch.ShiftTest:
		w.Acked = prompt.ShiftTested
	case dispatch.ShiftUnconfirmed, dispatch.ShiftDeclined:
	}
	return w
}

// shiftSentences is what a call about a shift says: who calls, which turn, the
// keys; under eight seconds. The day is said when it is today or tomorrow.
func shiftSentences(n dispatch.Notice) []prompt.Sentence {
	say := []prompt.Sentence{prompt.Say(prompt.ShiftIntro)}
	begins := func(days ...prompt.Key) {
		if n.Shift.Day < len(days) { // of another day, that there is a shift is what matters
			say = append(say, prompt.Sentence{Key: days[n.Shift.Day], Wait: sinceMidnight(n.Shift.Clock)})
		}
	}
	switch n.Shift.Kind {
	case dispatch.ShiftTest:
		return append(say, prompt.Say(prompt.ShiftTest))
	case dispatch.ShiftUnconfirmed:
		say = append(say, prompt.Sentence{Key: prompt.ShiftUnconfirmed, Name: n.Shift.Name})
		begins(prompt.ShiftStart, prompt.ShiftStartTomorrow)
		return append(say, prompt.Say(prompt.ShiftAlarmMenu))
	case dispatch.ShiftDeclined:
		say = append(say, prompt.Sentence{Key: prompt.ShiftRefused, Name: n.Shift.Name})
		begins(prompt.ShiftStart, prompt.ShiftStartTomorrow)
		return append(say, prompt.Say(prompt.ShiftAlarmMenu))
	case dispatch.ShiftReminder:
	}
	begins(prompt.ShiftToday, prompt.ShiftTomorrow)
	return append(say, prompt.Say(prompt.ShiftMenu))
}

func sinceMidnight(c oncall.Clock) time.Duration { return time.Duration(c) * time.Second }
