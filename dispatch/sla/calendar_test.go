package sla

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// office is Monday to Friday, from one hour to another.
func office(zone string, from, to int) *Calendar {
	c := &Calendar{Zone: zone, Days: map[string][]Window{}}
	for d := time.Monday; d <= time.Friday; d++ {
		c.Week[d] = []Window{{from * 60, to * 60}}
	}
	return c
}

func instant(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestBusinessTime(t *testing.T) {
	t.Parallel()
	moscow := office("Europe/Moscow", 9, 18)
	moscow.Days["2026-06-12"] = nil
	moscow.Days["2026-06-20"] = []Window{{540, 1080}} // a Saturday that is worked
	moscow.Days["2026-06-11"] = []Window{{540, 1020}} // an hour shorter
	night := &Calendar{Zone: "Europe/Berlin"}
	for d := range night.Week {
		night.Week[d] = []Window{{22 * 60, 30 * 60}} // over midnight
	}
	round := &Calendar{Zone: "Europe/Berlin"}
	for d := range round.Week {
		round.Week[d] = []Window{{0, 1440}}
	}
	gap := &Calendar{Zone: "Europe/Berlin", Days: map[string][]Window{"2026-03-29": {{150, 240}}}} // from 02:30, which never comes
	gap.Week[time.Monday] = []Window{{540, 600}}
	for name, c := range map[string]struct {
		cal   *Calendar
		from  string
		limit Limit
		due   string
	}{
		"within a day":                           {moscow, "2026-06-08T10:00:00+03:00", Limit{Time: 4 * time.Hour, Business: true}, "2026-06-08T14:00:00+03:00"},
		"into the next day":                      {moscow, "2026-06-08T16:00:00+03:00", Limit{Time: 4 * time.Hour, Business: true}, "2026-06-09T11:00:00+03:00"},
		"till closing time":                      {moscow, "2026-06-08T16:00:00+03:00", Limit{Time: 2 * time.Hour, Business: true}, "2026-06-08T18:00:00+03:00"},
		"from the evening":                       {moscow, "2026-06-08T20:00:00+03:00", Limit{Time: time.Hour, Business: true}, "2026-06-09T10:00:00+03:00"},
		"over a holiday and a weekend":           {moscow, "2026-06-11T16:00:00+03:00", Limit{Time: 2 * time.Hour, Business: true}, "2026-06-15T10:00:00+03:00"},
		"over a Saturday that is worked":         {moscow, "2026-06-19T17:00:00+03:00", Limit{Time: 2 * time.Hour, Business: true}, "2026-06-20T10:00:00+03:00"},
		"one day":                                {moscow, "2026-06-08T10:00:00+03:00", Limit{Days: 1}, "2026-06-09T10:00:00+03:00"},
		"one day from the evening":               {moscow, "2026-06-08T20:00:00+03:00", Limit{Days: 1}, "2026-06-09T18:00:00+03:00"},
		"one day from opening time":              {moscow, "2026-06-08T09:00:00+03:00", Limit{Days: 1}, "2026-06-08T18:00:00+03:00"},
		"one day over a weekend":                 {moscow, "2026-06-05T13:30:00+03:00", Limit{Days: 1}, "2026-06-08T13:30:00+03:00"},
		"a short day is a whole one":             {moscow, "2026-06-10T09:00:00+03:00", Limit{Days: 2}, "2026-06-11T17:00:00+03:00"},
		"half a long day, half a short one":      {moscow, "2026-06-10T13:30:00+03:00", Limit{Days: 1}, "2026-06-11T13:00:00+03:00"},
		"five days over 12 June":                 {moscow, "2026-06-08T10:00:00+03:00", Limit{Days: 5}, "2026-06-16T10:00:00+03:00"},
		"round the clock, whatever the hours":    {moscow, "2026-06-12T03:00:00+03:00", Limit{Time: time.Hour}, "2026-06-12T04:00:00+03:00"},
		"no calendar: a day is a day":            {nil, "2026-06-12T03:00:00Z", Limit{Days: 2}, "2026-06-14T03:00:00Z"},
		"a window over midnight":                 {night, "2026-06-08T23:00:00+02:00", Limit{Time: 2 * time.Hour, Business: true}, "2026-06-09T01:00:00+02:00"},
		"in what the evening before began":       {night, "2026-06-09T05:00:00+02:00", Limit{Time: 2 * time.Hour, Business: true}, "2026-06-09T23:00:00+02:00"},
		"a day of 24:00 and no minute is lost":   {round, "2026-06-08T23:59:50+02:00", Limit{Time: time.Minute, Business: true}, "2026-06-09T00:00:50+02:00"},
		"the day of 25 hours":                    {round, "2026-10-25T00:00:00+02:00", Limit{Time: 25 * time.Hour, Business: true}, "2026-10-26T00:00:00+01:00"},
		"the day of 23 hours":                    {round, "2026-03-29T00:00:00+01:00", Limit{Time: 23 * time.Hour, Business: true}, "2026-03-30T00:00:00+02:00"},
		"a day of 25 hours is one day":           {round, "2026-10-25T00:00:00+02:00", Limit{Days: 1}, "2026-10-26T00:00:00+01:00"},
		"what never comes is when it has passed": {gap, "2026-03-29T00:00:00+01:00", Limit{Time: 30 * time.Minute, Business: true}, "2026-03-29T03:30:00+02:00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from, want := instant(t, c.from), instant(t, c.due)
			if got := (&meter{cal: c.cal}).after(from, c.limit, nil); !got.Equal(want) {
				t.Errorf("due %v, want %v", got.In(want.Location()), want)
			}
		})
	}
}

