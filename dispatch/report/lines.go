package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/butlerspb/vahta/dispatch/ticket"
)

// lines are the lines of the log as they may stand in a report, in the order in
// which they are shown.
func (b builder) lines() []Line {
	var list []Line
	for _, e := range b.d.Log {
		l, ok := b.line(e)
		if !ok || b.foreign(b.reportOf(e)) {
			continue
		}
		l.Seq, l.Kind = e.Seq, e.Body.Kind()
		if l.At.IsZero() {
			l.At = e.At
		}
		if l.Who == "" && l.Source == "" {
			l.Who = b.person(e.By)
		}
		if l.Source == "" {
			l.Source = b.source(e)
		}
		list = append(list, b.curate(l))
	}
	slices.SortStableFunc(list, func(a, c Line) int { return cmp.Or(a.At.Compare(c.At), cmp.Compare(a.Seq, c.Seq)) })
	return list
}

// reportOf is whose story an event belongs to; 0 = nobody's alone.
func (b builder) reportOf(e ticket.Event) int {
	call := func(id string) int {
		for _, c := range b.d.Calls {
			if c.ID == id {
				return c.Report
			}
		}
		return 0
	}
	switch body := e.Body.(type) {
	case ticket.Reported:
		return body.Report
	case ticket.Joined:
		return body.Report
	case ticket.Signalled:
		return body.Report
	case ticket.Contacted:
		return body.Report
	case ticket.ContactTried:
		return body.Report
	case ticket.T0Moved:
		return body.Report
	case ticket.Accepted:
		return call(body.Call)
	case ticket.CallEnded:
		return call(body.Call)
	case ticket.Sent:
		for _, m := range b.d.Messages {
			if m.Message == body.Message {
				return m.Report
			}
		}
	}
	return 0
}

// source says where a line comes from.
func (b builder) source(e ticket.Event) string {
	switch e.By {
	case byVahta, "":
		return b.say("source.vahta")
	case byCaller, byClient:
		return b.say("source.client")
	}
	return b.say("source.engineer")
}

// curate puts into force what a person has decided about a line.
func (b builder) curate(l Line) Line {
	c, ok := b.d.Curations[l.Seq]
	if !ok {
		return l
	}
	if c.Body.Hidden != nil {
		l.Internal = *c.Body.Hidden
	}
	if c.Body.Text != "" {
		l.Text, l.Edited = c.Body.Text, true
	}
	if !c.Body.At.IsZero() && !c.Body.At.Equal(l.At) {
		l.Own, l.At, l.Edited = l.At, c.Body.At, true
	}
	return l
}

// hidden reports whether a person has taken a line out of the report.
func (b builder) hidden(seq int) bool {
	c, ok := b.d.Curations[seq]
	return ok && c.Body.Hidden != nil && *c.Body.Hidden
}

// line puts one event into words. ok is false for what nobody would look for in
// a chronology.
func (b builder) line(e ticket.Event) (l Line, ok bool) {
	for _, words := range []func(ticket.Event) (Line, bool){b.signalLine, b.contactLine, b.workLine, b.courseLine} {
		if l, ok = words(e); ok && l.Text != "" {
			return l, true
		}
	}
	return Line{}, false
}

// public is a line that the client reads, internal one that he does not, and
// turning one that he looks for.
func public(text string) (Line, bool)   { return Line{Text: text}, true }
func internal(text string) (Line, bool) { return Line{Text: text, Internal: true}, true }
func turning(text string) (Line, bool)  { return Line{Text: text, Key: true}, true }

// signalLine is what came in: from the client or from a machine.
func (b builder) signalLine(e ticket.Event) (Line, bool) {
	switch body := e.Body.(type) {
	case ticket.Opened:
		l, _ := turning(b.say("line.call", "number", mask(body.Caller)))
		l.Source = b.say("channel.call")
		if body.Call == "" {
			l.Source, l.Text = b.origin(body.From, body.Machine), b.said("line.signal", body.Text)
		}
		if name := cmp.Or(body.Name, body.Client.ContactName); body.Call != "" && name != "" {
			l.Text = b.say("line.call.name", "name", name)
		}
		return l, true
	case ticket.Reported:
		l, _ := public(b.said("line.report", body.Text))
		l.Source = b.origin(body.From, body.Machine)
		if body.Source != "" {
			l.At = body.T0 // it came with a merge: its own time is what happened
		}
		return l, true
	case ticket.Joined:
		l, _ := public(b.say("line.joined"))
		l.Source = b.say("channel.call")
		return l, true
	case ticket.Signalled:
		key := "line.message"
		if body.Machine {
			key = "line.alarm"
		}
		if body.Recovery {
			key = "line.recovery"
		}
		l, _ := public(b.said(key, body.Text))
		l.Source = b.origin(body.From, body.Machine)
		return l, true
	}
	return Line{}, false
}

