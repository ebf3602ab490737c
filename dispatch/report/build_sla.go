package report

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/sla"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// clocks are the promises that were made; a clock without a promise stands in
// the report when it was stopped.
func (b builder) clocks() (list []Clock) {
	reporters := 0
	for _, s := range b.d.Stories {
		if !s.Gone && !b.foreign(s.Report) {
			reporters++
		}
	}
	for _, c := range b.src.Clocks {
		promised := c.Limit > 0 || c.Days > 0 || !c.Due.IsZero()
		if c.Verdict == sla.Void || !promised && c.Stop.IsZero() || c.Report > 0 && b.foreign(c.Report) {
			continue
		}
		row := b.clock(c)
		if c.Name == sla.FirstContactClock && reporters > 1 {
			row.Of = b.reporter(c.Report)
		}
		list = append(list, row)
	}
	return list
}

// clock is one promise with its verdict as the client reads it.
func (b builder) clock(c sla.Clock) Clock {
	row := Clock{Name: c.Name, Start: c.Start, Due: c.Due, Stop: c.Stop, Limit: c.Limit, Days: c.Days, Elapsed: c.Elapsed, Verdict: c.Verdict.String(), Lag: c.Lag, Tried: c.Tried}
	if c.Verdict == sla.Met && c.Manner != sla.ByContact {
		row.Verdict = string(c.Manner)
	}
	row.By = c.ETA != nil && (c.Due.Equal(c.ETA.LastDue) || c.Due.Equal(c.ETA.FirstDue)) // by the time that was named, not by the contract
	if c.Name == sla.UpdateClock {
		row.Periods, row.Missed, row.Elapsed = c.Periods, c.Missed, max(c.Longest, c.Elapsed) // by the longest the promise is judged
		if c.Missed > 0 {
			row.Verdict = sla.Breached.String()
		}
	}
	if row.Verdict == sla.Breached.String() {
		row.Why = b.explained(c)
	}
	return row
}

// explained is the latest justification of a clock that was not met.
func (b builder) explained(c sla.Clock) string {
	why := ""
	for _, e := range b.d.Explained {
		if e.Body.Clock == c.Name && (e.Body.Report == c.Report || e.Body.Report == 0) {
			why = e.Body.Text
		}
	}
	return why
}

// reporter names whose report it is.
func (b builder) reporter(report int) string {
	for _, s := range b.d.Stories {
		if s.Report == max(report, 1) {
			return cmp.Or(s.From.Name, s.From.Client.ContactName, s.From.Client.OrgName, b.sayOr("channel."+s.From.Channel, s.From.Channel))
		}
	}
	return ""
}

// promise are the times of restoration that were named, as the clock has them.
func (b builder) promise() Promise {
	for _, c := range b.src.Clocks {
		if c.Name == sla.StabiliseClock && c.ETA != nil {
			return Promise{
				First: c.ETA.First, FirstVerdict: c.ETA.FirstVerdict.String(), Last: c.ETA.Last, LastVerdict: c.ETA.LastVerdict.String(),
				Times: c.ETA.Revised + 1, Late: c.ETA.Late,
			}
		}
	}
	return Promise{}
}

func (b builder) pauses() (list []Pause) {
	for _, p := range b.d.Pauses {
		from := p.From
		if from.IsZero() {
			from = p.At
		}
		to := p.Resumed
		if to.IsZero() && !p.Until.After(b.src.Now) {
			to = p.Until
		}
		list = append(list, Pause{From: from, To: to, Reason: p.Reason, Note: p.Note})
	}
	return list
}

func (b builder) calls() (list []Call) {
	for _, c := range b.d.Calls {
		if b.foreign(c.Report) {
			continue
		}
		result := ""
		if c.Talk == 0 {
			result = b.sayOr("result."+c.Result, "")
		}
		list = append(list, Call{At: c.At, Way: "in", Number: mask(c.Caller), Who: b.person(c.Person), Talk: c.Talk, Result: result})
	}
	for _, e := range b.d.Log {
		switch body := e.Body.(type) {
		case ticket.Contacted:
			if body.Channel == "call" && !b.foreign(body.Report) {
				list = append(list, Call{At: e.At, Way: "back", Number: body.With, Who: b.person(e.By), Talk: body.Talk})
			}
		case ticket.ContactTried:
			if body.Channel == "call" && !b.foreign(body.Report) {
				list = append(list, Call{At: e.At, Way: "back", Who: b.person(e.By), Result: b.sayOr("tried."+body.Result, body.Result)})
			}
		}
	}
	slices.SortStableFunc(list, func(a, c Call) int { return a.At.Compare(c.At) })
	return list
}

func (b builder) messages() (list []Message) {
	for _, m := range b.d.Messages {
		if b.foreign(m.Report) {
			continue
		}
		state, channel := "waits", m.To.Channel
		switch {
		case !m.FailedAt.IsZero():
			state = "failed"
		case !m.SentAt.IsZero():
			state, channel = "sent", cmp.Or(m.SentBy, channel)
		}
		subject := strings.TrimSpace(strings.TrimPrefix(m.Subject, "["+b.d.Ticket.Number.String()+"]"))
		if m.Purpose != ticket.ForReply && m.Purpose != ticket.ForQuestion {
			subject = "" // the purpose says it
		}
		to := ""
		if channel == m.To.Channel {
			to = maskAddress(m.To)
		}
		list = append(list, Message{At: m.At, Purpose: m.Purpose, Channel: channel, To: to, Subject: subject, State: state})
	}
	return list
}

// answers are those of the check lists, in words.
func (b builder) answers() (list []Answer) {
	for _, a := range b.d.Answers {
		text := a.Body.Answer
		switch a.Body.Type {
		case "yes_no":
			text = b.sayOr(text, text)
		case "time":
			if at, err := time.Parse(time.RFC3339, text); err == nil {
				text = b.moment(at)
			}
		}
		if text != "" {
			list = append(list, Answer{cmp.Or(a.Body.Asked, a.Body.Question), text})
		}
	}
	return list
}

// files are the attachments of all signals, once each.
func (b builder) files() (list []File) {
	seen := map[string]bool{}
	for _, s := range b.d.Stories {
		if b.foreign(s.Report) {
			continue
		}
		for _, signal := range s.Signals {
			for _, hash := range signal.Files {
				if f := b.src.Files[hash]; !seen[hash] {
					seen[hash] = true
					list = append(list, File{cmp.Or(f.Name, "–"), f.Bytes, hash})
				}
			}
		}
	}
	return list
}

// mask hides the middle of a number: a report goes through many hands.
func mask(n client.Number) string {
	s := string(n)
	const head, tail = 5, 2
	if len(s) < head+tail+3 {
		return s
	}
	return s[:head] + strings.Repeat("*", len(s)-head-tail) + s[len(s)-tail:]
}

// maskAddress hides who exactly is written to.
func maskAddress(to ticket.Contact) string {
	if name, domain, mail := strings.Cut(to.Address, "@"); mail && name != "" {
		return string([]rune(name)[:1]) + "***@" + domain
	}
	if strings.HasPrefix(to.Address, "+") {
		return mask(client.Number(to.Address))
	}
	return to.Name
}
