package ticket

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch/sla"
)

// Compile folds a whole log, oldest event first, into its dossier.
func Compile(log []Event) (Dossier, error) {
	d := Dossier{Log: log}
	for _, e := range log {
		t, err := d.Ticket.Apply(e)
		if err != nil {
			return d, fmt.Errorf("compile dossier from event %d: %w", e.Seq, err)
		}
		d.Ticket = t
		d.Seq, d.Head = e.Seq, e.Hash
		d.take(e)
		if n := len(d.Cycles); n > 0 && t.Stage != Merged {
			d.Cycles[n-1].Stamps = t.Stamps
		}
	}
	d.Untold = Untold(log)
	if len(log) > 0 {
		d.Policy = Policy(log, log[len(log)-1].At)
	}
	for _, s := range d.Stories {
		if !s.Gone && (d.T0.IsZero() || s.T0.Before(d.T0)) {
			d.T0 = s.T0
		}
	}
	return d, nil
}

// Clocks reads the ticket's clocks at now.
func (d Dossier) Clocks(now time.Time) []sla.Clock { return Clocks(d.Log, now) }

// take puts one line where it belongs. What only the log tells (attempts,
// pages, notes, moves) is in Log.
func (d *Dossier) take(e Event) {
	if !d.takeSignal(e) && !d.takeWord(e) && !d.takeWork(e) {
		d.takeRecord(e)
	}
}

func line[T Body](e Event, b T) Line[T] {
	return Line[T]{Seq: e.Seq, At: e.At, By: e.By, Channel: e.Channel, Body: b}
}

// takeSignal takes what comes from the client's side, and calls.
func (d *Dossier) takeSignal(e Event) bool {
	switch b := e.Body.(type) {
	case Opened:
		d.open(b, e)
	case Joined:
		n := max(1, b.Report)
		d.Calls = append(d.Calls, Call{ID: b.Call, Report: n, Caller: b.Caller, Name: b.Name, Line: b.Line, At: e.At})
		d.signal(n, SignalLine{Seq: e.Seq, At: e.At, Signal: "call/" + b.Call, From: caller(string(b.Caller), b.Name)})
	case Signalled:
		d.signal(max(1, b.Report), SignalLine{
			Seq: e.Seq, At: e.At, Signal: b.Signal, From: b.From, Text: b.Text, Files: b.Files, Machine: b.Machine, Recovery: b.Recovery,
		})
	case Reported:
		d.report(b, e)
	case T0Moved:
		if s := d.story(max(1, b.Report)); s != nil && b.To.Before(s.T0) {
			s.T0 = b.To
		}
	case Accepted:
		c := d.call(b.Call, e.At)
		c.Accepted, c.Person = e.At, b.Person
	case CallEnded:
		c := d.call(b.Call, e.At)
		c.Ended, c.Result, c.Talk, c.Recording = e.At, b.Result, b.Talk, b.Recording
		if b.Person != "" {
			c.Person = b.Person
		}
	case Noted:
		for i := range d.Calls {
			if b.Contact != "" && d.Calls[i].ID == b.Contact {
				d.Calls[i].Confirmed = true
			}
		}
	default:
		return false
	}
	return true
}

func (d *Dossier) open(b Opened, e Event) {
	d.Opened = b
	d.Cycles = []Cycle{{From: e.At, Report: 1}}
	s := Story{Report: 1, T0: e.At, From: b.From, Text: b.Text, Machine: b.Machine, Skewed: b.Skewed, Occurred: b.Occurred}
	if b.Policy != nil && b.Policy.CountFromOccurrence && b.Machine && !b.Occurred.IsZero() && b.Occurred.Before(e.At) {
		s.T0 = b.Occurred
	}
	id := b.Signal
	if b.Call != "" {
		id = "call/" + b.Call
		s.From = caller(string(b.Caller), b.Name)
		s.From.Party, s.From.Client = b.Party, b.Client
		d.Calls = append(d.Calls, Call{ID: b.Call, Report: 1, Caller: b.Caller, Name: b.Name, Line: b.Line, At: e.At})
	}
	s.Signals = []SignalLine{{Seq: e.Seq, At: e.At, Signal: id, From: s.From, Text: b.Text, Files: b.Files, Machine: b.Machine}}
	d.Stories = []Story{s}
}

// caller is the contact that a telephone number is.
func caller(number, name string) Contact {
	return Contact{Channel: "call", Address: number, Name: name}
}

func (d *Dossier) report(b Reported, e Event) {
	s := Story{Report: b.Report, T0: e.At, From: b.From, Text: b.Text, Machine: b.Machine, Skewed: b.Skewed, Source: b.Source, Origin: b.Origin}
	if !b.T0.IsZero() {
		s.T0 = b.T0
	}
	s.Signals = []SignalLine{{Seq: e.Seq, At: s.T0, Signal: b.Signal, From: b.From, Text: b.Text, Machine: b.Machine}}
	if call, ok := strings.CutPrefix(b.Signal, "call/"); ok && b.Source == "" {
		d.call(call, e.At).Report = b.Report
	}
	d.Stories = append(d.Stories, s)
}

// story returns the report with a number; nil = there is none.
func (d *Dossier) story(n int) *Story {
	if i := slices.IndexFunc(d.Stories, func(s Story) bool { return s.Report == n }); i >= 0 {
		return &d.Stories[i]
	}
	return nil
}

