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

// Source is all that a report is made from.
type Source struct {
	Dossier  ticket.Dossier
	Clocks   []sla.Clock
	Client   client.Organisation // zero = nobody knows who it is
	Earlier  []Advice            // of the client's earlier reports, not carried out yet
	Files    map[string]File     // of attachments, by hash
	Provider Provider
	Person   func(id string) string // a person's name; nil = the id itself
	Language string
	Zone     string // IANA
	Version  int
	By       string    // who makes it, by name
	Now      time.Time // when
	Summary  []string  // in the author's words; empty = in ours, from the facts
	Rules    Rules
}

// Build makes a version of the report from the log as it stands.
func Build(src Source) Model {
	b := newBuilder(src)
	d := src.Dossier
	m := Model{
		Schema: Schema, Language: b.language(), Zone: b.zone.String(), Version: src.Version, MadeAt: src.Now.UTC().Truncate(time.Microsecond), MadeBy: src.By,
		LogSeq: d.Seq, LogHead: d.Head, Provider: src.Provider,
		Head: b.head(), Effort: b.effort(), Result: b.result(), Cause: b.cause(), Advice: b.advice(), Earlier: src.Earlier,
		Clocks: b.clocks(), Pauses: b.pauses(), Calls: b.calls(), Messages: b.messages(), Answers: b.answers(), Files: b.files(), Actions: b.actions(),
	}
	for _, l := range b.lines() {
		if !l.Internal {
			m.Timeline = append(m.Timeline, l)
		}
	}
	m.Promise = b.promise()
	m.Written = len(src.Summary) > 0
	if m.Summary = src.Summary; !m.Written {
		m.Summary = b.summary(m)
	}
	return src.Rules.apply(m)
}

// Lines returns all lines of the log as they may stand in a report, the internal
// ones too, with the curation as it is: what a person curates.
func Lines(src Source) []Line {
	b := newBuilder(src)
	lines, brush := b.lines(), src.Rules.brush(b.say("redacted"))
	for i, l := range lines {
		lines[i].Text, _ = brush.hide(l.Text)
	}
	return lines
}

// builder turns a dossier into the parts of a model.
type builder struct {
	speech
	src Source
	d   ticket.Dossier
}

func newBuilder(src Source) builder {
	if src.Person == nil {
		src.Person = func(id string) string { return id }
	}
	return builder{newSpeech(Model{Language: src.Language, Zone: src.Zone}), src, src.Dossier}
}

func (b builder) language() string {
	if b.ru {
		return "ru"
	}
	return "en"
}

// The authors of lines that are no persons.
const (
	byVahta  = "vahta"
	byCaller = "caller"
	byClient = "client"
)

// person names a person; who is none has no name.
func (b builder) person(id string) string {
	if id == "" || id == byVahta || id == byCaller || id == byClient {
		return ""
	}
	return b.src.Person(id)
}

// foreign reports whether a report of the ticket is another client's: one ticket
// may serve several, and none reads what the others have told. 0 is all reports.
func (b builder) foreign(report int) bool {
	for _, s := range b.d.Stories {
		if s.Report == report {
			org := s.From.Client.Org
			return org != "" && org != b.d.Ticket.Client.Org
		}
	}
	return false
}

// asset names an asset of the client; one that is on no card keeps its id.
func (b builder) asset(id string) string {
	if a, ok := b.src.Client.Asset(id); ok {
		return a.Name
	}
	return id
}

func (b builder) head() Head {
	d, t := b.d, b.d.Ticket
	h := Head{
		Number: t.Number, Client: cmp.Or(b.src.Client.Name, t.Client.OrgName), Contract: b.src.Client.Contract.ID, Class: t.Class,
		Category: cmp.Or(d.Triage.Category, t.Category), Priority: t.Priority, Title: b.title(), Services: d.Triage.Services,
		Known: d.T0, Repeats: max(0, len(d.Cycles)-1), Engineer: b.person(cmp.Or(t.Assignee, t.Acknowledged.By)), Outages: b.outages(),
	}
	for _, a := range d.Triage.Assets {
		h.Assets = append(h.Assets, b.asset(a))
	}
	h.Began = h.Outages[0].From
	h.Ended = h.Outages[len(h.Outages)-1].To
	add := func(id string) {
		if name := b.person(id); name != "" && name != h.Engineer && !slices.Contains(h.Team, name) {
			h.Team = append(h.Team, name)
		}
	}
	for _, c := range d.Calls {
		add(c.Person)
	}
	for _, p := range d.Participants {
		add(p.Person)
	}
	for _, s := range d.Sessions {
		add(s.By)
	}
	for _, e := range d.Times {
		if e.Counts > 0 {
			add(e.Person)
		}
	}
	return h
}