// A pause outside the hours subtracts nothing, one inside what it covers.
func TestPauseInBusinessTime(t *testing.T) {
	t.Parallel()
	m := &meter{cal: office("Europe/Moscow", 9, 18)}
	from := instant(t, "2026-06-08T16:00:00+03:00")
	pause := func(from, to string) []Span { return []Span{{instant(t, from), instant(t, to)}} }
	for name, c := range map[string]struct {
		gaps []Span
		due  string
	}{
		"at night":            {pause("2026-06-08T18:00:00+03:00", "2026-06-09T09:00:00+03:00"), "2026-06-09T11:00:00+03:00"},
		"over closing time":   {pause("2026-06-08T17:00:00+03:00", "2026-06-08T23:00:00+03:00"), "2026-06-09T12:00:00+03:00"},
		"after it was due":    {pause("2026-06-09T11:00:00+03:00", "2026-06-09T12:00:00+03:00"), "2026-06-09T11:00:00+03:00"},
		"before it began":     {pause("2026-06-08T10:00:00+03:00", "2026-06-08T16:00:00+03:00"), "2026-06-09T11:00:00+03:00"},
		"whose end is open":   {[]Span{{From: instant(t, "2026-06-08T17:00:00+03:00")}}, ""},
		"of a whole week off": {pause("2026-06-08T16:00:00+03:00", "2026-06-15T16:00:00+03:00"), "2026-06-16T11:00:00+03:00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var want time.Time
			if c.due != "" {
				want = instant(t, c.due)
			}
			if got := m.after(from, Limit{Time: 4 * time.Hour, Business: true}, c.gaps); !got.Equal(want) {
				t.Errorf("due %v, want %v", got, want)
			}
		})
	}
}

