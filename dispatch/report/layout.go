package report

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch/sla"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// Layout arranges a version of a report with its seal.
func Layout(m Model, seal Seal) Document {
	s := newSpeech(m)
	d := Document{
		Language: m.Language, Number: m.Head.Number.String(), Subject: m.Head.Title, Client: m.Head.Client, Provider: m.Provider,
		Title:   s.sayOr("title."+string(m.Head.Class), s.say("title")),
		Edition: s.say("edition", "n", strconv.Itoa(m.Version), "date", s.day(m.MadeAt)),
		Zone:    s.say("zone", "zone", s.zoneName(m.Head.Known)), Page: s.say("page"), Private: s.say("private.nobody"),
	}
	if m.Head.Client != "" {
		d.Private = s.say("private", "client", m.Head.Client)
	}
	if !seal.Approved() {
		d.Draft = s.say("draft")
	}
	d.Running = s.say("running", "title", d.Title, "number", d.Number)
	d.Tiles, d.Fields = s.tiles(m), s.head(m)
	for _, part := range []struct {
		id     string
		blocks []Block
	}{
		{"summary", s.summary(m)},
		{"timeline", s.timeline(m)},
		{"actions", s.actions(m)},
		{"result", s.result(m)},
		{"cause", s.cause(m)},
		{"advice", s.advice(m)},
		{"promises", s.promises(m, seal)},
		{"annex", s.annex(m)},
		{"seal", s.seal(m, seal)},
	} {
		if len(part.blocks) > 0 {
			d.Sections = append(d.Sections, Section{ID: part.id, Number: len(d.Sections) + 1, Title: s.say("section." + part.id), Blocks: part.blocks})
		}
	}
	return d
}

// add appends a field unless it has no value.
func add(fields []Field, name, value string) []Field {
	if value == "" {
		return fields
	}
	return append(fields, Field{name, value})
}

func (s speech) head(m Model) []Field {
	h := m.Head
	var f []Field
	f = add(f, s.say("head.client"), h.Client)
	f = add(f, s.say("head.contract"), h.Contract)
	if h.Category != ticket.Uncategorised {
		f = add(f, s.say("head.category"), s.say("category."+string(h.Category)))
	}
	f = add(f, s.say("head.priority"), s.say("priority."+h.Priority.String()))
	f = add(f, s.say("head.services"), strings.Join(h.Services, ", "))
	f = add(f, s.say("head.assets"), strings.Join(h.Assets, ", "))
	if h.Class == ticket.Incident {
		var spans []string
		for _, o := range h.outages() {
			spans = append(spans, s.span(o.From, o.To))
		}
		f = add(f, s.say("head.outage"), strings.Join(spans, "; "))
	}
	if !h.Known.Equal(h.Began) || h.Class != ticket.Incident {
		f = add(f, s.say("head.known"), s.moment(h.Known))
	}
	f = add(f, s.say("head.engineer"), h.Engineer)
	f = add(f, s.say("head.team"), strings.Join(h.Team, ", "))
	if h.Repeats > 0 {
		f = add(f, s.say("head.repeats"), s.count(h.Repeats, "times"))
	}
	return f
}

// tiles are the figures a director looks for: contact, plan, restoration, outage.
func (s speech) tiles(m Model) []Tile {
	var tiles []Tile
	for _, t := range []struct {
		clock sla.Name
		label string
	}{{sla.FirstContactClock, "tile.contact"}, {sla.PlanClock, "tile.plan"}, {sla.StabiliseClock, "tile.restore"}} {
		i := slices.IndexFunc(m.Clocks, func(c Clock) bool { return c.Name == t.clock })
		if i < 0 || m.Clocks[i].Stop.IsZero() {
			continue
		}
		c := m.Clocks[i]
		tile := Tile{Label: s.say(t.label), Value: s.duration(c.Elapsed), Note: s.say("tile.after")}
		switch {
		case c.Verdict == sla.Breached.String():
			tile.Tone, tile.Note = Bad, s.say("tile.late", "limit", s.limit(c))
		case c.promised():
			tile.Tone, tile.Note = Good, s.say("tile.promised", "limit", s.limit(c))
		}
		tiles = append(tiles, tile)
	}
	outage := Tile{Label: s.say("tile.outage"), Value: s.say("tile.running"), Note: s.say("tile.since", "from", s.moment(m.Head.Began))}
	if !m.Head.Ended.IsZero() {
		outage.Value = s.duration(m.Head.outage())
	}
	if m.Head.Class == ticket.Incident && (m.Result.Restored || m.Head.Ended.IsZero()) {
		tiles = append(tiles, outage)
	}
	return tiles
}

// outages are the spans of the trouble; a report without them has one.
func (h Head) outages() []Outage {
	if len(h.Outages) > 0 {
		return h.Outages
	}
	return []Outage{{h.Began, h.Ended}}
}

