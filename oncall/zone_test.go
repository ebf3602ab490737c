package oncall

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// zones have transitions of every kind: plain summer time on both hemispheres, half an hour, a skipped day, a change of
// standard time, none.
var zones = []string{
	"Europe/Berlin", "America/New_York", "Pacific/Apia", "Europe/Moscow", "Australia/Lord_Howe", "America/Sao_Paulo",
	"Asia/Kathmandu", "Africa/Casablanca", "America/St_Johns", "Pacific/Kiritimati", "UTC",
}

func zone(tb testing.TB, name string) Zone {
	tb.Helper()
	z, err := LoadZone(name)
	if err != nil {
		tb.Fatal(err)
	}
	return z
}

func civil(tb testing.TB, s string) Civil {
	tb.Helper()
	c, err := ParseCivil(s)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func instant(tb testing.TB, s string) time.Time {
	tb.Helper()
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		tb.Fatal(err)
	}
	return t.UTC()
}

func TestResolve(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, zone, civil, first, last string }{
		{"plain", "Europe/Berlin", "2026-07-01 09:00", "2026-07-01T07:00:00Z", "2026-07-01T07:00:00Z"},
		{"in a spring gap", "Europe/Berlin", "2026-03-29 02:30", "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z"},
		{"at the start of a gap", "Europe/Berlin", "2026-03-29 02:00", "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z"},
		{"at the end of a gap", "Europe/Berlin", "2026-03-29 03:00", "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z"},
		{"in a repeated hour", "Europe/Berlin", "2026-10-25 02:30", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"},
		{"at the start of a repeated hour", "Europe/Berlin", "2026-10-25 02:00", "2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z"},
		{"after a repeated hour", "Europe/Berlin", "2026-10-25 03:00", "2026-10-25T02:00:00Z", "2026-10-25T02:00:00Z"},
		{"new york gap", "America/New_York", "2026-03-08 02:15", "2026-03-08T07:00:00Z", "2026-03-08T07:00:00Z"},
		{"new york repeated", "America/New_York", "2026-11-01 01:15", "2026-11-01T05:15:00Z", "2026-11-01T06:15:00Z"},
		{"apia skipped day", "Pacific/Apia", "2011-12-30 12:00", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z"},
		{"apia day before", "Pacific/Apia", "2011-12-29 23:59", "2011-12-30T09:59:00Z", "2011-12-30T09:59:00Z"},
		{"moscow leaves summer time for good", "Europe/Moscow", "2014-10-26 01:30", "2014-10-25T21:30:00Z", "2014-10-25T22:30:00Z"},
		{"moscow today", "Europe/Moscow", "2026-03-29 02:30", "2026-03-28T23:30:00Z", "2026-03-28T23:30:00Z"},
		{"half an hour repeated", "Australia/Lord_Howe", "2026-04-05 01:45", "2026-04-04T14:45:00Z", "2026-04-04T15:15:00Z"},
		{"beyond the table of the zone file", "Europe/Berlin", "2060-03-28 02:30", "2060-03-28T01:00:00Z", "2060-03-28T01:00:00Z"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			z, c := zone(t, tt.zone), civil(t, tt.civil)
			if got := z.Resolve(c, First); !got.Equal(instant(t, tt.first)) {
				t.Errorf("first = %s, want %s", got, tt.first)
			}
			if got := z.Resolve(c, Last); !got.Equal(instant(t, tt.last)) {
				t.Errorf("last = %s, want %s", got, tt.last)
			}
		})
	}
}

func drawZone(t *rapid.T) Zone {
	z, err := LoadZone(rapid.SampledFrom(zones).Draw(t, "zone"))
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// nearTransition draws an instant, often close to a change of the zone's clock.
func nearTransition(t *rapid.T, z Zone, label string) time.Time {
	at := time.Unix(rapid.Int64Range(-315619200, 2871763200).Draw(t, label), 0) // 1960..2060
	if rapid.Bool().Draw(t, label+" near a transition") {
		if _, end := at.In(z.Location()).ZoneBounds(); !end.IsZero() && end.Year() < 2061 {
			at = end.Add(time.Duration(rapid.IntRange(-30*3600, 30*3600).Draw(t, label+" distance")) * time.Second)
		}
	}
	return at.UTC()
}

// A reading that exists resolves to instants that show it, the first not after the last; one that does not exist resolves
// to a transition over it. Either way Resolve is monotonic.
func TestResolveProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		z := drawZone(t)
		at := nearTransition(t, z, "instant")
		c := CivilAt(at, z)
		first, last := z.Resolve(c, First), z.Resolve(c, Last)
		if first.After(at) || last.Before(at) || CivilAt(first, z) != c || CivilAt(last, z) != c {
			t.Fatalf("%s in %s: first %s, last %s do not embrace %s", c, z, first, last, at)
		}
		d := Civil{c.wall.Add(time.Duration(rapid.IntRange(0, 50*3600).Draw(t, "later by")) * time.Second)}
		for _, pick := range []Pick{First, Last} {
			a, b := z.Resolve(c, pick), z.Resolve(d, pick)
			if b.Before(a) {
				t.Fatalf("%s: %s gives %s, later %s gives earlier %s", pick, c, a, d, b)
			}
			if shown := CivilAt(b, z); shown != d && (shown.Before(d) || !CivilAt(b.Add(-time.Second), z).Before(d)) {
				t.Fatalf("%s: %s gives %s, which shows %s and is not the end of a gap", pick, d, b, shown)
			}
		}
	})
}

// The zones are those of the binary, each read once.
func TestZonesAreEmbedded(t *testing.T) {
	if v := TZData(); len(v) != 5 || v < "2026f" {
		t.Errorf("the time zone database is %q", v)
	}
	t.Setenv("ZONEINFO", t.TempDir())
	a, b := zone(t, "Asia/Vladivostok"), zone(t, "Asia/Vladivostok")
	if a != b || a.Location().String() != "Asia/Vladivostok" {
		t.Errorf("%v and %v", a, b)
	}
	for _, name := range []string{"Europe/Moscow", "America/Argentina/Ushuaia", "UTC", "Europe/Kiev", "Etc/GMT-3"} {
		zone(t, name)
	}
	if c := CivilAt(instant(t, "2026-12-01T00:00:00Z"), zone(t, "America/Vancouver")); c.String() != "2026-11-30 17:00" {
		t.Errorf("Vancouver shows %s; since 2026 it stays on summer time", c)
	}
}

func TestLoadZoneRefuses(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "Local", "Europe/Nowhere", "MSK+3", "../VERSION", "Europe"} {
		if _, err := LoadZone(name); err == nil {
			t.Errorf("LoadZone(%q) accepted", name)
		}
	}
}
