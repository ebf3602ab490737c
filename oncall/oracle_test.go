package oncall_test

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// oracle says who is on duty at one instant, in the plainest way: it walks the turns of each layer one by one from the
// anchor, looks at the windows of the days around, and then applies temporary schedules, time off, overrides and takeovers
// in their order. It shares no arithmetic with the product; of that it uses only the types in which a rota is written.
//
// It knows no shifts: what the product says of a span is held against what the oracle says of the moments in it.
type oracle struct {
	roster *oncall.Roster
	walks  map[*oncall.Layer]*walk
	points map[pointIn]int64
}

// pointIn is a point that has been read in a zone.
type pointIn struct {
	point oncall.Point
	zone  *stretch
}

func newOracle(roster *oncall.Roster) *oracle {
	return &oracle{roster: roster, walks: map[*oncall.Layer]*walk{}, points: map[pointIn]int64{}}
}

// seat is one person on duty, and why.
type seat struct{ track, person, why string }

func (s seat) String() string { return s.track + ": " + s.person + " (" + s.why + ")" }

// rules are those in force at t.
func (o *oracle) rules(schedule string, t int64) (zone oncall.Zone, calendar string, tracks []oncall.Track, failover []oncall.Failover) {
	for i := range o.roster.Schedules {
		s := &o.roster.Schedules[i]
		if s.ID != schedule {
			continue
		}
		zone, calendar, tracks, failover = s.Zone, s.Calendar, s.Tracks, s.Failover
		for j := range s.Versions {
			if v := &s.Versions[j]; v.From.Unix() <= t {
				zone, calendar, tracks, failover = v.Zone, v.Calendar, v.Tracks, v.Failover
			}
		}
		return zone, calendar, tracks, failover
	}
	return oncall.Zone{}, "", nil, nil
}

// who is everybody on duty at t, track after track.
func (o *oracle) who(schedule string, t int64) []seat {
	var all []seat
	_, _, tracks, _ := o.rules(schedule, t)
	for i := range tracks {
		all = append(all, o.on(schedule, tracks[i].ID, t)...)
	}
	return all
}

// on is who is on one track at t.
func (o *oracle) on(schedule, track string, t int64) []seat {
	zone, calendar, tracks, _ := o.rules(schedule, t)
	q := question{oracle: o, schedule: schedule, track: track, t: t, zone: timelineOf(zone), calendar: calendar}
	for i := range tracks {
		if tracks[i].ID == track {
			return q.answer(&tracks[i])
		}
	}
	return nil
}

// question is one track at one instant.
type question struct {
	*oracle
	schedule, track string
	t               int64
	zone            timeline
	calendar        string
}

func (q question) answer(track *oncall.Track) []seat {
	list, replaced := q.temporary()
	if !replaced {
		list = q.base(track)
	}
	list = once(list)
	for _, group := range q.groups() {
		list = once(q.override(list, group))
	}
	return list
}

// meant is the instant of a point of a schedule: its clock is that of the zone in force, and the first instant counts at which
// that clock shows the reading or has passed it.
func (q question) meant(p oncall.Point) int64 {
	for i := range q.roster.Schedules {
		s := &q.roster.Schedules[i]
		if s.ID != q.schedule {
			continue
		}
		t := q.instant(p, timelineOf(s.Zone))
		for j := range s.Versions {
			if v := &s.Versions[j]; t >= v.From.Unix() {
				t = max(v.From.Unix(), q.instant(p, timelineOf(v.Zone)))
			}
		}
		return t
	}
	return q.instant(p, q.zone)
}

// instant is a point in a zone, read once.
func (o *oracle) instant(p oncall.Point, zone timeline) int64 {
	key := pointIn{p, &zone[0]}
	t, known := o.points[key]
	if !known {
		t = readPoint(p, zone)
		o.points[key] = t
	}
	return t
}

// readPoint reads the point as it is written: an instant has a zone of its own.
func readPoint(p oncall.Point, zone timeline) int64 {
	text := p.String()
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.Unix()
	}
	c, err := oncall.ParseCivil(text)
	if err != nil {
		panic(err)
	}
	return zone.resolve(wallOf(c), false)
}

func (q question) covers(from, to oncall.Point) bool {
	return q.meant(from) <= q.t && q.t < q.meant(to)
}

