package report

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch/sla"
)

// promises is the table of clocks, the pauses, and the times that were named.
func (s speech) promises(m Model, seal Seal) []Block {
	var blocks []Block
	if len(m.Clocks) > 0 {
		t := Table{Columns: []Column{{s.say("col.clock"), 1, false, false}, {s.say("col.limit"), 38, true, false}, {s.say("col.actual"), 32, true, false}, {s.say("col.verdict"), 36, true, false}}}
		g := Group{}
		for _, c := range m.Clocks {
			row := s.clockRow(c)
			if c.Name == sla.ReportClock && c.Stop.IsZero() {
				row = s.itself(c, row, seal)
			}
			g.Rows = append(g.Rows, row)
		}
		t.Groups = []Group{g}
		blocks = append(blocks, t)
	}
	if !m.Promise.IsZero() {
		blocks = append(blocks, Fields{s.named(m)})
	}
	if len(m.Pauses) > 0 {
		g, name := Group{}, s.say("pauses")
		for _, p := range m.Pauses {
			to := s.moment(p.To)
			if to == "" {
				to = s.say("pause.open")
			}
			g.Rows = append(g.Rows, Row{Cells: []string{s.moment(p.From), to, join(s.sayOr("pause."+string(p.Reason), string(p.Reason)), p.Note)}})
		}
		blocks = append(blocks, Table{Name: name, Columns: []Column{{s.say("col.from"), 42, true, false}, {s.say("col.to"), 42, true, false}, {s.say("col.reason"), 1, false, false}}, Groups: []Group{g}})
	}
	return blocks
}

func (s speech) clockRow(c Clock) Row {
	name := s.sayOr("clock."+string(c.Name), string(c.Name))
	if c.Of != "" {
		name = s.say("clock.of", "clock", name, "who", c.Of)
	}
	limit, actual := s.say("limit.none"), ""
	if c.promised() {
		limit = s.limit(c)
	}
	if c.Verdict != sla.Idle.String() {
		actual = s.duration(c.Elapsed)
	}
	r := Row{Cells: []string{name, limit, actual, s.sayOr("verdict."+c.Verdict, c.Verdict)}, Tones: map[int]Tone{}}
	var notes []string
	switch {
	case c.Verdict == sla.Breached.String():
		r.Tones[3] = Bad
		if c.Why != "" {
			notes = append(notes, s.say("clock.why", "text", sentence(c.Why)))
		} else {
			notes = append(notes, s.say("clock.unexplained"))
		}
	case strings.HasPrefix(c.Verdict, sla.Met.String()):
		r.Tones[3] = Good
	default:
		r.Tones[3] = Muted
	}
	const worthAWord = time.Minute
	if c.Lag >= worthAWord {
		notes = append(notes, s.say("clock.lag", "lag", s.duration(c.Lag)))
	}
	if !c.Tried.IsZero() && c.Verdict != sla.Met.String() {
		notes = append(notes, s.say("clock.tried", "at", s.moment(c.Tried)))
	}
	if c.Periods > 1 {
		notes = append(notes, s.say("clock.periods", "n", strconv.Itoa(c.Periods), "missed", strconv.Itoa(c.Missed)))
	}
	r.Note = strings.Join(notes, " ")
	return r
}

// itself is the promise of the report that the reader holds: when it was made,
// it had not been sent.
func (s speech) itself(c Clock, r Row, seal Seal) Row {
	if seal.SentAt.IsZero() {
		r.Cells[2], r.Cells[3] = s.say("clock.itself"), ""
		return r
	}
	verdict, tone := sla.Met, Good
	if !c.Due.IsZero() && seal.SentAt.After(c.Due) {
		verdict, tone = sla.Breached, Bad
	}
	r.Cells[2], r.Cells[3], r.Tones = s.moment(seal.SentAt), s.say("verdict."+verdict.String()), map[int]Tone{3: tone}
	return r
}

// named says which times of restoration were named, and whether they held.
func (s speech) named(m Model) []Field {
	p := m.Promise
	field := func(key string, at time.Time, verdict string) Field {
		how := map[string]string{sla.Met.String(): "promise.kept", sla.Breached.String(): "promise.missed"}[verdict]
		return Field{s.say(key), s.say(cmp.Or(how, "promise.open"), "at", s.moment(at))}
	}
	f := []Field{field("promise.first", p.First, p.FirstVerdict)}
	if p.Times > 1 {
		f = append(f, field("promise.last", p.Last, p.LastVerdict))
	}
	if p.Late > 0 {
		f = append(f, Field{s.say("promise.late"), strconv.Itoa(p.Late)})
	}
	return f
}

func (s speech) annex(m Model) []Block {
	var blocks []Block
	if len(m.Calls) > 0 {
		g, name := Group{}, s.say("annex.calls")
		for _, c := range m.Calls {
			talk := c.Result
			if c.Talk > 0 {
				talk = s.duration(c.Talk)
			}
			g.Rows = append(g.Rows, Row{Cells: []string{s.moment(c.At), join(s.sayOr("call."+c.Way, c.Way), c.Number), c.Who, talk}})
		}
		blocks = append(blocks, Table{Name: name, Columns: []Column{{s.say("col.time"), 42, true, false}, {s.say("col.number"), 1, false, false}, {s.say("col.who"), 1, false, false}, {s.say("col.talk"), 30, true, true}}, Groups: []Group{g}})
	}
	if len(m.Messages) > 0 {
		g, name := Group{}, s.say("annex.messages")
		for _, msg := range m.Messages {
			what := join(s.sayOr("purpose."+string(msg.Purpose), string(msg.Purpose)), msg.Subject)
			g.Rows = append(g.Rows, Row{Cells: []string{s.moment(msg.At), what, join(s.sayOr("channel."+msg.Channel, msg.Channel), msg.To), s.say("state." + msg.State)}})
		}
		blocks = append(blocks, Table{Name: name, Columns: []Column{{s.say("col.time"), 42, true, false}, {s.say("col.message"), 1, false, false}, {s.say("col.to_whom"), 1.2, false, false}, {s.say("col.state"), 30, true, false}}, Groups: []Group{g}})
	}
	if len(m.Answers) > 0 {
		g, name := Group{}, s.say("annex.answers")
		for _, a := range m.Answers {
			g.Rows = append(g.Rows, Row{Cells: []string{a.Asked, a.Answer}})
		}
		blocks = append(blocks, Table{Name: name, Columns: []Column{{s.say("col.question"), 1, false, false}, {s.say("col.answer"), 1, false, false}}, Groups: []Group{g}})
	}
	if len(m.Files) > 0 {
		g, name := Group{}, s.say("annex.files")
		for _, f := range m.Files {
			size := ""
			if f.Bytes > 0 {
				size = s.size(f.Bytes)
			}
			g.Rows = append(g.Rows, Row{Cells: []string{f.Name, size, f.Hash}, Tones: map[int]Tone{2: Muted}})
		}
		blocks = append(blocks, Table{Name: name, Columns: []Column{{s.say("col.file"), 1.2, false, false}, {s.say("col.size"), 22, true, true}, {s.say("col.hash"), 1, false, false}}, Groups: []Group{g}})
	}
	return blocks
}
