package oncall_test

import (
	"fmt"
	"time"

	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/oncall"
)

var crew = []string{"anna", "boris", "vera", "gleb", "dora", "egor"}

// world is a random rota of one schedule "line", and a span of time in which things happen to it.
type world struct {
	roster   oncall.Roster
	zone     oncall.Zone
	clock    timeline
	from, to int64
}

// evenly chooses one of n numbers, each as likely as the others; rapid's own ranges prefer small ones.
func evenly(t *rapid.T, n int, label string) int {
	bits := rapid.SliceOfN(rapid.Bool(), 20, 20).Draw(t, label)
	number := 0
	for _, bit := range bits {
		number *= 2
		if bit {
			number++
		}
	}
	return number % n
}

// drawPlace chooses a zone and a moment between 1970 and 2060, mostly one at which the zone's clock changes.
func drawPlace(t *rapid.T) (oncall.Zone, timeline, int64) {
	zone, err := oncall.LoadZone(nastyZones[evenly(t, len(nastyZones), "zone")])
	if err != nil {
		t.Fatal(err)
	}
	clock := timelineOf(zone)
	first, last := int64(wallDate(1970, 2, 1)), int64(wallDate(2060, 11, 30))
	about := first + int64(evenly(t, int((last-first)/daySeconds), "day"))*daySeconds + rapid.Int64Range(0, daySeconds-1).Draw(t, "second")
	if rapid.IntRange(0, 9).Draw(t, "near a change of the clock") > 1 {
		var changes []int64
		for _, s := range clock {
			if first < s.from && s.from < last {
				changes = append(changes, s.from)
			}
		}
		if len(changes) > 0 {
			about = changes[evenly(t, len(changes), "change")] + rapid.Int64Range(-3*daySeconds, 3*daySeconds).Draw(t, "off the change")
		}
	}
	return zone, clock, about
}

// drawWorld makes a rota with everything in it.
func drawWorld(t *rapid.T) world {
	w := drawLayers(t)
	w.correct(t)
	return w
}

// drawLayers makes a rota without corrections.
func drawLayers(t *rapid.T) world {
	zone, clock, about := drawPlace(t)
	return fill(t, world{zone: zone, clock: clock, from: about - 6*daySeconds, to: about + 6*daySeconds})
}

// fill gives a world people and layers.
func fill(t *rapid.T, w world) world {
	for _, id := range crew {
		w.roster.People = append(w.roster.People, oncall.Person{ID: id, Devices: []oncall.Device{{Kind: oncall.Mobile, Number: "+79005550001"}}})
	}
	w.drawDisabled(t)
	w.roster.People[5].Devices = nil
	w.roster.Static = []oncall.StaticNumber{{Name: "office", Number: "+78005550100"}}
	w.drawCalendar(t)
	s := oncall.Schedule{ID: "line"}
	rules := w.drawRules(t)
	s.Zone, s.Calendar, s.Tracks, s.Failover = rules.Zone, rules.Calendar, rules.Tracks, rules.Failover
	at := w.from
	for range rapid.SampledFrom([]int{0, 0, 0, 1, 2}).Draw(t, "versions") {
		at += rapid.Int64Range(1, 8*daySeconds).Draw(t, "next version")
		v := oncall.Version{From: time.Unix(at, 0).UTC(), Rules: w.drawRules(t)}
		s.Versions = append(s.Versions, v)
	}
	w.roster.Schedules = []oncall.Schedule{s}
	return w
}

// drawDisabled takes dora out, always or from a moment on, and boris for a while.
func (w *world) drawDisabled(t *rapid.T) {
	dora, boris := &w.roster.People[4], &w.roster.People[1]
	if dora.Disabled = rapid.Bool().Draw(t, "dora is disabled"); dora.Disabled && rapid.Bool().Draw(t, "from a moment on") {
		dora.DisabledAt = sec(rapid.Int64Range(w.from, w.to).Draw(t, "disabled at"))
	}
	if rapid.IntRange(0, 3).Draw(t, "boris was disabled") == 0 {
		from := rapid.Int64Range(w.from, w.to-1).Draw(t, "disabled from")
		boris.Off = []oncall.Off{{From: sec(from), To: sec(from + rapid.Int64Range(1, 5*daySeconds).Draw(t, "disabled for"))}}
	}
}