// origin is the channel of a signal in words, or that a machine sent it.
func (b builder) origin(from ticket.Contact, machine bool) string {
	if machine {
		return b.say("source.machine")
	}
	return b.sayOr("channel."+from.Channel, b.say("source.client"))
}

// said is a text of somebody else: in one line, and not longer than a line of a
// chronology bears.
func (b builder) said(key, text string) string {
	const longest = 400
	text = clip(ticket.OneLine(text), longest)
	if text == "" {
		return b.say(key + ".empty")
	}
	return b.say(key, "text", text)
}

// contactLine is who was reached, and how.
func (b builder) contactLine(e ticket.Event) (Line, bool) {
	switch body := e.Body.(type) {
	case ticket.Attempted:
		return internal(b.say("line.attempted", "person", b.person(body.Person), "outcome", body.Outcome))
	case ticket.Accepted:
		l, _ := turning(b.say("line.accepted"))
		l.Who = b.person(body.Person)
		l.Source = b.say("source.engineer")
		return l, true
	case ticket.CallEnded:
		return b.ended(body)
	case ticket.Contacted:
		text := b.say("line.contacted")
		if body.With != "" {
			text = b.say("line.contacted.with", "with", body.With)
		}
		if body.Talk > 0 {
			text += b.say("line.talk", "talk", b.duration(body.Talk))
		}
		if body.Channel == ticket.ByMerged || body.Channel == "ticket" { // its note is for us
			return turning(text)
		}
		return turning(joinText(text, body.Note))
	case ticket.ContactTried:
		return public(b.say("line.tried", "channel", b.sayOr("channel."+body.Channel, body.Channel), "result", b.sayOr("tried."+body.Result, body.Result)))
	case ticket.RecallTried:
		if body.Result == "delivered" {
			return public(b.say("line.recalled"))
		}
		return public(b.say("line.recall_tried", "n", b.count(body.Try, "times")))
	case ticket.PageRaised:
		return internal(b.say("line.page", "reason", body.Reason))
	case ticket.Acknowledged:
		if body.How == "accept_key" {
			return Line{}, false
		}
		return public(b.say("line.acknowledged"))
	case ticket.Sent:
		return b.sent(body)
	case ticket.PlanTold:
		return b.planTold(body)
	case ticket.Unsent:
		return internal(b.say("line.unsent", "channel", b.sayOr("channel."+body.Channel, body.Channel)))
	case ticket.ClientConfirmed:
		l, _ := public(b.say("line.confirmed"))
		l.Source, l.Who = b.say("source.client"), body.With
		return l, true
	}
	return Line{}, false
}

func (b builder) ended(body ticket.CallEnded) (Line, bool) {
	l := Line{Source: b.say("channel.call")}
	switch {
	case body.Talk > 0:
		l.Text = b.say("line.ended", "talk", b.duration(body.Talk))
		l.Who = b.person(body.Person)
	default:
		l.Text = b.sayOr("line.ended."+body.Result, "")
	}
	return l, l.Text != ""
}

// sent is a message that has reached the client: only then it is told.
func (b builder) sent(body ticket.Sent) (Line, bool) {
	i := slices.IndexFunc(b.d.Messages, func(m ticket.Message) bool { return m.Message == body.Message })
	if i < 0 {
		return Line{}, false
	}
	m := b.d.Messages[i]
	l := Line{Source: b.sayOr("channel."+body.Channel, body.Channel)}
	switch m.Purpose {
	case ticket.ForPlan:
		l.Text, l.Key = b.said("line.plan", m.Text), true
	case ticket.ForReply, ticket.ForQuestion:
		l.Text = b.said("line."+string(m.Purpose), m.Text)
		l.Who = b.person(m.By)
	case ticket.ForReport:
		l.Text = b.say("line.report_sent")
	case ticket.ForReceipt:
		l.Text, l.Internal = b.say("line.receipt"), true
	case ticket.ForUpdate, ticket.ForStatus:
		l.Text, l.Internal = b.said("line.message_sent", m.Text), true // the update itself is a line
	default:
		return Line{}, false
	}
	return l, true
}