// outages are when the trouble lasted: from the first signal, or from when a
// machine says that it began, to the restoration; and again for each time that
// it came back.
func (b builder) outages() []Outage {
	began := b.d.T0
	for _, s := range b.d.Stories {
		if !s.Occurred.IsZero() && s.Occurred.Before(began) && !s.Gone {
			began = s.Occurred
		}
	}
	list := []Outage{{From: began}}
	for i, c := range b.d.Cycles {
		if i > 0 {
			list = append(list, Outage{From: c.From})
		}
		for _, r := range b.d.Restorations {
			last := i == len(b.d.Cycles)-1
			if !r.At.Before(c.From) && (last || r.At.Before(b.d.Cycles[i+1].From)) {
				list[len(list)-1].To = r.At
			}
		}
		if open := list[len(list)-1]; open.To.IsZero() && i < len(b.d.Cycles)-1 {
			list = list[:len(list)-1] // it went on into the next cycle
			if i == 0 {
				list = []Outage{open}
			}
		}
	}
	return merge(list)
}

// merge joins an outage without an end with the one that follows.
func merge(list []Outage) []Outage {
	out := list[:1]
	for _, o := range list[1:] {
		if last := &out[len(out)-1]; last.To.IsZero() {
			last.To = o.To
			continue
		}
		out = append(out, o)
	}
	return out
}

// title is the trouble in a line: the engineer's judgement, or else the words of
// the first report, cut to what a line holds.
func (b builder) title() string {
	if s := b.d.Triage.Summary; s != "" {
		return s
	}
	for _, s := range b.d.Stories {
		if first, _, _ := strings.Cut(strings.TrimSpace(s.Text), "\n"); first != "" {
			return clip(first, 120)
		}
	}
	if b.d.Ticket.Category != ticket.Uncategorised {
		return sentenceCase(b.say("category." + string(b.d.Ticket.Category)))
	}
	return ""
}

// clip cuts a text at a word to at most n characters.
func clip(text string, n int) string {
	r := []rune(text)
	if len(r) <= n {
		return text
	}
	cut := string(r[:n])
	if i := strings.LastIndex(cut, " "); i > n/2 {
		cut = cut[:i]
	}
	return strings.TrimRight(cut, " ,.;:") + "…"
}

func sentenceCase(text string) string { return strings.TrimSuffix(sentence(text), ".") }

func (b builder) effort() []Effort {
	sums := map[string]time.Duration{}
	var people []string
	for _, e := range b.d.Times {
		if e.Counts <= 0 {
			continue
		}
		if _, seen := sums[e.Person]; !seen {
			people = append(people, e.Person)
		}
		sums[e.Person] += e.Counts
	}
	slices.SortStableFunc(people, func(a, c string) int { return cmp.Compare(sums[c], sums[a]) })
	var list []Effort
	for _, p := range people {
		list = append(list, Effort{cmp.Or(b.person(p), p), sums[p]})
	}
	return list
}

func (b builder) result() Result {
	var r Result
	if n := len(b.d.Restorations); n > 0 {
		last := b.d.Restorations[n-1]
		if cycles := b.d.Cycles; len(cycles) > 0 && last.At.Before(cycles[len(cycles)-1].From) {
			return r // it came back since
		}
		r = Result{Restored: true, At: last.At, Statement: last.Body.Statement, Check: last.Body.Check, Loss: last.Body.Loss, Risks: last.Body.Risks}
	}
	for _, c := range b.d.Confirmed {
		if !c.At.Before(r.At) {
			r.Confirmed, r.By = c.At, c.Body.With
		}
	}
	return r
}

func (b builder) cause() Cause {
	n := len(b.d.RootCauses)
	if n == 0 {
		return Cause{}
	}
	c := b.d.RootCauses[n-1].Body
	return Cause{c.Complete, c.Cause, c.Class, c.Whys, c.Factors, c.NotCaught, c.Evidence, c.Fixed}
}

// advice are the recommendations; what was dropped is left out.
func (b builder) advice() (list []Advice) {
	for _, t := range b.d.Todo {
		if t.Sort != "recommendation" || t.Result == "dropped" {
			continue
		}
		owner := b.person(t.Owner)
		if t.Owner == byClient {
			owner = b.say("owner.client")
		}
		list = append(list, Advice{Task: t.Task, Text: t.Text, Priority: t.Priority, Owner: owner, Due: t.Due, Effort: t.Effort, Done: t.Result == "done"})
	}
	slices.SortStableFunc(list, func(a, c Advice) int { return cmp.Compare(rank(a.Priority), rank(c.Priority)) })
	return list
}

// rank puts what has no priority last.
func rank(p ticket.Priority) ticket.Priority {
	if p == 0 {
		return ticket.Low + 1
	}
	return p
}

// Open returns the recommendations of an earlier ticket that are not carried out
// yet, for the reports after it.
func Open(d ticket.Dossier, person func(id string) string, language string) (list []Advice) {
	for _, a := range newBuilder(Source{Dossier: d, Person: person, Language: language}).advice() {
		ended := slices.ContainsFunc(d.Todo, func(t ticket.Todo) bool { return t.Task == a.Task && !t.Ended.IsZero() })
		if !ended {
			a.Ticket = d.Ticket.Number.String()
			list = append(list, a)
		}
	}
	return list
}

// told reports whether the client's report tells of a step: the runbook says so,
// or whoever has curated its line.
func (b builder) told(s ticket.Line[ticket.Stepped]) bool {
	if c, ok := b.d.Curations[s.Seq]; ok && c.Body.Hidden != nil {
		return !*c.Body.Hidden
	}
	return s.Body.Public
}
