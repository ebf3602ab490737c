package shift

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// Kind says what an item tells.
type Kind string

// The kinds of items.
const (
	Evening     Kind = "evening"
	Soon        Kind = "soon"
	Unconfirmed Kind = "unconfirmed"
	Handing     Kind = "handover"
)

// Item is one thing to tell. Its turns are all of one person.
type Item struct {
	Kind   Kind
	At     time.Time // when it is due
	Until  time.Time // when it helps nobody any more
	Person string
	Turns  []oncall.Turn // by start; none: a hand-over
	// Schedule is whose people change, for a hand-over.
	Schedule string
}

// ID names the item, the same on all nodes and in all runs. Turns that are
// added to an evening later make another item.
func (i Item) ID() string {
	var id strings.Builder
	fmt.Fprintf(&id, "shift:%s:%s:%d", i.Kind, cmp.Or(i.Person, i.Schedule), i.At.Unix())
	for _, t := range i.Turns {
		id.WriteString(":" + turnID(t))
	}
	return id.String()
}

// turnID names a turn.
func turnID(t oncall.Turn) string {
	return fmt.Sprintf("%s/%s/%s/%d", t.Schedule, t.Track, t.Person, t.Start.Unix())
}

// helps reports whether it is time to tell the item.
func (i Item) helps(now time.Time) bool { return !now.Before(i.At) && now.Before(i.Until) }

// Agenda lists what there is to tell in [from, to), and what was due before and
// still helps at from, by time. People who are rung without a claim, such as a
// switchboard, are told nothing: nobody in particular could confirm.
func Agenda(e *oncall.Evaluator, rules Config, from, to time.Time) []Item {
	a := agenda{e: e, rules: rules, from: from, to: to}
	roster := e.Roster()
	for i := range roster.People {
		if p := &roster.People[i]; !p.Shared {
			a.person(p)
		}
	}
	for i := range roster.Schedules {
		a.handovers(&roster.Schedules[i])
	}
	slices.SortFunc(a.list, func(x, y Item) int { return cmp.Or(x.At.Compare(y.At), cmp.Compare(x.ID(), y.ID())) })
	return a.list
}

type agenda struct {
	e        *oncall.Evaluator
	rules    Config
	from, to time.Time
	list     []Item
}

func (a *agenda) add(i Item) {
	if i.At.Before(a.to) && i.Until.After(a.from) && i.At.Before(i.Until) {
		a.list = append(a.list, i)
	}
}

// ahead is how far a turn may lie behind its earliest item: a day and a half
// when it begins at the end of the next day, and an hour for a clock that is put back.
const ahead = 49 * time.Hour

func (a *agenda) person(p *oncall.Person) {
	evenings, starts := map[time.Time]*Item{}, map[time.Time]*Item{}
	for t := range a.e.Turns(p.ID, a.from.Add(-late), a.to.Add(ahead)) {
		if t.Start.IsZero() || t.Start.Before(a.from.Add(-late)) {
			continue // he has been at it for long
		}
		zone := zoneOf(a.e, *p, t)
		eve := oncall.CivilAt(t.Start, zone).AddDays(-1)
		soon := t.Start.Add(-a.rules.Before)
		gather(evenings, zone.Resolve(eve.At(a.rules.Evening), oncall.First), earlier(zone.Resolve(eve.At(a.rules.Latest), oncall.First), soon), Evening, t)
		gather(starts, soon, t.Start, Soon, t)
		end := t.Start.Add(late)
		if !t.End.IsZero() {
			end = earlier(end, t.End)
		}
		a.add(Item{Kind: Unconfirmed, At: t.Start, Until: end, Person: p.ID, Turns: []oncall.Turn{t}})
	}
	for _, group := range []map[time.Time]*Item{evenings, starts} {
		for _, i := range group {
			a.add(*i)
		}
	}
}

// gather puts a turn to those that are told of at the same time.
func gather(group map[time.Time]*Item, at, until time.Time, k Kind, t oncall.Turn) {
	i, ok := group[at.UTC()]
	if !ok {
		i = &Item{Kind: k, At: at.UTC(), Until: until, Person: t.Person}
		group[at.UTC()] = i
	}
	if until.After(i.Until) {
		i.Until = until
	}
	i.Turns = append(i.Turns, t)
}

// zoneOf is the zone of a person's clock, or that of the schedule of his turn.
func zoneOf(e *oncall.Evaluator, p oncall.Person, t oncall.Turn) oncall.Zone {
	if !p.Zone.IsZero() {
		return p.Zone
	}
	return scheduleZone(e, t.Schedule, t.Start)
}

func scheduleZone(e *oncall.Evaluator, schedule string, at time.Time) oncall.Zone {
	roster := e.Roster()
	for i := range roster.Schedules {
		if s := &roster.Schedules[i]; s.ID == schedule {
			return s.RulesAt(at).Zone
		}
	}
	return oncall.Zone{}
}

// handovers adds the moments at which the people on a track of a schedule
// change, one for all of its tracks.
func (a *agenda) handovers(s *oncall.Schedule) {
	moments := map[time.Time]bool{}
	begin := a.from.Add(-late)
	for _, track := range oncall.TrackIDs(s.RulesIn(begin, a.to)...) {
		var before []string
		first := true
		for shift := range a.e.Shifts(s.ID, track, begin, a.to) {
			now := people(shift.Duties)
			if !first && !slices.Equal(before, now) {
				moments[shift.Start.UTC()] = true
			}
			before, first = now, false
		}
	}
	for at := range moments {
		a.add(Item{Kind: Handing, At: at, Until: at.Add(late), Schedule: s.ID})
	}
}

// people lists who is on duty, sorted.
func people(duties []oncall.Duty) []string {
	list := make([]string, 0, len(duties))
	for _, d := range duties {
		list = append(list, d.Person)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
