package oncall

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestShifts(t *testing.T) {
	t.Parallel()
	window := func(days Weekdays, from, to string) []Window {
		w := Window{Days: days}
		if w.From.UnmarshalText([]byte(from)) != nil || w.To.UnmarshalText([]byte(to)) != nil {
			t.Fatal(from, to)
		}
		return []Window{w}
	}
	sunday := WeekdaysOf(time.Sunday)
	tests := []struct {
		name, zone, from, to string
		layers               []Layer
		want                 []string // UTC
	}{
		{
			"a window that ends in the repeated hour ends at its last", "Europe/Berlin", "2026-10-24T20:00:00Z", "2026-10-25T06:00:00Z",
			[]Layer{{ID: "n", Members: team("anna"), Windows: window(0, "23:00", "02:30")}},
			[]string{"24 20:00..24 21:00 ", "24 21:00..25 01:30 anna", "25 01:30..25 06:00 "},
		},
		{
			"a window that starts in the repeated hour starts at its first", "Europe/Berlin", "2026-10-25T00:00:00Z", "2026-10-25T06:00:00Z",
			[]Layer{{ID: "n", Members: team("anna"), Windows: window(0, "02:30", "04:00")}},
			[]string{"25 00:00..25 00:30 ", "25 00:30..25 03:00 anna", "25 03:00..25 06:00 "},
		},
		{
			"a window inside the gap is empty", "America/New_York", "2026-03-08T05:00:00Z", "2026-03-08T12:00:00Z",
			[]Layer{{ID: "n", Members: team("anna"), Windows: window(0, "02:10", "02:50")}},
			[]string{"08 05:00..08 12:00 "},
		},
		{
			"a window around the gap is shorter", "America/New_York", "2026-03-08T05:00:00Z", "2026-03-08T12:00:00Z",
			[]Layer{{ID: "n", Members: team("anna"), Windows: window(0, "01:00", "05:00")}},
			[]string{"08 05:00..08 06:00 ", "08 06:00..08 09:00 anna", "08 09:00..08 12:00 "},
		},
		{
			"one window a week is found a week ahead", "UTC", "2026-11-01T20:00:00Z", "2026-11-16T00:00:00Z",
			[]Layer{{ID: "s", Members: team("anna"), Windows: window(sunday, "10:00", "12:00")}},
			[]string{
				"01 20:00..08 10:00 ", "08 10:00..08 12:00 anna", "08 12:00..15 10:00 ", "15 10:00..15 12:00 anna", "15 12:00..16 00:00 ",
			},
		},
		{
			"one whole day a week", "UTC", "2026-11-02T08:00:00Z", "2026-11-10T00:00:00Z",
			[]Layer{{ID: "s", Members: team("anna"), Windows: window(sunday, "08:00", "08:00")}},
			[]string{"02 08:00..08 08:00 ", "08 08:00..09 08:00 anna", "09 08:00..10 00:00 "},
		},
		{
			"days and nights, hand-off at nine, summer time ends", "Europe/Berlin", "2026-10-23T08:00:00Z", "2026-10-26T09:00:00Z",
			[]Layer{
				{ID: "nights", Members: team("boris", "vera"), Handoff: daily(NewCivil(2026, 10, 23, 9, 0, 0))},
				{ID: "days", Priority: 1, Members: team("anna"), Windows: window(WeekdaysOf(time.Friday, time.Monday), "09:00", "18:00")},
			},
			[]string{"23 08:00..23 16:00 anna", "23 16:00..24 07:00 boris", "24 07:00..25 08:00 vera", "25 08:00..26 08:00 boris", "26 08:00..26 09:00 anna"},
		},
		{
			"moscow changes its standard time", "Europe/Moscow", "2014-10-25T00:00:00Z", "2014-10-27T12:00:00Z",
			[]Layer{{ID: "d", Members: team("anna", "boris"), Handoff: daily(NewCivil(2014, 10, 24, 9, 0, 0))}},
			[]string{"25 00:00..25 05:00 anna", "25 05:00..26 06:00 boris", "26 06:00..27 06:00 anna", "27 06:00..27 12:00 boris"},
		},
		{"nothing is asked", "UTC", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			roster := one(zone(t, tt.zone), staff("anna", "boris", "vera"), tt.layers...)
			var got []string
			for s := range Compile(roster).Shifts("line", "primary", instant(t, tt.from), instant(t, tt.to)) {
				got = append(got, fmt.Sprintf("%s..%s %s", s.Start.Format("02 15:04"), s.End.Format("02 15:04"), names(s.Duties)))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("shifts\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}
