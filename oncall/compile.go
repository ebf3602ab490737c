package oncall

import (
	"cmp"
	"slices"
	"time"
)

// schedule is a Schedule made ready: its versions in order, the first from always on.
type schedule struct{ versions []version }

// version is what a schedule says from one instant to the next version.
type version struct {
	start, end int64
	lanes      []lane
	failover   []Failover
	leaves     [][]correction // absences by person, as the version's clock has them
}

// at returns the version in force at t.
func (s *schedule) at(t int64) *version {
	i := len(s.versions) - 1
	for i > 0 && s.versions[i].start > t {
		i--
	}
	return &s.versions[i]
}

// lane finds a track, nil when the version has none of that ID.
func (v *version) lane(track string) *lane {
	for i := range v.lanes {
		if v.lanes[i].track == track {
			return &v.lanes[i]
		}
	}
	return nil
}

// compiler turns a roster into an evaluator. Each of its methods prepares one kind of rule.
type compiler struct {
	e        *Evaluator
	clocks   map[*time.Location]*clock
	leaves   map[*clock][][]correction // of schedules that never change their zone
	ruleIDs  map[Provenance]int32
	absences []*Absence // ordered by (At, ID), as are the next two; takeovers after all other overrides
	temps    []*Temporary
	groups   []*Override
}

// Compile prepares a roster for evaluation. The roster must not be changed afterwards. It fails on nothing: what is faulty
// (see Validate) contributes nobody.
func Compile(r Roster) *Evaluator {
	e := &Evaluator{
		roster: r, people: make(map[string]int32, len(r.People)), schedules: make(map[string]*schedule, len(r.Schedules)),
		calendars: newDayTables(r.Calendars), callable: make([]bool, len(r.People)),
	}
	c := &compiler{e: e, clocks: map[*time.Location]*clock{}, leaves: map[*clock][][]correction{}, ruleIDs: map[Provenance]int32{}}
	for i := range r.People {
		if _, known := e.people[r.People[i].ID]; !known {
			e.people[r.People[i].ID] = int32(i)
			e.callable[i] = len(r.People[i].Devices) > 0
		}
	}
	c.order()
	e.unknown = c.schedule(&Schedule{})
	for i := range r.Schedules {
		if _, known := e.schedules[r.Schedules[i].ID]; !known {
			e.schedules[r.Schedules[i].ID] = c.schedule(&r.Schedules[i])
		}
	}
	return e
}

