package oncall

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The table of a zone says what the zone says, for the years that it covers.
func TestClockIsItsZone(t *testing.T) {
	t.Parallel()
	clocks := map[string]*clock{}
	for _, name := range zones {
		clocks[name] = newClock(zone(t, name))
	}
	rapid.Check(t, func(t *rapid.T) {
		z := drawZone(t)
		c := clocks[z.String()]
		at := nearTransition(t, z, "instant")
		if got, want := c.wall(at.Unix()), CivilAt(at, z).wall.Unix(); got != want {
			t.Fatalf("%s shows %s at %s, want %s", z, civilOf(got), at, civilOf(want))
		}
		wall := CivilAt(at, z).wall.Unix() + rapid.Int64Range(-50*3600, 50*3600).Draw(t, "aside")
		for _, pick := range []Pick{First, Last} {
			if got, want := c.resolve(wall, pick), z.Resolve(civilOf(wall), pick); got != want.Unix() {
				t.Fatalf("%s: %s %s is %s, want %s", z, pick, civilOf(wall), instantOf(got), want)
			}
		}
	})
}

func TestClockBeyondItsTable(t *testing.T) {
	t.Parallel()
	c := newClock(zone(t, "Europe/Berlin"))
	for _, at := range []int64{farPast, farFuture, unix(time.Time{}), unix(time.Unix(1<<62, 0)), unix(time.Unix(-1<<62, 0))} {
		if got := c.resolve(c.wall(at), First); got != at {
			t.Errorf("%d comes back as %d", at, got)
		}
	}
}

func TestDayClass(t *testing.T) {
	t.Parallel()
	e := Compile(Roster{Calendars: []CalendarYear{
		{Calendar: "ru", Year: 2026, Days: map[string]DayClass{
			"01-01": Holiday, "01-09": MovedDayOff, "04-30": Short, "02-30": Holiday, "tomorrow": Holiday, "05-05": "feast",
		}},
		{Calendar: "ru", Year: 2024, Days: map[string]DayClass{"04-27": MovedWorkday}},
		{Calendar: "ru", Year: 1 << 40},
	}})
	tests := []struct {
		calendar, date string
		class          DayClass
		known          bool
	}{
		{"ru", "2026-01-01", Holiday, true},
		{"ru", "2026-01-09", MovedDayOff, true},
		{"ru", "2026-04-30", Short, true},
		{"ru", "2024-04-27", MovedWorkday, true},
		{"ru", "2026-02-28", Weekend, true},
		{"ru", "2026-12-31", Workday, true},
		{"ru", "2026-05-05", Workday, true}, // of an unknown class
		{"ru", "2025-01-01", Workday, false},
		{"ru", "2027-01-02", Weekend, false},
		{"kz", "2026-01-01", Workday, false},
		{"", "2026-01-03", Weekend, false},
	}
	for _, tt := range tests {
		class, known := e.DayClass(tt.calendar, civil(t, tt.date))
		if class != tt.class || known != tt.known {
			t.Errorf("%s %s: %s, %v; want %s, %v", tt.calendar, tt.date, class, known, tt.class, tt.known)
		}
	}
}