// drawCalendar writes a production calendar for the years around, or forgets one.
func (w *world) drawCalendar(t *rapid.T) {
	first := time.Unix(int64(w.clock.shows(w.from)), 0).UTC().Year()
	for year := first - 1; year <= first+1; year++ {
		if rapid.IntRange(0, 4).Draw(t, "year is missing") == 0 {
			continue
		}
		y := oncall.CalendarYear{Calendar: "ru", Year: year, Source: "a decree", Date: "2000-01-01", Days: map[string]oncall.DayClass{}}
		for date := w.clock.shows(w.from).date() - 40*daySeconds; date < w.clock.shows(w.to)+40*daySeconds; date += daySeconds {
			day := time.Unix(int64(date), 0).UTC()
			if day.Year() != year || rapid.IntRange(0, 3).Draw(t, "ordinary") > 0 {
				continue
			}
			choice := []oncall.DayClass{oncall.Holiday, oncall.MovedDayOff, oncall.Short}
			if ordinary(day.Weekday()) == oncall.Weekend {
				choice = []oncall.DayClass{oncall.Holiday, oncall.MovedWorkday, oncall.Short}
			}
			y.Days[day.Format("01-02")] = rapid.SampledFrom(choice).Draw(t, "class")
		}
		w.roster.Calendars = append(w.roster.Calendars, y)
	}
}

func (w *world) drawRules(t *rapid.T) oncall.Rules {
	rules := oncall.Rules{Zone: w.zone, Calendar: rapid.SampledFrom([]string{"", "ru", "ru", "xx"}).Draw(t, "calendar")}
	if rapid.IntRange(0, 9).Draw(t, "zone of the version") == 0 {
		rules.Zone, _ = oncall.LoadZone("Asia/Kathmandu")
	}
	names := []string{"primary", "secondary", "lead"}[:rapid.SampledFrom([]int{1, 1, 2, 3}).Draw(t, "tracks")]
	for _, name := range names {
		track := oncall.Track{ID: name}
		for i := range rapid.IntRange(1, 4).Draw(t, "layers") {
			track.Layers = append(track.Layers, w.drawLayer(t, fmt.Sprint(name, i)))
		}
		rules.Tracks = append(rules.Tracks, track)
	}
	if rapid.IntRange(0, 3).Draw(t, "failover") == 0 {
		for _, name := range rapid.Permutation(append(names, oncall.Everyone)).Draw(t, "order") {
			rules.Failover = append(rules.Failover, oncall.Failover{Track: name})
		}
		rules.Failover = rules.Failover[:rapid.IntRange(1, len(rules.Failover)).Draw(t, "tiers")]
	}
	return rules
}

func drawMember(t *rapid.T) oncall.Member {
	if rapid.IntRange(0, 5).Draw(t, "gap") == 0 {
		return nil
	}
	return rapid.SliceOfNDistinct(rapid.SampledFrom(crew), 1, 2, rapid.ID[string]).Draw(t, "member")
}

// drawCivil chooses a reading of the clock around the world's time, mostly a round one.
func (w *world) drawCivil(t *rapid.T, days int64, label string) oncall.Civil {
	at := rapid.Int64Range(-days*24, days*24).Draw(t, label+" hours off") * 3600
	reading := w.clock.shows((w.from+w.to)/2) + wall(at)
	switch rapid.IntRange(0, 3).Draw(t, label+" rounded") {
	case 0:
		return reading.civil()
	case 1:
		return reading.date().civil()
	default:
		return (reading - reading%1800).civil()
	}
}