// base is what the layers say: the highest priority that has somebody's turn, unless an exclusive gap comes first.
func (q question) base(track *oncall.Track) []seat {
	var priorities []int
	for _, layer := range track.Layers {
		priorities = append(priorities, layer.Priority)
	}
	slices.Sort(priorities)
	slices.Reverse(priorities)
	for _, priority := range slices.Compact(priorities) {
		var list []seat
		turns, closed := 0, false
		for i := range track.Layers {
			layer := &track.Layers[i]
			if layer.Priority != priority || len(layer.Members) == 0 {
				continue
			}
			k := q.walk(layer)
			if !k.alive(q.t) || !k.open(q.t) {
				continue
			}
			turn := k.turn(q.t)
			if layer.Members[turn].IsGap() {
				closed = closed || layer.Exclusive
				continue
			}
			turns++
			list = append(list, q.present(layer, turn)...)
		}
		if turns > 0 || closed {
			return list
		}
	}
	return nil
}

func (q question) walk(layer *oncall.Layer) *walk {
	k := q.walks[layer]
	if k == nil {
		k = newWalk(layer, q.zone, classes(q.roster, q.calendar))
		q.walks[layer] = k
	}
	return k
}

// present is who of a layer's turn is there, or stands in.
func (q question) present(layer *oncall.Layer, turn int) []seat {
	members := layer.Members
	list := q.there(members[turn], "layer "+layer.ID)
	if len(list) > 0 || !layer.Substitute {
		return list
	}
	why := ""
	for _, person := range slices.Backward(members[turn]) {
		if _, known := q.roster.Person(person); known && why == "" {
			why = "layer " + layer.ID
		}
	}
	for _, person := range slices.Backward(members[turn]) {
		if absence := q.absence(person); absence != nil {
			why = "substitute " + absence.ID
		}
	}
	for i := 1; i < len(members) && why != ""; i++ {
		for _, next := range members[(turn+i)%len(members)] {
			if q.able(next) && q.absence(next) == nil {
				list = append(list, seat{q.track, next, why})
			}
		}
		if len(list) > 0 {
			return list
		}
	}
	return nil
}

// there is who of a turn is there; an absent one's substitute takes the place.
func (q question) there(turn oncall.Member, why string) []seat {
	var list []seat
	for _, person := range turn {
		absence := q.absence(person)
		switch {
		case !q.able(person):
		case absence == nil:
			list = append(list, seat{q.track, person, why})
		case q.able(absence.Substitute) && q.absence(absence.Substitute) == nil:
			list = append(list, seat{q.track, absence.Substitute, "substitute " + absence.ID})
		}
	}
	return list
}

// able reports whether the roster knows the person and has not disabled it at t.
func (q question) able(person string) bool {
	for _, p := range q.roster.People {
		if p.ID != person {
			continue
		}
		off := p.Disabled && (p.DisabledAt.IsZero() || p.DisabledAt.Unix() <= q.t)
		for _, span := range p.Off {
			off = off || span.From.Unix() <= q.t && q.t < span.To.Unix()
		}
		return !off
	}
	return false
}

// absences are those of a person at t.
func (q question) absences(person string) []*oncall.Absence {
	var list []*oncall.Absence
	for i := range q.roster.Absences {
		a := &q.roster.Absences[i]
		if a.Person != person {
			continue
		}
		covers := q.covers(a.From, a.To)
		if !a.Zone.IsZero() {
			zone := timelineOf(a.Zone)
			covers = q.instant(a.From, zone) <= q.t && q.t < q.instant(a.To, zone)
		}
		if covers {
			list = append(list, a)
		}
	}
	slices.SortFunc(list, func(a, b *oncall.Absence) int { return cmp.Or(a.At.Compare(b.At), strings.Compare(a.ID, b.ID)) })
	return list
}

// absence is the one of a person at t that was written last; nil when the person is there.
func (q question) absence(person string) *oncall.Absence {
	list := q.absences(person)
	if len(list) == 0 {
		return nil
	}
	return list[len(list)-1]
}

// temporary is what the temporary schedule of t says that was written last. It answers false when there is none, or when it
// leaves the moment to the layers.
func (q question) temporary() ([]seat, bool) {
	var last *oncall.Temporary
	for i := range q.roster.Temporaries {
		x := &q.roster.Temporaries[i]
		if x.Schedule != q.schedule || x.Track != q.track || !q.covers(x.From, x.To) {
			continue
		}
		if last == nil || cmp.Or(x.At.Compare(last.At), strings.Compare(x.ID, last.ID)) > 0 {
			last = x
		}
	}
	if last == nil {
		return nil, false
	}
	var list []seat
	covered := false
	for _, shift := range last.Shifts {
		if q.covers(shift.From, shift.To) {
			covered = true
			list = append(list, q.there(shift.Member, "temporary "+last.ID)...)
		}
	}
	return list, covered || !last.FallBack
}

