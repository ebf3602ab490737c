package oncall_test

import "testing"

// §1.3 of the semantics: when layers are open, by weekday, clock and class of the day.

const (
	nights     = `layers: [{members: [anna], windows: [{days: fri, from: "22:00", to: "06:00"}]}]`
	wholeDays  = `layers: [{members: [anna], windows: [{days: "fri,sat", from: "09:00", to: "09:00"}]}]`
	hours      = `layers: [{members: [anna], windows: [{days: mon-fri, from: "09:00", to: "18:00"}]}]`
	berlinNigh = `zone: Europe/Berlin, layers: [{members: [anna], windows: [{from: "01:00", to: "02:30"}]}]`
	followSun  = `zone: UTC, layers: [{members: [anna], windows: [{from: "00:00", to: "08:00"}]}, {members: [boris], windows: [{from: "08:00", to: "16:00"}]}, {members: [vera], windows: [{from: "16:00", to: "24:00"}]}]`
)

func TestRulesOfWindows(t *testing.T) {
	t.Parallel()
	hold(t, []rule{
		{"a window begins with its first second", hours, "2026-01-12 09:00", "anna"},
		{"… and has ended at its end", hours, "2026-01-12 18:00", "-"},
		{"… a second before it has not", hours, "2026-01-12 17:59:59", "anna"},
		{"only on its days", hours, "2026-01-17 12:00", "-"},
		{"overnight: belongs to the day on which it begins", nights, "2026-01-16 22:00", "anna"},
		{"… and goes on into the next day", nights, "2026-01-17 05:59:59", "anna"},
		{"… not the night before", nights, "2026-01-16 05:00", "-"},
		{"… and not the night after", nights, "2026-01-17 22:00", "-"},
		{"from equal to to: a whole day from that clock", wholeDays, "2026-01-16 09:00", "anna"},
		{"… neighbouring days join", wholeDays, "2026-01-17 08:59:59", "anna"},
		{"… and it lasts into the day after the last", wholeDays, "2026-01-18 08:59:59", "anna"},
		{"… until that clock", wholeDays, "2026-01-18 09:00", "-"},
		{"… and not before that clock on the first", wholeDays, "2026-01-16 08:59", "-"},
		{"24:00 is the end of the day", followSun, "2026-01-16 23:59:59", "vera"},
		{"… where the next begins", followSun, "2026-01-17 00:00", "anna"},
		{"follow the sun: morning", followSun, "2026-01-17 08:00", "boris"},
		{"two windows of a layer unite", `layers: [{members: [anna], windows: [{days: mon, from: "09:00", to: "12:00"}, {days: mon, from: "13:00", to: "18:00"}]}]`, "2026-01-12 12:30", "-"},
		{"… on both sides of the pause", `layers: [{members: [anna], windows: [{days: mon, from: "09:00", to: "12:00"}, {days: mon, from: "13:00", to: "18:00"}]}]`, "2026-01-12 13:00", "anna"},
		{"the turn changes within a night as the clock says", `layers: [{members: [anna, boris], handoff: {unit: day, anchor: 2026-01-12 00:00}, windows: [{from: "22:00", to: "06:00"}]}]`, "2026-01-13 01:00", "boris"},
		{"no days set: every day", berlinNigh, "2026-01-18 01:00", "anna"},
		{"a window whose end is repeated ends with the last", berlinNigh, "2026-10-25T01:29:59Z", "anna"},
		{"… and not before", berlinNigh, "2026-10-25T01:30:00Z", "-"},
		{"a window whose beginning is repeated begins with the first, and its neighbour still has the second: both are there", `zone: Europe/Berlin, layers: [{members: [anna], windows: [{from: "00:00", to: "02:30"}]}, {members: [boris], windows: [{from: "02:30", to: "24:00"}]}]`, "2026-10-25T00:45:00Z", "anna, boris"},
		{"a window whose end does not occur ends with the gap", berlinNigh, "2026-03-29T00:59:59Z", "anna"},
		{"… and the hour after the gap is not in it", berlinNigh, "2026-03-29T01:00:00Z", "-"},
		{"a window that lies in the gap is empty", `zone: Europe/Berlin, layers: [{members: [anna], windows: [{from: "02:10", to: "02:50"}]}]`, "2026-03-29T01:00:00Z", "-"},
		{"a window that begins in the gap begins after it", `zone: Europe/Berlin, layers: [{members: [anna], windows: [{from: "02:30", to: "04:00"}]}]`, "2026-03-29T01:00:00Z", "anna"},
		{"the night of a Friday that never was: what is left of it is on Saturday", `zone: Pacific/Apia, layers: [{members: [anna], windows: [{days: fri, from: "22:00", to: "06:00"}]}]`, "2011-12-31 05:59:59", "anna"},
		{"… and nothing on Thursday", `zone: Pacific/Apia, layers: [{members: [anna], windows: [{days: fri, from: "22:00", to: "06:00"}]}]`, "2011-12-29 23:00", "-"},
	})
}