func (w *world) drawLayer(t *rapid.T, id string) oncall.Layer {
	l := oncall.Layer{
		ID: id, Priority: rapid.IntRange(0, 2).Draw(t, "priority"),
		Members:    rapid.SliceOfN(rapid.Custom(drawMember), 1, 4).Draw(t, "members"),
		Windows:    rapid.SliceOfN(rapid.Custom(drawWindow), 0, 2).Draw(t, "windows"),
		Exclusive:  rapid.Bool().Draw(t, "exclusive"),
		Substitute: rapid.Bool().Draw(t, "substitute"),
	}
	if len(l.Members) > 1 || rapid.Bool().Draw(t, "rotates") {
		l.Handoff = oncall.Handoff{
			Unit:   rapid.SampledFrom([]oncall.Unit{oncall.Hour, oncall.Day, oncall.Week, oncall.Month}).Draw(t, "unit"),
			Every:  rapid.IntRange(0, 5).Draw(t, "every"),
			Anchor: w.drawCivil(t, rapid.SampledFrom([]int64{5, 30, 30, 200}).Draw(t, "anchor within"), "anchor"),
			Start:  rapid.IntRange(0, len(l.Members)-1).Draw(t, "start"),
		}
		if l.Handoff.Unit != oncall.Hour && rapid.IntRange(0, 5).Draw(t, "old anchor") == 0 {
			l.Handoff.Anchor = oncall.NewCivil(rapid.IntRange(1965, 2065).Draw(t, "anchor year"), 1, 31, 9, 30, 0)
		}
		if rapid.IntRange(0, 2).Draw(t, "worked") == 0 {
			l.Handoff.Advance = oncall.ByWorked
		}
	}
	if rapid.IntRange(0, 3).Draw(t, "begins") == 0 {
		l.From = w.drawCivil(t, 12, "from")
	}
	if rapid.IntRange(0, 5).Draw(t, "ends") == 0 {
		l.To = w.drawCivil(t, 12, "to")
	}
	return l
}

func drawWindow(t *rapid.T) oncall.Window {
	w := oncall.Window{
		Days: oncall.Weekdays(rapid.IntRange(0, 127).Draw(t, "days")),
		From: oncall.Clock(1800 * rapid.IntRange(0, 47).Draw(t, "from")),
		To:   oncall.Clock(1800 * rapid.IntRange(0, 48).Draw(t, "to")),
	}
	if rapid.IntRange(0, 3).Draw(t, "whole day") == 0 {
		w.To = w.From
	}
	classes := rapid.SliceOfNDistinct(rapid.SampledFrom([]oncall.DayClass{
		oncall.Workday, oncall.Short, oncall.Weekend, oncall.Holiday, oncall.MovedDayOff, oncall.MovedWorkday,
	}), 1, 4, rapid.ID[oncall.DayClass])
	switch rapid.IntRange(0, 4).Draw(t, "classes") {
	case 0:
		w.Require = classes.Draw(t, "require")
	case 1:
		w.Exclude = classes.Draw(t, "exclude")
	}
	w.Shorten = time.Duration(rapid.SampledFrom([]int{0, 0, 30, 60, 600}).Draw(t, "shorten")) * time.Minute
	return w
}

// drawSpan chooses the two ends of a correction, civil or instants.
func (w *world) drawSpan(t *rapid.T, label string) (from, to oncall.Point) {
	begin := rapid.Int64Range(w.from, w.to-1800).Draw(t, label+" from")
	end := min(w.to, begin+rapid.SampledFrom([]int64{600, 1800, 3600, 2 * 3600, 12 * 3600, daySeconds, 4 * daySeconds}).Draw(t, label+" length"))
	return w.point(t, begin), w.point(t, end)
}

func (w *world) point(t *rapid.T, at int64) oncall.Point {
	if rapid.IntRange(0, 2).Draw(t, "instant") == 0 {
		return oncall.InstantPoint(time.Unix(at, 0))
	}
	reading := w.clock.shows(at)
	return oncall.CivilPoint((reading - reading%900).civil())
}