// groups are the overrides of the track in the order in which they hold.
func (q question) groups() []*oncall.Override {
	var list []*oncall.Override
	for i := range q.roster.Overrides {
		if o := &q.roster.Overrides[i]; o.Schedule == q.schedule && o.Track == q.track {
			list = append(list, o)
		}
	}
	slices.SortFunc(list, func(a, b *oncall.Override) int {
		if (a.Kind == oncall.Takeover) != (b.Kind == oncall.Takeover) {
			if b.Kind == oncall.Takeover {
				return -1
			}
			return 1
		}
		return cmp.Or(a.At.Compare(b.At), strings.Compare(a.ID, b.ID))
	})
	return list
}

// override applies one group: all its changes look at the same list.
func (q question) override(list []seat, group *oncall.Override) []seat {
	why := "override " + group.ID
	if group.Kind == oncall.Takeover {
		why = "takeover " + group.ID
	}
	why += " by " + group.By
	var changes []oncall.Change
	for _, c := range group.Changes {
		switch {
		case !q.covers(c.From, c.To):
		case c.Add == "" || q.mayAdd(c.Add, group.At):
			changes = append(changes, c)
		case group.Kind == oncall.Takeover:
			return list
		}
	}
	var result []seat
	for _, s := range list {
		keeps := true
		for _, c := range changes {
			if c.Remove != s.person {
				continue
			}
			keeps = false
			if c.Add != "" {
				result = append(result, seat{q.track, c.Add, why})
			}
		}
		if keeps {
			result = append(result, s)
		}
	}
	for _, c := range changes {
		if c.Remove == "" && c.Add != "" {
			result = append(result, seat{q.track, c.Add, why})
		}
	}
	return result
}

// mayAdd reports whether somebody can be put on duty by an override: the one who wrote time off at or after it is not there.
func (q question) mayAdd(person string, written time.Time) bool {
	for _, a := range q.absences(person) {
		if !a.At.Before(written) {
			return false
		}
	}
	return q.able(person)
}

// once keeps the first place of everybody.
func once(list []seat) []seat {
	var result []seat
	for _, s := range list {
		if !slices.ContainsFunc(result, func(r seat) bool { return r.person == s.person }) {
			result = append(result, s)
		}
	}
	return result
}

// rung is one tier of a chain.
type rung struct {
	name   string
	people []string
}

// chain is whom a call tries at t, tier after tier, without the static numbers.
func (o *oracle) chain(schedule string, t int64) []rung {
	zone, _, tracks, failover := o.rules(schedule, t)
	var names []string
	for _, f := range failover {
		names = append(names, f.Track)
	}
	if len(names) == 0 {
		for _, track := range tracks {
			names = append(names, track.ID)
		}
		names = append(names, oncall.Everyone)
	}
	q := question{oracle: o, schedule: schedule, t: t, zone: timelineOf(zone)}
	var chain []rung
	tried := map[string]bool{}
	for _, name := range names {
		r := rung{name: name}
		var asked []string
		if name == oncall.Everyone {
			for _, p := range o.roster.People {
				if q.absence(p.ID) == nil {
					asked = append(asked, p.ID)
				}
			}
		} else {
			for _, s := range o.on(schedule, name, t) {
				asked = append(asked, s.person)
			}
		}
		for _, person := range asked {
			if q.callable(person) && !tried[person] {
				tried[person] = true
				r.people = append(r.people, person)
			}
		}
		if len(r.people) > 0 {
			chain = append(chain, r)
		}
	}
	return chain
}

// callable reports whether the person can be called at t: not disabled, with a device.
func (q question) callable(person string) bool {
	p, _ := q.roster.Person(person)
	return q.able(person) && len(p.Devices) > 0
}

// seats is what the product says in the oracle's words.
func seats(duties []oncall.Duty) []seat {
	var list []seat
	for _, d := range duties {
		why := string(d.Provenance.Source) + " " + d.Provenance.ID
		if d.Provenance.Source == oncall.FromOverride || d.Provenance.Source == oncall.FromTakeover {
			why += " by " + d.Provenance.By
		}
		list = append(list, seat{d.Track, d.Person, why})
	}
	return list
}
