package oncall

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestHandoffInstants(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, zone string
		handoff    Handoff
		from       int
		want       []string
	}{
		{
			"daily over the spring gap keeps the clock", "Europe/Berlin",
			Handoff{Unit: Day, Anchor: NewCivil(2026, 3, 27, 9, 0, 0)},
			0,
			[]string{"2026-03-27T08:00:00Z", "2026-03-28T08:00:00Z", "2026-03-29T07:00:00Z", "2026-03-30T07:00:00Z"},
		},
		{
			"daily inside the gap moves to its end for one day only", "Europe/Berlin",
			Handoff{Unit: Day, Anchor: NewCivil(2026, 3, 28, 2, 30, 0)},
			0,
			[]string{"2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"},
		},
		{
			"daily in the repeated hour takes the first", "Europe/Berlin",
			Handoff{Unit: Day, Anchor: NewCivil(2026, 10, 24, 2, 30, 0)},
			0,
			[]string{"2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"},
		},
		{
			"weekly over the autumn change", "America/New_York",
			Handoff{Unit: Week, Anchor: NewCivil(2026, 10, 26, 9, 0, 0)},
			0,
			[]string{"2026-10-26T13:00:00Z", "2026-11-02T14:00:00Z"},
		},
		{
			"hourly over the gap collapses", "Europe/Berlin",
			Handoff{Unit: Hour, Anchor: NewCivil(2026, 3, 29, 0, 0, 0)},
			0,
			[]string{"2026-03-28T23:00:00Z", "2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"},
		},
		{
			"two hours always at even hours", "America/New_York",
			Handoff{Unit: Hour, Every: 2, Anchor: NewCivil(2026, 11, 1, 0, 0, 0)},
			0,
			[]string{"2026-11-01T04:00:00Z", "2026-11-01T07:00:00Z", "2026-11-01T09:00:00Z"},
		},
		{
			"a day that never was", "Pacific/Apia",
			Handoff{Unit: Day, Anchor: NewCivil(2011, 12, 28, 0, 0, 0)},
			0,
			[]string{"2011-12-28T10:00:00Z", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z"},
		},
		{
			"before the anchor", "Europe/Moscow",
			Handoff{Unit: Week, Anchor: NewCivil(2014, 10, 27, 9, 0, 0)},
			-1,
			[]string{"2014-10-20T05:00:00Z", "2014-10-27T06:00:00Z"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for i, want := range tt.want {
				if got := tt.handoff.At(tt.from+i, zone(t, tt.zone)); !got.Equal(instant(t, want)) {
					t.Errorf("hand-off %d = %s, want %s", tt.from+i, got.Format(time.RFC3339), want)
				}
			}
		})
	}
}

func drawHandoff(t *rapid.T, z Zone) Handoff {
	return Handoff{
		Unit:   rapid.SampledFrom([]Unit{Hour, Day, Week}).Draw(t, "unit"),
		Every:  rapid.IntRange(1, 14).Draw(t, "every"),
		Anchor: CivilAt(nearTransition(t, z, "anchor"), z),
	}
}

// Invariants 8 and 9, and the meaning of Period: it is the last hand-off not after t, however far t is from the anchor.
func TestHandoffProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		z := drawZone(t)
		h := drawHandoff(t, z)
		at := nearTransition(t, z, "t")
		i, start, end := h.Period(at, z)
		if start.After(at) || !end.After(at) || !start.Equal(h.At(i, z)) || !end.Equal(h.At(i+1, z)) {
			t.Fatalf("period %d [%s, %s) does not hold %s", i, start, end, at)
		}
		before, after := h.At(i-1, z), h.At(i+2, z)
		if before.After(start) || after.Before(end) {
			t.Fatalf("hand-offs decrease: %s, %s, %s, %s", before, start, end, after)
		}
		if h.Unit == Hour {
			return
		}
		clock := h.Anchor.Clock()
		shown := CivilAt(start, z)
		want := h.Anchor.AddHours(i * hoursOf(h))
		if shown.Clock() != clock && !CivilAt(start.Add(-time.Second), z).Before(want) {
			t.Fatalf("hand-off at %s although %s exists", shown, want)
		}
		if !end.After(start) || (!start.After(before) && z.String() != "Pacific/Apia" && z.String() != "Pacific/Kiritimati") {
			t.Fatalf("hand-offs of days do not increase: %s, %s, %s", before, start, end)
		}
	})
}

// Invariant 11: in a zone of fixed offset a hand-off is plain arithmetic.
func TestHandoffFixedOffset(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		offset := rapid.IntRange(-12*3600, 14*3600).Draw(t, "offset")
		z := ZoneOf(time.FixedZone("fixed", offset))
		h := drawHandoff(t, z)
		h.Anchor = NewCivil(2026, 1, 1, 0, 0, rapid.IntRange(0, 365*86400).Draw(t, "anchor second"))
		i := rapid.IntRange(-2000, 2000).Draw(t, "i")
		want := time.Unix(h.Anchor.wall.Unix()+int64(i*hoursOf(h))*3600-int64(offset), 0)
		if got := h.At(i, z); !got.Equal(want) {
			t.Fatalf("hand-off %d = %s, want %s", i, got, want)
		}
	})
}

// hoursOf is the length of a period on the civil clock.
func hoursOf(h Handoff) int { return int(h.pace().step / 3600) }
