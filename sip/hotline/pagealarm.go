package hotline

import (
	"strings"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/sla"
	"github.com/butlerspb/vahta/sip/hotline/prompt"
)

// alarmSentences tell of a promise that runs out, or of a message that did not
// arrive: no client has an emergency that nobody knows of.
func alarmSentences(n dispatch.Notice) []prompt.Sentence {
	who := prompt.Sentence{Key: prompt.PageClient, Name: n.Client, Number: n.Caller, Ticket: n.Ref.Number}
	return []prompt.Sentence{prompt.Say(prompt.PageRemind), who, prompt.Say(alarmWords(n.Alarm)), prompt.Say(prompt.PageNotedMenu)}
}

// alarmWords is what an alarm is about, by its name: a clock and its level, or a
// word.
func alarmWords(alarm string) prompt.Key {
	clock, level, _ := strings.Cut(alarm, "/")
	soon, late := prompt.PageOther, prompt.PageOther
	switch sla.Name(clock) {
	case sla.PlanClock:
		soon, late = prompt.PagePlan, prompt.PagePlanLate
	case sla.StabiliseClock:
		soon, late = prompt.PageRepair, prompt.PageRepairLate
	case sla.UpdateClock:
		soon, late = prompt.PageWord, prompt.PageWordLate
	case sla.RootCauseClock:
		soon, late = prompt.PageCause, prompt.PageCauseLate
	case sla.ReportClock:
		soon, late = prompt.PageReport, prompt.PageReportLate
	case sla.FirstContactClock:
	default:
		if alarm == dispatch.AlarmUnsent {
			return prompt.PageUnsent
		}
	}
	if level == sla.Breach {
		return late
	}
	return soon
}
