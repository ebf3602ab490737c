package report

import (
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch/ticket"
)

// courseLine is how the ticket went on.
func (b builder) courseLine(e ticket.Event) (Line, bool) {
	switch body := e.Body.(type) {
	case ticket.Moved:
		l := Line{Text: joinText(b.sayOr("line.stage."+body.To.String(), ""), body.Reason)}
		if body.Unreported != "" {
			l.Text += b.say("line.unreported", "why", body.Unreported)
		}
		l.Internal = body.To == ticket.Closed
		return l, b.sayOr("line.stage."+body.To.String(), "") != ""
	case ticket.Prioritised:
		return public(joinText(b.say("line.priority", "priority", b.say("priority."+body.Priority.String())), body.Reason))
	case ticket.Updated:
		if _, untold := b.d.Untold[e.Seq]; untold {
			return public(b.said("line.update_untold", body.Text))
		}
		return public(b.said("line.update", body.Text))
	case ticket.Restored:
		return turning(b.said("line.restored", body.Statement))
	case ticket.Paused:
		l, _ := public(joinText(b.say("line.paused", "reason", b.sayOr("pause."+string(body.Reason), string(body.Reason))), body.Note))
		l.At = body.From
		return l, true
	case ticket.Resumed:
		return public(b.say("line.resumed"))
	case ticket.Reopened:
		return turning(joinText(b.say("line.reopened"), body.Reason))
	case ticket.RootCaused:
		return b.caused(e, body)
	case ticket.T0Moved:
		return public(b.say("line.t0", "at", b.moment(body.To)))
	case ticket.Warned:
		return internal(b.say("line.warned", "clock", b.say("clock."+string(body.Clock)), "level", body.Level))
	case ticket.Absorbed:
		return internal(b.say("line.absorbed", "number", body.Number.String()))
	}
	return Line{}, false
}

// caused is the root cause as it stands in its cycle, at the time when it was
// found; what was corrected since is told once, with when.
func (b builder) caused(e ticket.Event, body ticket.RootCaused) (Line, bool) {
	if !body.Complete {
		return internal(b.say("line.cause_draft"))
	}
	cycle := func(at time.Time) (n int) {
		for i, c := range b.d.Cycles {
			if !at.Before(c.From) {
				n = i
			}
		}
		return n
	}
	var found, last ticket.Line[ticket.RootCaused]
	for _, l := range b.d.RootCauses {
		if l.Body.Complete && cycle(l.At) == cycle(e.At) {
			if found.Seq == 0 {
				found = l
			}
			last = l
		}
	}
	if e.Seq != last.Seq {
		return internal(b.say("line.cause_draft"))
	}
	l, _ := turning(b.said("line.cause", body.Cause))
	if found.Seq != last.Seq {
		l.Text = strings.TrimSuffix(l.Text, ".") + " (" + b.say("line.cause_corrected", "at", b.near(last.At, found.At)) + ")"
		l.At = found.At
	}
	return l, true
}