const (
	workdays = `calendar: ru, layers: [{members: [anna], windows: [{days: mon-fri, from: "09:00", to: "18:00", require: [workday, short, moved_workday], shorten: 1h}]}]`
	offDays  = `calendar: ru, layers: [{members: [boris], windows: [{days: "sat,sun", exclude: [short, moved_workday]}]}]`
	plainDay = `calendar: ru, layers: [{members: [anna], windows: [{days: mon-fri, from: "09:00", to: "18:00", shorten: 1h}]}]`
	duty     = `calendar: ru, layers: [{members: [anna], priority: 1, windows: [{days: mon-fri, from: "09:00", to: "18:00", require: [workday, short, moved_workday], shorten: 1h}]}, {members: [boris, vera], handoff: {unit: day, anchor: 2026-01-01 09:00}}]`
)

func TestRulesOfDayClasses(t *testing.T) {
	t.Parallel()
	hold(t, []rule{
		{"a workday", workdays, "2026-01-12 12:00", "anna"},
		{"a holiday on a Monday is no workday", workdays, "2026-01-05 12:00", "-"},
		{"a day off that was moved to a Friday", workdays, "2026-01-09 12:00", "-"},
		{"a Saturday that is worked, though the days say Monday to Friday", workdays, "2024-04-27 12:00", "anna"},
		{"an ordinary Saturday", workdays, "2024-04-20 12:00", "-"},
		{"a short day ends an hour earlier", workdays, "2026-11-03 17:00", "-"},
		{"… and not before", workdays, "2026-11-03 16:59:59", "anna"},
		{"an ordinary day does not", workdays, "2026-11-02 17:59:59", "anna"},
		{"a worked Saturday that is short: worked", workdays, "2024-11-02 16:59:59", "anna"},
		{"… and short", workdays, "2024-11-02 17:00", "-"},
		{"the team of days off has a holiday in the middle of the week", offDays, "2026-01-06 12:00", "boris"},
		{"… and a day off that was moved", offDays, "2026-05-11 12:00", "boris"},
		{"… and ordinary Sundays", offDays, "2026-05-17 12:00", "boris"},
		{"… but no Saturday that is worked", offDays, "2024-04-27 12:00", "-"},
		{"… nor one that is worked and short", offDays, "2024-11-02 12:00", "-"},
		{"… and no ordinary Tuesday", offDays, "2026-05-12 12:00", "-"},
		{"… nor a short Tuesday: a short day is what its weekday is", `calendar: ru, layers: [{members: [boris], windows: [{days: "sat,sun", exclude: [moved_workday]}]}]`, "2026-11-03 12:00", "-"},
		{"… and Monday to Wednesday is not on a short Thursday", `calendar: ru, layers: [{members: [boris], windows: [{days: mon-wed, require: [workday, short]}]}]`, "2026-04-30 12:00", "-"},
		{"a class that is required is looked up to the letter: short is not workday", `calendar: ru, layers: [{members: [boris], windows: [{days: mon-fri, require: [workday]}]}]`, "2026-11-03 12:00", "-"},
		{"a window without classes looks at the weekday alone: it works on a holiday", plainDay, "2026-01-05 12:00", "anna"},
		{"… and not on a worked Saturday", plainDay, "2024-04-27 12:00", "-"},
		{"… but is shortened where it says so", plainDay, "2026-11-03 17:00", "-"},
		{"a year that is missing: the weekdays speak", workdays, "2031-01-01 12:00", "anna"},
		{"… and the weekend is a weekend", workdays, "2031-01-04 12:00", "-"},
		{"a schedule without a calendar: the weekdays speak", `layers: [{members: [anna], windows: [{days: mon-fri, require: [workday]}]}]`, "2026-01-01 12:00", "anna"},
		{"a calendar that there is not: the weekdays speak", `calendar: xx, layers: [{members: [anna], windows: [{days: mon-fri, require: [workday]}]}]`, "2026-01-01 12:00", "anna"},
		{"the class is that of the civil date in the schedule's zone", `zone: Asia/Kamchatka, calendar: ru, layers: [{members: [anna], windows: [{require: [holiday]}]}]`, "2025-12-31T12:00:00Z", "anna"},
		{"overnight: the class of the day on which the window begins", `calendar: ru, layers: [{members: [anna], windows: [{from: "22:00", to: "06:00", require: [holiday]}]}]`, "2026-01-09 05:59", "anna"},
		{"… though that morning's class is another, and the next night is not in it", `calendar: ru, layers: [{members: [anna], windows: [{from: "22:00", to: "06:00", require: [holiday]}]}]`, "2026-01-09 22:00", "-"},
		{"overnight before a holiday: the end of the short day's window moves", `calendar: ru, layers: [{members: [anna], windows: [{from: "22:00", to: "06:00", require: [workday, short], shorten: 1h}]}]`, "2026-11-04 05:00", "-"},
		{"a window that is shortened to nothing is not open", `calendar: ru, layers: [{members: [anna], windows: [{from: "09:00", to: "10:00", shorten: 2h}]}]`, "2026-11-03 09:00", "-"},
		{"off hours fall to the layer below: a holiday", duty, "2026-01-05 12:00", "boris"},
		{"… an evening", duty, "2026-01-12 18:00", "vera"},
		{"… the last hour of a short day", duty, "2026-11-03 17:00", "boris"},
		{"… and office hours do not", duty, "2026-01-12 12:00", "anna"},
	})
}