// outage is how long the trouble lasted in all; a span without an end is not counted.
func (h Head) outage() (sum time.Duration) {
	for _, o := range h.outages() {
		if !o.To.IsZero() {
			sum += o.To.Sub(o.From)
		}
	}
	return sum
}

// promised reports whether a clock has a limit.
func (c Clock) promised() bool { return c.By || c.Limit > 0 || c.Days > 0 }

// limit is what was promised, in words: by when, or in less than how long.
func (s speech) limit(c Clock) string {
	switch {
	case c.By:
		return s.say("limit.by", "at", s.near(c.Due, c.Start))
	case c.Days > 0:
		return s.say("limit.less", "limit", s.count(c.Days, "fewer"))
	}
	return s.say("limit.less", "limit", s.duration(c.Limit))
}

// near is a moment, with its date only when that is another than that of the other moment.
func (s speech) near(t, other time.Time) string {
	if s.day(t) == s.day(other) {
		return s.clock(t)
	}
	return s.moment(t)
}

func (s speech) summary(m Model) []Block {
	var blocks []Block
	if len(m.Summary) > 0 {
		var all []string
		for _, text := range m.Summary {
			all = append(all, sentence(text))
		}
		blocks = append(blocks, Para{Text: strings.Join(all, " "), Lead: true})
	}
	return blocks
}

// timeline is the chronology, a group a day.
func (s speech) timeline(m Model) []Block {
	if len(m.Timeline) == 0 {
		return nil
	}
	width := 14.0
	if s.offsets {
		width = 24
	}
	t := Table{Columns: []Column{{s.say("col.time"), width, true, false}, {s.say("col.source"), 28, true, false}, {s.say("col.event"), 1, false, false}}}
	for _, l := range m.Timeline {
		day := s.weekday(l.At)
		if len(t.Groups) == 0 || t.Groups[len(t.Groups)-1].Name != day {
			t.Groups = append(t.Groups, Group{Name: day})
		}
		g := &t.Groups[len(t.Groups)-1]
		text := l.Text
		if !l.Own.IsZero() && !l.Own.Equal(l.At) {
			text = strings.TrimSuffix(sentence(text), ".") + " (" + s.say("line.own", "time", s.own(l)) + ")"
		}
		source := l.Source
		if l.Who != "" {
			source = l.Who
		}
		g.Rows = append(g.Rows, Row{Cells: []string{s.clock(l.At), source, sentence(text)}, Key: l.Key, Tones: map[int]Tone{1: Muted}})
	}
	return []Block{t}
}

// own is the log's own time of a line that is shown at another one.
func (s speech) own(l Line) string {
	if s.day(l.Own) != s.day(l.At) {
		return s.moment(l.Own)
	}
	return s.clock(l.Own)
}

func (s speech) actions(m Model) []Block {
	var blocks []Block
	if len(m.Actions) > 0 {
		t := Table{Columns: []Column{{s.say("col.time"), 22, true, false}, {s.say("col.who"), 25, true, false}, {s.say("col.action"), 2, false, false}, {s.say("col.way"), 24, true, false}, {s.say("col.result"), 1.25, false, false}}}
		several := s.day(m.Actions[0].At) != s.day(m.Actions[len(m.Actions)-1].At)
		for _, a := range m.Actions {
			name := ""
			if several {
				name = s.weekday(a.At)
			}
			if len(t.Groups) == 0 || t.Groups[len(t.Groups)-1].Name != name {
				t.Groups = append(t.Groups, Group{Name: name})
			}
			g := &t.Groups[len(t.Groups)-1]
			g.Rows = append(g.Rows, s.actionRow(a))
		}
		blocks = append(blocks, t)
	}
	if len(m.Effort) > 0 {
		t := Table{Columns: []Column{{s.say("col.person"), 1, false, false}, {s.say("col.effort"), 40, true, true}}}
		g, total := Group{}, time.Duration(0)
		for _, e := range m.Effort {
			total += e.Time
			g.Rows = append(g.Rows, Row{Cells: []string{e.Who, s.duration(e.Time)}})
		}
		if len(m.Effort) > 1 {
			g.Rows = append(g.Rows, Row{Cells: []string{s.say("total"), s.duration(total)}, Strong: true})
		}
		t.Groups = []Group{g}
		blocks = append(blocks, t)
	}
	return blocks
}

func (s speech) actionRow(a Action) Row {
	when := s.clock(a.At)
	if !a.Until.IsZero() && s.clock(a.Until) != when {
		when += "–" + s.clock(a.Until)
	}
	way := join(s.sayOr("way."+strings.ToLower(a.Way), a.Way), a.Asset)
	return Row{Cells: []string{when, a.Who, sentence(a.What), way, a.Result}}
}