// drawCalendar draws odd hours in zones whose clocks change.
func drawCalendar(t *rapid.T) *Calendar {
	c := &Calendar{Zone: rapid.SampledFrom([]string{"Europe/Moscow", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Apia"}).Draw(t, "zone"), Days: map[string][]Window{}}
	window := func(name string) []Window {
		var list []Window
		for range rapid.IntRange(0, 3).Draw(t, name) {
			from := rapid.IntRange(0, 1439).Draw(t, "from")
			list = append(list, Window{from, from + rapid.IntRange(1, 1440).Draw(t, "minutes")})
		}
		return list
	}
	for d := range c.Week {
		c.Week[d] = window("windows")
	}
	c.Week[3] = []Window{{600, 700}}
	for range rapid.IntRange(0, 3).Draw(t, "special") {
		date := time.Date(2026, 3, 20+rapid.IntRange(0, 20).Draw(t, "date"), 0, 0, 0, 0, time.UTC)
		c.Days[date.Format(time.DateOnly)] = window("special windows")
	}
	return c
}

// openAt is the oracle: the wall clock at an instant lies in a window of its
// date, or of the date before over midnight.
func openAt(c *Calendar, loc *time.Location, at time.Time) bool {
	wall := at.In(loc)
	minute := wall.Hour()*60 + wall.Minute()
	in := func(day time.Time, minute int) bool {
		windows, special := c.Days[day.Format(time.DateOnly)]
		if !special {
			windows = c.Week[day.Weekday()]
		}
		for _, w := range windows {
			if minute >= w.From && minute < w.To {
				return true
			}
		}
		return false
	}
	date := time.Date(wall.Year(), wall.Month(), wall.Day(), 0, 0, 0, 0, time.UTC)
	return in(date, minute) || in(date.AddDate(0, 0, -1), minute+1440)
}

// What was measured up to the due instant is the limit, and every minute that
// was counted was open by the wall clock.
func TestBusinessTimeProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := drawCalendar(t)
		m := &meter{cal: c}
		from := time.Date(2026, 3, 27, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 4*1440).Draw(t, "from")) * time.Minute)
		var gaps []Span
		for range rapid.IntRange(0, 3).Draw(t, "gaps") {
			a := from.Add(time.Duration(rapid.IntRange(-600, 3000).Draw(t, "gap")) * time.Minute)
			gaps = append(gaps, Span{a, a.Add(time.Duration(rapid.IntRange(1, 1000).Draw(t, "long")) * time.Minute)})
		}
		gaps = unite(gaps)
		limit := time.Duration(rapid.IntRange(1, 3000).Draw(t, "limit")) * time.Minute
		due := m.after(from, Limit{Time: limit, Business: true}, gaps)
		if got := m.between(from, due, true, gaps); got != limit {
			t.Fatalf("from %v to %v are %v, not %v", from, due, got, limit)
		}
		if got := m.between(from, due.Add(-time.Minute), true, gaps); got != limit-time.Minute {
			t.Fatalf("due at %v, a minute earlier it is %v", due, got)
		}
		days := rapid.IntRange(1, 6).Draw(t, "days")
		one, more := m.after(from, Limit{Days: days}, gaps), m.after(from, Limit{Days: days + 1}, gaps)
		if !one.After(from) || !more.After(one) {
			t.Fatalf("%d days from %v are %v, one more %v", days, from, one, more)
		}
	})
}

// Where no clock changes, the hours are those of the wall clock, minute by
// minute.
func TestBusinessTimeOracle(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := drawCalendar(t)
		c.Zone = "Europe/Moscow"
		m := &meter{cal: c}
		from := time.Date(2026, 3, 27, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 2*1440).Draw(t, "from")) * time.Minute)
		n := rapid.IntRange(0, 2000).Draw(t, "minutes")
		want := time.Duration(0)
		for i := range n {
			if openAt(c, m.zone(), from.Add(time.Duration(i)*time.Minute)) {
				want += time.Minute
			}
		}
		if got := m.between(from, from.Add(time.Duration(n)*time.Minute), true, nil); got != want {
			t.Fatalf("%d minutes from %v: %v open, want %v", n, from, got, want)
		}
	})
}

func TestCalendarValidate(t *testing.T) {
	t.Parallel()
	if err := office("Europe/Moscow", 9, 18).Validate(); err != nil {
		t.Error(err)
	}
	bad := &Calendar{Zone: "Mars/Base", Days: map[string][]Window{"12.06": {{600, 600}, {1440, 1500}, {100, 1600}}}}
	err := bad.Validate()
	for _, want := range []string{"Mars/Base", "12.06", "minute 600", "minute 1440", "to 1600", "never opens"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no word of %s in %v", want, err)
		}
	}
}