func (d *Dossier) signal(report int, s SignalLine) {
	if story := d.story(report); story != nil {
		story.Signals = append(story.Signals, s)
	}
}

// call returns a call of the ticket. One that no signal announced is a call
// back to the first requester.
func (d *Dossier) call(id string, at time.Time) *Call {
	i := slices.IndexFunc(d.Calls, func(c Call) bool { return c.ID == id })
	if i < 0 {
		i = len(d.Calls)
		d.Calls = append(d.Calls, Call{ID: id, Report: 1, At: at})
	}
	return &d.Calls[i]
}

// takeWord takes what was told to the client, or said by him.
func (d *Dossier) takeWord(e Event) bool {
	switch b := e.Body.(type) {
	case Messaged:
		d.Messages = append(d.Messages, Message{Seq: e.Seq, At: e.At, By: e.By, Messaged: b})
	case Sent:
		d.sent(b, e.At)
	case Unsent:
		d.unsent(b, e.At)
	case Contacted:
		d.contact(b, e)
	case ContactTried:
		d.Tries = append(d.Tries, line(e, b))
	case PlanTold:
		d.told(b.Version, Telling{At: e.At, By: e.By, Channel: "call", With: b.With})
	case Updated:
		d.Updates = append(d.Updates, line(e, b))
	case ClientConfirmed:
		d.Confirmed = append(d.Confirmed, line(e, b))
	case ReportRead:
		if v := d.version(b.Version); v != nil && v.OpenedAt.IsZero() {
			v.OpenedAt, v.How = e.At, b.How
		}
	case Rated:
		d.Ratings = append(d.Ratings, line(e, b))
	default:
		return false
	}
	return true
}

func (d *Dossier) message(id string) *Message {
	if i := slices.IndexFunc(d.Messages, func(m Message) bool { return m.Message == id }); i >= 0 {
		return &d.Messages[i]
	}
	return nil
}

func (d *Dossier) sent(b Sent, at time.Time) {
	m := d.message(b.Message)
	if m == nil {
		return
	}
	m.SentAt, m.SentBy, m.SentRef = at, b.Channel, b.Ref
	m.FailedAt, m.Hard, m.Cause = time.Time{}, false, ""
	switch m.Purpose {
	case ForPlan:
		d.told(m.Version, Telling{At: at, By: m.By, Channel: b.Channel, With: m.To.Name, Message: m.Message})
	case ForReport:
		d.delivered(m.Version)
	case ForReceipt, ForReply, ForUpdate, ForStatus, ForQuestion:
	}
}

// unsent notes a failure. A hard one takes the sending away, and what it told,
// unless another way has told it too.
func (d *Dossier) unsent(b Unsent, at time.Time) {
	m := d.message(b.Message)
	if m == nil {
		return
	}
	m.FailedAt, m.Cause = at, b.Cause
	if !b.Hard || b.Channel != "" && m.SentBy != b.Channel {
		m.Hard = m.Hard || b.Hard
		return
	}
	m.Hard, m.SentAt, m.SentBy, m.SentRef = true, time.Time{}, "", ""
	if p := d.plan(m.Version); p != nil && m.Purpose == ForPlan {
		p.tell(slices.DeleteFunc(p.Tellings, func(t Telling) bool { return t.Message == m.Message }))
	}
	if m.Purpose == ForReport {
		d.delivered(m.Version)
	}
}

// delivered notes when a version of the report was first sent.
func (d *Dossier) delivered(version int) {
	v := d.version(version)
	if v == nil {
		return
	}
	v.SentAt = time.Time{}
	for _, m := range d.Messages {
		if m.Purpose == ForReport && m.Version == version && !m.SentAt.IsZero() && (v.SentAt.IsZero() || m.SentAt.Before(v.SentAt)) {
			v.SentAt = m.SentAt
		}
	}
}

// contact notes a call back that was answered.
func (d *Dossier) contact(b Contacted, e Event) {
	if b.Channel != "call" || b.Ref == "" {
		return
	}
	c := d.call(b.Ref, e.At)
	c.Report, c.Name, c.Confirmed = max(1, b.Report), b.With, c.Confirmed || b.Note != ""
	if c.Accepted.IsZero() {
		c.Accepted, c.Person, c.Talk = e.At, e.By, b.Talk
	}
}

func (d *Dossier) plan(version int) *Plan {
	if i := slices.IndexFunc(d.Plans, func(p Plan) bool { return p.Version == version }); i >= 0 {
		return &d.Plans[i]
	}
	return nil
}

// told notes that the client knows a version of the plan.
func (d *Dossier) told(version int, t Telling) {
	if p := d.plan(version); p != nil {
		p.tell(append(p.Tellings, t))
	}
}

// tell sets how the client knows the plan.
func (p *Plan) tell(tellings []Telling) {
	p.Tellings, p.ToldAt = tellings, time.Time{}
	if len(tellings) > 0 {
		p.ToldAt = tellings[0].At
	}
}

func (d *Dossier) version(n int) *Version {
	if i := slices.IndexFunc(d.Versions, func(v Version) bool { return v.Version == n }); i >= 0 {
		return &d.Versions[i]
	}
	return nil
}