func (s speech) result(m Model) []Block {
	r := m.Result
	if m.Head.Class != ticket.Incident && !r.Restored && r.Statement == "" {
		return nil
	}
	var f []Field
	f = add(f, s.say("result.statement"), sentence(r.Statement))
	f = add(f, s.say("result.check"), sentence(r.Check))
	loss := sentence(r.Loss)
	if loss == "" && r.Restored {
		loss = sentence(s.say("result.loss.none"))
	}
	f = add(f, s.say("result.loss"), loss)
	f = add(f, s.say("result.risks"), sentence(r.Risks))
	blocks := []Block{Para{Text: s.say("result.not_restored"), Tone: Bad}}
	if r.Restored {
		blocks[0] = Para{Text: s.say("result.restored", "at", s.moment(r.At)), Tone: Good}
		switch {
		case r.Confirmed.IsZero():
			f = add(f, s.say("result.confirmed"), s.say("result.confirmed.no"))
		case r.By == "":
			f = add(f, s.say("result.confirmed"), s.say("result.confirmed.yes", "at", s.moment(r.Confirmed)))
		default:
			f = add(f, s.say("result.confirmed"), s.say("result.confirmed.by", "at", s.moment(r.Confirmed), "who", r.By))
		}
	}
	if len(f) > 0 {
		blocks = append(blocks, Fields{f})
	}
	return blocks
}

func (s speech) cause(m Model) []Block {
	c := m.Cause
	if c.IsZero() {
		if m.Head.Class != ticket.Incident {
			return nil
		}
		return []Block{Para{Text: s.say("cause.none"), Tone: Muted}}
	}
	var blocks []Block
	if !c.Complete {
		blocks = append(blocks, Para{Text: s.say("cause.pending"), Tone: Muted})
	}
	var f []Field
	f = add(f, s.say("cause.cause"), sentence(c.Cause))
	if c.Class != "" {
		f = add(f, s.say("cause.class"), s.sayOr("class."+c.Class, c.Class))
	}
	f = add(f, s.say("cause.caught"), sentence(c.NotCaught))
	f = add(f, s.say("cause.fixed"), sentence(c.Fixed))
	if len(f) > 0 {
		blocks = append(blocks, Fields{f})
	}
	for _, l := range []List{
		{s.say("cause.whys"), true, c.Whys}, {s.say("cause.factors"), false, c.Factors}, {s.say("cause.evidence"), false, c.Evidence},
	} {
		if len(l.Items) > 0 {
			blocks = append(blocks, l)
		}
	}
	return blocks
}

func (s speech) advice(m Model) []Block {
	var blocks []Block
	if len(m.Advice) == 0 {
		blocks = append(blocks, Para{Text: s.say("advice.none"), Tone: Muted})
	} else {
		blocks = append(blocks, Para{Text: s.say("advice.intro")}, Items{s.items(m.Advice)})
	}
	if len(m.Earlier) > 0 {
		blocks = append(blocks, Para{Text: s.say("advice.earlier") + ":"}, Items{s.items(m.Earlier)})
	}
	return blocks
}

func (s speech) items(advice []Advice) []Item {
	var items []Item
	for _, a := range advice {
		var detail []string
		put := func(key, value string) {
			if value != "" {
				detail = append(detail, s.say(key, "value", value))
			}
		}
		if a.Done {
			detail = append(detail, s.say("advice.done"))
		}
		if a.Priority != 0 {
			put("advice.priority", s.say("priority."+a.Priority.String()))
		}
		put("advice.owner", a.Owner)
		put("advice.due", s.day(a.Due))
		if a.Effort > 0 {
			put("advice.effort", s.duration(a.Effort))
		}
		put("advice.from", a.Ticket)
		item := Item{Text: sentence(a.Text)}
		if len(detail) > 0 {
			item.Detail = strings.ToUpper(string([]rune(detail[0])[:1])) + string([]rune(strings.Join(detail, " · "))[1:])
		}
		items = append(items, item)
	}
	return items
}

// seal says how the document can be told from another one.
func (s speech) seal(m Model, seal Seal) []Block {
	var f []Field
	f = add(f, s.say("seal.made"), join(s.moment(m.MadeAt), m.MadeBy))
	approved := s.say("seal.approved.no")
	if seal.Approved() {
		approved = join(s.moment(seal.ApprovedAt), seal.ApprovedBy)
	}
	f = add(f, s.say("seal.approved"), approved)
	if !seal.SentAt.IsZero() {
		f = add(f, s.say("seal.sent"), join(s.moment(seal.SentAt), strings.Join(s.channels(seal.SentBy), ", ")))
	}
	f = add(f, s.say("seal.opened"), s.moment(seal.OpenedAt))
	f = add(f, s.say("seal.hash"), seal.Hash)
	f = add(f, s.say("seal.log"), s.say("seal.log.value", "seq", strconv.Itoa(m.LogSeq), "hash", m.LogHead))
	if m.Redacted > 0 {
		f = add(f, s.say("seal.redacted"), s.count(m.Redacted, "places"))
	}
	return []Block{Fields{f}}
}

// channels are the names of channels as people read them.
func (s speech) channels(list []string) []string {
	names := make([]string, len(list))
	for i, c := range list {
		names[i] = s.sayOr("channel."+c, c)
	}
	return names
}

func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + ", " + b
}
