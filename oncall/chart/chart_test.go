package chart

import (
	"testing"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

func civil(tb testing.TB, s string) oncall.Civil {
	tb.Helper()
	c, err := oncall.ParseCivil(s)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func point(tb testing.TB, s string) oncall.Point {
	tb.Helper()
	p, err := oncall.ParsePoint(s)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func zone(tb testing.TB, name string) oncall.Zone {
	tb.Helper()
	z, err := oncall.LoadZone(name)
	if err != nil {
		tb.Fatal(err)
	}
	return z
}

func phone(id, name string) oncall.Person {
	return oncall.Person{ID: id, Name: name, Devices: []oncall.Device{{Kind: oncall.Mobile, Number: "+79210000001"}}}
}

func members(ids ...string) []oncall.Member {
	var all []oncall.Member
	for _, id := range ids {
		if id == "gap" {
			all = append(all, nil)
			continue
		}
		all = append(all, oncall.Member{id})
	}
	return all
}

// watch is a 2/2 day-night rota on weekdays, another team on days off, with what a month brings: a holiday, time off with a
// cover, an override, and an hour that nobody has.
func watch(tb testing.TB) oncall.Roster {
	tb.Helper()
	off := []oncall.DayClass{oncall.Weekend, oncall.Holiday, oncall.MovedDayOff}
	handoff := func(anchor string) oncall.Handoff {
		return oncall.Handoff{Unit: oncall.Day, Every: 2, Anchor: civil(tb, anchor)}
	}
	return oncall.Roster{
		People: []oncall.Person{
			phone("anna", "Анна Смирнова"), phone("boris", "Борис Орлов"), phone("vera", "Вера Константинопольская"),
			phone("gleb", "Глеб Ким"), phone("daria", "Орлова Дарья Ивановна"), phone("egor", "Егор Щукин"),
		},
		Schedules: []oncall.Schedule{{
			ID: "duty", Name: "Дежурство", Zone: zone(tb, "Europe/Moscow"), Calendar: "ru",
			Tracks: []oncall.Track{{
				ID: "primary", Name: "Основной",
				Layers: []oncall.Layer{
					{
						ID: "дни", Members: members("anna", "boris"), Handoff: handoff("2025-12-01 09:00"),
						Windows: []oncall.Window{{Days: 0b0111110, From: 9 * 3600, To: 21 * 3600, Exclude: off}},
					},
					{
						ID: "ночи", Members: members("vera", "gleb"), Handoff: handoff("2025-12-01 21:00"),
						Windows: []oncall.Window{{Days: 0b0111110, From: 21 * 3600, To: 9 * 3600, Exclude: off}},
					},
					{
						ID: "выходные", Members: members("daria", "egor"), Handoff: handoff("2025-12-06 09:00"),
						Windows: []oncall.Window{{Days: 0b1000001, From: 9 * 3600, To: 9 * 3600, Require: off}},
					},
				},
			}},
		}},
		Calendars: []oncall.CalendarYear{
			{Calendar: "ru", Year: 2025, Days: map[string]oncall.DayClass{"12-31": oncall.MovedDayOff}},
			{Calendar: "ru", Year: 2026, Days: map[string]oncall.DayClass{
				"01-01": oncall.Holiday, "01-02": oncall.Holiday, "01-05": oncall.Holiday, "01-06": oncall.Holiday,
				"01-07": oncall.Holiday, "01-08": oncall.Holiday, "01-09": oncall.MovedDayOff,
			}},
		},
		Absences: []oncall.Absence{{ID: "ab-1", Person: "boris", From: point(tb, "2025-12-08"), To: point(tb, "2025-12-22"), Substitute: "egor", Reason: "отпуск"}},
		Overrides: []oncall.Override{
			{ID: "ov-7", Schedule: "duty", Track: "primary", By: "anna", Changes: []oncall.Change{
				{From: point(tb, "2025-12-24 09:00"), To: point(tb, "2025-12-24 21:00"), Remove: "anna", Add: "gleb"},
			}},
			{ID: "ov-8", Schedule: "duty", Track: "primary", By: "anna", Changes: []oncall.Change{
				{From: point(tb, "2025-12-19 03:00"), To: point(tb, "2025-12-19 04:00"), Remove: "vera"},
				{From: point(tb, "2025-12-19 03:00"), To: point(tb, "2025-12-19 04:00"), Remove: "gleb"},
			}},
		},
	}
}

func december(tb testing.TB) Options {
	tb.Helper()
	return Options{
		Schedule: "duty", From: civil(tb, "2025-12-01"), To: civil(tb, "2026-01-01"), Language: "ru",
		Now: time.Date(2025, 12, 10, 11, 5, 0, 0, time.UTC),
	}
}

func draw(tb testing.TB, r oncall.Roster, o Options) *Chart {
	tb.Helper()
	c, err := New(oncall.Compile(r), o)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}