func (b builder) planTold(body ticket.PlanTold) (Line, bool) {
	for _, p := range b.d.Plans {
		if p.Version == body.Version {
			l, _ := turning(b.say("line.plan_told", "hypothesis", p.Hypothesis, "actions", strings.Join(p.Actions, "; "), "fallback", p.Fallback, "eta", b.moment(p.ETA)))
			return l, true
		}
	}
	return Line{}, false
}

// workLine is what was done.
func (b builder) workLine(e ticket.Event) (Line, bool) {
	switch body := e.Body.(type) {
	case ticket.Noted:
		return Line{Text: strings.Join(strings.Fields(body.Text), " "), Internal: !body.Public}, body.Text != ""
	case ticket.Triaged:
		if body.Summary == "" {
			return Line{}, false
		}
		return public(b.say("line.triaged", "text", body.Summary))
	case ticket.Stepped:
		text := cmp.Or(body.Did, body.Step)
		if body.Result != "done" {
			text += " (" + b.sayOr("step."+body.Result, body.Result) + ")"
		}
		return Line{Text: joinText(text, body.Note), Internal: !body.Public}, true
	case ticket.Connected:
		text := b.say("line.connected", "asset", cmp.Or(b.asset(body.Asset), b.say("line.client_side")), "way", b.sayOr("way."+strings.ToLower(body.Way), body.Way))
		return public(joinText(text, body.Purpose))
	case ticket.SpecialistAsked:
		return internal(b.say("line.specialist_asked", "skill", body.Skill))
	case ticket.SpecialistTook:
		l, _ := public(b.say("line.specialist", "skill", body.Skill))
		l.Who, l.Source = b.person(body.Person), b.say("source.engineer")
		return l, true
	case ticket.HandedOver:
		return public(b.say("line.handed_over", "person", b.person(body.To)))
	case ticket.Assigned:
		return internal(b.say("line.assigned", "person", b.person(body.To)))
	case ticket.Revealed:
		return internal(b.say("line.revealed", "asset", b.asset(body.Asset)))
	}
	return Line{}, false
}

// joinText adds a remark to a text.
func joinText(text, remark string) string {
	if text == "" || remark == "" {
		return text
	}
	return text + " — " + strings.Join(strings.Fields(remark), " ")
}

// actions are the remote sessions and the steps of runbooks that clients are
// told of, by time. Steps that were skipped are none.
func (b builder) actions() (list []Action) {
	for _, s := range b.d.Sessions {
		if !b.hidden(s.Seq) {
			list = append(list, Action{At: s.At, Until: s.Ended, Who: b.person(s.By), Way: s.Way, Asset: b.asset(s.Asset), What: cmp.Or(b.reworded(s.Seq), s.Purpose, b.say("line.remote")), Result: s.Note})
		}
	}
	for _, s := range b.d.Steps {
		if s.Body.Result != "skipped" && b.told(s) {
			list = append(list, Action{At: s.At, Who: b.person(s.By), What: cmp.Or(b.reworded(s.Seq), s.Body.Did, s.Body.Step), Result: cmp.Or(s.Body.Note, b.sayOr("step."+s.Body.Result, s.Body.Result))})
		}
	}
	slices.SortStableFunc(list, func(a, c Action) int { return a.At.Compare(c.At) })
	return list
}

// reworded is the text that a person has given a line.
func (b builder) reworded(seq int) string { return b.d.Curations[seq].Body.Text }

// summary tells the facts in a few sentences, for whoever has not written his own.
func (b builder) summary(m Model) (list []string) {
	add := func(ok bool, key string, kv ...string) {
		if ok {
			list = append(list, sentence(b.say(key, kv...)))
		}
	}
	add(true, "summary.signal", "at", b.moment(m.Head.Known), "title", strings.TrimSuffix(m.Head.Title, "."))
	for _, c := range m.Clocks {
		switch {
		case c.Name == "first_contact" && !c.Stop.IsZero() && len(list) == 1:
			add(true, "summary.contact", "after", b.duration(c.Elapsed))
		case c.Name == "plan" && !c.Stop.IsZero():
			add(true, "summary.plan", "after", b.duration(c.Elapsed))
		}
	}
	add(m.Result.Restored, "summary.restored", "at", b.moment(m.Result.At), "outage", b.duration(m.Head.outage()))
	add(!m.Result.Restored && m.Head.Class == ticket.Incident, "summary.open")
	add(m.Cause.Complete, "summary.cause", "cause", strings.TrimSuffix(m.Cause.Cause, "."))
	add(len(m.Advice) > 0, "summary.advice", "n", b.count(len(m.Advice), "advice"))
	return list
}