// order puts corrections into the order in which they were written, which is that of their strength.
func (c *compiler) order() {
	r := &c.e.roster
	for i := range r.Absences {
		c.absences = append(c.absences, &r.Absences[i])
	}
	for i := range r.Temporaries {
		c.temps = append(c.temps, &r.Temporaries[i])
	}
	for i := range r.Overrides {
		c.groups = append(c.groups, &r.Overrides[i])
	}
	slices.SortStableFunc(c.absences, func(a, b *Absence) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
	slices.SortStableFunc(c.temps, func(a, b *Temporary) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
	slices.SortStableFunc(c.groups, func(a, b *Override) int {
		return cmp.Or(cmp.Compare(strength(a), strength(b)), a.At.Compare(b.At), cmp.Compare(a.ID, b.ID))
	})
}

// strength puts takeovers after all other overrides.
func strength(o *Override) int {
	if o.Kind == Takeover {
		return 1
	}
	return 0
}

// person returns the number of a person, or nobody.
func (c *compiler) person(id string) int32 {
	if n, known := c.e.people[id]; known {
		return n
	}
	return nobody
}

// member returns the numbers of those of a member who are known.
func (c *compiler) member(m Member) []int32 {
	people := make([]int32, 0, len(m))
	for _, id := range m {
		if p := c.person(id); p != nobody {
			people = append(people, p)
		}
	}
	return people
}

// rule gives a reason its number; equal reasons have one.
func (c *compiler) rule(p Provenance) int32 {
	n, known := c.ruleIDs[p]
	if !known {
		n = int32(len(c.e.rules))
		c.ruleIDs[p], c.e.rules = n, append(c.e.rules, p)
	}
	return n
}

// clock returns the table of a zone.
func (c *compiler) clock(z Zone) *clock {
	if c.clocks[z.Location()] == nil {
		c.clocks[z.Location()] = newClock(z)
	}
	return c.clocks[z.Location()]
}

// wallClock is the clock of a schedule through all its versions, as Schedule.Instant reads it.
type wallClock struct {
	spans  []clockSpan
	leaves [][]correction // absences by person as this clock has them; nil: not yet
}

// clockSpan is a clock that hangs on the wall until an instant.
type clockSpan struct {
	*clock
	start, end int64
}

// add appends the clock of the next version.
func (w *wallClock) add(clock *clock, start, end int64) {
	if n := len(w.spans) - 1; n >= 0 && w.spans[n].clock == clock {
		w.spans[n].end = end
		return
	}
	w.spans = append(w.spans, clockSpan{clock, start, end})
}

// instant is Schedule.Instant.
func (w *wallClock) instant(p Point) int64 {
	if !p.instant.IsZero() || p.civil.IsZero() {
		return unix(p.instant)
	}
	t := never
	for _, s := range w.spans {
		if t = max(s.start, s.resolve(p.civil.wall.Unix(), First)); t < s.end {
			break
		}
	}
	return t
}

// schedule prepares the versions of a schedule, each from its From on.
func (c *compiler) schedule(s *Schedule) *schedule {
	list := append([]Version{{Rules: Rules{s.Zone, s.Calendar, s.Tracks, s.Failover}}}, s.Versions...)
	slices.SortStableFunc(list[1:], func(a, b Version) int { return a.From.Compare(b.From) })
	compiled, wall := &schedule{}, &wallClock{}
	c.reigns(list, func(rules *Rules, start, end int64) { wall.add(c.clock(rules.Zone), start, end) })
	c.reigns(list, func(rules *Rules, start, end int64) {
		compiled.versions = append(compiled.versions, c.version(s.ID, rules, wall, start, end))
	})
	return compiled
}

// reigns visits the versions of a schedule, which are in order, with the spans in which they are in force.
func (*compiler) reigns(list []Version, visit func(rules *Rules, start, end int64)) {
	for i := range list {
		start, end := always, never
		if i > 0 {
			start = unix(list[i].From)
		}
		if i+1 < len(list) {
			end = unix(list[i+1].From)
		}
		if start < end {
			visit(&list[i].Rules, start, end)
		}
	}
}

func (c *compiler) version(schedule string, r *Rules, wall *wallClock, start, end int64) version {
	v := version{start: start, end: end, failover: failover(r), leaves: c.leavesOn(wall)}
	for i := range r.Tracks {
		v.lanes = append(v.lanes, c.lane(schedule, r, &r.Tracks[i], wall, start, end))
	}
	return v
}

func (c *compiler) lane(schedule string, r *Rules, track *Track, wall *wallClock, start, end int64) lane {
	ln := lane{track: track.ID}
	for i := range track.Layers {
		ln.layers = append(ln.layers, c.layer(r, &track.Layers[i]))
		for _, m := range ln.layers[i].members {
			ln.people = append(ln.people, m.people...)
		}
	}
	slices.SortStableFunc(ln.layers, func(a, b layer) int { return cmp.Compare(b.priority, a.priority) })

	list := c.temporaries(schedule, track.ID, wall)
	list = append(list, c.overrides(schedule, track.ID, wall)...)
	for i := range list {
		switch what := list[i].what.(type) {
		case *temporaryShift:
			ln.people = append(ln.people, what.people...)
		case groupChange:
			if what.add >= 0 {
				ln.people = append(ln.people, what.add)
			}
		}
	}
	ln.people, list = c.absencesOf(ln.people, wall, list)
	ln.segments = cut(list, start, end)
	return ln
}

// layer prepares a layer. Without From its life starts at the hand-off's anchor: duty is never extrapolated into the past.
func (c *compiler) layer(r *Rules, from *Layer) layer {
	l := layer{
		rule: c.rule(Provenance{Source: FromLayer, ID: from.ID}), priority: from.Priority, exclusive: from.Exclusive,
		substitute: from.Substitute, windows: compileWindows(from.Windows), pace: from.Handoff.pace(), first: int64(from.Handoff.Start),
		clock: c.clock(r.Zone), days: c.e.calendars[r.Calendar], start: always, end: never,
	}
	for _, m := range from.Members {
		l.members = append(l.members, turnholder{gap: m.IsGap(), people: c.member(m)})
	}
	begin := from.From
	if begin.IsZero() && !l.pace.never() {
		begin = from.Handoff.Anchor
	}
	if !begin.IsZero() {
		l.start = l.handoff(begin.wall.Unix())
	}
	if !from.To.IsZero() {
		l.end = l.handoff(from.To.wall.Unix())
	}
	if from.Handoff.Advance == ByWorked && !l.pace.never() {
		l.worked = newWorkedTurns(&l)
	}
	return l
}

// leavesOn prepares everybody's absences for a schedule's clock.
func (c *compiler) leavesOn(wall *wallClock) [][]correction {
	if len(wall.spans) == 1 {
		wall.leaves = c.leaves[wall.spans[0].clock]
	}
	if wall.leaves != nil {
		return wall.leaves
	}
	leaves := make([][]correction, len(c.e.roster.People))
	for i, a := range c.absences {
		p, reads := c.person(a.Person), wall
		if !a.Zone.IsZero() {
			reads = &wallClock{spans: []clockSpan{{c.clock(a.Zone), always, never}}}
		}
		if p != nobody {
			what := leave{p, c.person(a.Substitute), c.rule(Provenance{Source: FromSubstitute, ID: a.ID}), a.At}
			leaves[p] = append(leaves[p], correction{reads.instant(a.From), reads.instant(a.To), i, what})
		}
	}
	for i := range c.e.roster.People {
		c.e.roster.People[i].off(func(start, end int64) {
			leaves[i] = append(leaves[i], correction{start, end, 0, disabled(i)})
		})
	}
	if wall.leaves = leaves; len(wall.spans) == 1 {
		c.leaves[wall.spans[0].clock] = leaves
	}
	return leaves
}

// absencesOf adds to list the absences of people and, by and by, of their substitutes. It returns all of them, sorted.
func (c *compiler) absencesOf(people []int32, wall *wallClock, list []correction) ([]int32, []correction) {
	leaves := c.leavesOn(wall)
	seen := map[int32]bool{}
	for i := 0; i < len(people); i++ {
		if seen[people[i]] {
			continue
		}
		seen[people[i]] = true
		for _, l := range leaves[people[i]] {
			list = append(list, l)
			if l, ok := l.what.(leave); ok && l.substitute != nobody {
				people = append(people, l.substitute)
			}
		}
	}
	slices.Sort(people)
	return slices.Compact(people), list
}

// temporaries prepares the temporary schedules of a track.
func (c *compiler) temporaries(schedule, track string, wall *wallClock) []correction {
	var list []correction
	for i, t := range c.temps {
		if t.Schedule != schedule || t.Track != track {
			continue
		}
		start, end := wall.instant(t.From), wall.instant(t.To)
		what := &temporary{t.FallBack, c.rule(Provenance{Source: FromTemporary, ID: t.ID, By: t.By})}
		list = append(list, correction{start, end, i, what})
		for k := range t.Shifts {
			s := &t.Shifts[k]
			list = append(list, correction{max(start, wall.instant(s.From)), min(end, wall.instant(s.To)), k, &temporaryShift{what, c.member(s.Member)}})
		}
	}
	return list
}

// overrides prepares the changes of a track's overrides.
func (c *compiler) overrides(schedule, track string, wall *wallClock) []correction {
	var list []correction
	for i, o := range c.groups {
		if o.Schedule != schedule || o.Track != track {
			continue
		}
		source := FromOverride
		if o.Kind == Takeover {
			source = FromTakeover
		}
		rule := c.rule(Provenance{Source: source, ID: o.ID, By: o.By})
		for k := range o.Changes {
			ch := &o.Changes[k]
			add, remove := c.person(ch.Add), c.person(ch.Remove)
			if ch.Add == "" && ch.Remove == "" {
				continue
			}
			if ch.Add != "" && add == nobody {
				add = stranger
			}
			if ch.Remove != "" && remove == nobody {
				remove = stranger
			}
			list = append(list, correction{
				wall.instant(ch.From), wall.instant(ch.To), len(list),
				groupChange{change{add, remove, rule, int32(i)}, o.At, o.Kind == Takeover},
			})
		}
	}
	return list
}