// written chooses when a correction was made; few moments, so that some coincide.
func (w *world) written(t *rapid.T) time.Time {
	return time.Unix(w.from-daySeconds+rapid.Int64Range(0, 5).Draw(t, "written")*3600, 0).UTC()
}

// somebody is a person, seldom one whom the roster does not know.
func somebody(t *rapid.T, label string) string {
	if rapid.IntRange(0, 19).Draw(t, label+" is a stranger") == 0 {
		return "stranger"
	}
	return rapid.SampledFrom(crew).Draw(t, label)
}

// correct adds absences, temporary schedules and overrides.
func (w *world) correct(t *rapid.T) {
	tracks := []string{"primary", "primary", "primary", "secondary", "lead"}
	for i := range rapid.IntRange(0, 4).Draw(t, "absences") {
		w.roster.Absences = append(w.roster.Absences, w.drawAbsence(t, fmt.Sprint("a", i)))
	}
	for i := range rapid.SampledFrom([]int{0, 0, 1, 2}).Draw(t, "temporaries") {
		w.roster.Temporaries = append(w.roster.Temporaries, w.drawTemporary(t, fmt.Sprint("t", i), rapid.SampledFrom(tracks).Draw(t, "track")))
	}
	for i := range rapid.IntRange(0, 6).Draw(t, "overrides") {
		w.roster.Overrides = append(w.roster.Overrides, w.drawOverride(t, fmt.Sprint("o", i), rapid.SampledFrom(tracks).Draw(t, "track")))
	}
}

func (w *world) drawAbsence(t *rapid.T, id string) oncall.Absence {
	a := oncall.Absence{ID: id, Person: rapid.SampledFrom(crew).Draw(t, "absent"), At: w.written(t)}
	a.From, a.To = w.drawSpan(t, "absence")
	if rapid.Bool().Draw(t, "has a substitute") {
		a.Substitute = somebody(t, "substitute")
	}
	if rapid.IntRange(0, 5).Draw(t, "own zone") == 0 {
		a.Zone, _ = oncall.LoadZone("America/St_Johns")
	}
	return a
}

func (w *world) drawTemporary(t *rapid.T, id, track string) oncall.Temporary {
	x := oncall.Temporary{ID: id, Schedule: "line", Track: track, FallBack: rapid.Bool().Draw(t, "fall back"), At: w.written(t)}
	x.From, x.To = w.drawSpan(t, "temporary")
	for range rapid.IntRange(0, 3).Draw(t, "shifts") {
		s := oncall.TemporaryShift{Member: drawMember(t)}
		s.From, s.To = w.drawSpan(t, "shift")
		x.Shifts = append(x.Shifts, s)
	}
	return x
}

func (w *world) drawOverride(t *rapid.T, id, track string) oncall.Override {
	o := oncall.Override{
		ID: id, Schedule: "line", Track: track, At: w.written(t), By: rapid.SampledFrom(crew).Draw(t, "by"),
		Kind: rapid.SampledFrom([]oncall.OverrideKind{oncall.Planned, oncall.Cover, oncall.Swap, oncall.Takeover}).Draw(t, "kind"),
	}
	for range rapid.IntRange(1, 3).Draw(t, "changes") {
		var c oncall.Change
		c.From, c.To = w.drawSpan(t, "change")
		kind := rapid.IntRange(0, 2).Draw(t, "change")
		if kind != 1 {
			c.Add = somebody(t, "add")
		}
		if kind != 0 {
			c.Remove = somebody(t, "remove")
		}
		if c.Add != c.Remove {
			o.Changes = append(o.Changes, c)
		}
	}
	return o
}

// moments are instants of the world: some at random, and those around which something begins or ends.
func (w *world) moments(t *rapid.T, n int) []int64 {
	list := rapid.SliceOfN(rapid.Int64Range(w.from, w.to-1), n, n).Draw(t, "moments")
	for _, s := range w.clock {
		for _, off := range []int64{-3601, -1, 0, 1, 1800, 3599, 3600} {
			if at := s.from + off; w.from <= at && at < w.to {
				list = append(list, at)
			}
		}
	}
	return list
}
