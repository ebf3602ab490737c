package oncall_test

import "testing"

// §1.2 of the semantics: the arithmetic of turns.

const (
	daily   = `layers: [{members: [anna, boris, vera], handoff: {unit: day, anchor: 2026-01-05 09:00}}]`
	weekly  = `layers: [{members: [anna, boris, vera], handoff: {unit: week, anchor: 2026-01-05 09:00}}]`
	berlin  = `zone: Europe/Berlin, layers: [{members: [anna, boris, vera], handoff: {unit: day, anchor: 2026-03-20 02:30}}]`
	hours2  = `zone: Europe/Berlin, layers: [{members: [anna, boris, vera], handoff: {unit: hour, every: 2, anchor: 2026-03-29 00:00}}]`
	hours1  = `zone: Europe/Berlin, layers: [{members: [anna, boris, vera], handoff: {unit: hour, anchor: 2026-03-29 00:00}}]`
	autumn1 = `zone: Europe/Berlin, layers: [{members: [anna, boris, vera], handoff: {unit: hour, anchor: 2026-10-25 00:00}}]`
	monthly = `layers: [{members: [anna, boris, vera], handoff: {unit: month, anchor: 2026-01-31 09:00}}]`
	apia    = `zone: Pacific/Apia, layers: [{members: [anna, boris, vera], handoff: {unit: day, anchor: 2011-12-27 00:00}}]`
	apia9   = `zone: Pacific/Apia, layers: [{members: [anna, boris, vera], handoff: {unit: day, anchor: 2011-12-27 09:00}}]`
)

func TestRulesOfHandoffs(t *testing.T) {
	t.Parallel()
	hold(t, []rule{
		{"period 0 belongs to the first member", daily, "2026-01-05 09:00", "anna"},
		{"a period ends when the next begins, to the second", daily, "2026-01-06 08:59:59", "anna"},
		{"a hand-off belongs to the next", daily, "2026-01-06 09:00", "boris"},
		{"after the last member comes the first", daily, "2026-01-08 09:00", "anna"},
		{"years later the turns are still counted from the anchor", daily, "2059-12-31 12:00", "vera"},
		{"no duty before the anchor: turns are not extrapolated backwards", daily, "2026-01-05 08:59:59", "-"},
		{"with a from before the anchor the turns reach back to it, and no further", `layers: [{members: [anna, boris, vera], from: 2026-01-03 09:00, handoff: {unit: day, anchor: 2026-01-05 09:00}}]`, "2026-01-04 12:00", "vera"},
		{"… two turns back", `layers: [{members: [anna, boris, vera], from: 2026-01-03 09:00, handoff: {unit: day, anchor: 2026-01-05 09:00}}]`, "2026-01-03 12:00", "boris"},
		{"… and not before from", `layers: [{members: [anna, boris, vera], from: 2026-01-03 09:00, handoff: {unit: day, anchor: 2026-01-05 09:00}}]`, "2026-01-03 08:59", "-"},
		{"with a from after the anchor the turn is that of the calendar, cut", `layers: [{members: [anna, boris, vera], from: 2026-01-06 15:00, handoff: {unit: day, anchor: 2026-01-05 09:00}}]`, "2026-01-06 15:00", "boris"},
		{"… and nobody is there before", `layers: [{members: [anna, boris, vera], from: 2026-01-06 15:00, handoff: {unit: day, anchor: 2026-01-05 09:00}}]`, "2026-01-06 14:59", "-"},
		{"to is the end", `layers: [{members: [anna], from: 2026-01-05, to: 2026-01-06 18:00}]`, "2026-01-06 18:00", "-"},
		{"start chooses who has period 0", `layers: [{members: [anna, boris, vera], handoff: {unit: day, anchor: 2026-01-05 09:00, start: 2}}]`, "2026-01-05 09:00", "vera"},
		{"every two days", `layers: [{members: [anna, boris, vera], handoff: {unit: day, every: 2, anchor: 2026-01-05 09:00}}]`, "2026-01-07 08:59", "anna"},
		{"a week is seven days", weekly, "2026-01-12 08:59:59", "anna"},
		{"a single member without hand-offs is always there", `layers: [{members: [anna]}]`, "1970-01-01 00:00", "anna"},
		{"a group is on duty together, in its order", `layers: [{members: [vera + anna]}]`, "2026-01-05 09:00", "vera, anna"},
		{"a gap is nobody, on purpose", `layers: [{members: [anna, gap], handoff: {unit: day, anchor: 2026-01-05 09:00}}]`, "2026-01-06 09:00", "-"},
	})
}

func TestRulesOfClockChanges(t *testing.T) {
	t.Parallel()
	hold(t, []rule{
		{"a week with a change of the clock hands off at the same reading", `zone: Europe/Berlin, layers: [{members: [anna, boris], handoff: {unit: week, anchor: 2026-03-23 09:00}}]`, "2026-03-30T07:00:00Z", "boris"},
		{"… and not a second earlier, though 168 hours have passed an hour ago", `zone: Europe/Berlin, layers: [{members: [anna, boris], handoff: {unit: week, anchor: 2026-03-23 09:00}}]`, "2026-03-30T06:59:59Z", "anna"},
		{"a hand-off that does not occur is at the first instant after the gap", berlin, "2026-03-29T01:00:00Z", "anna"},
		{"… and not before", berlin, "2026-03-29T00:59:59Z", "vera"},
		{"… and the next is at its own reading again", berlin, "2026-03-30T00:30:00Z", "boris"},
		{"a hand-off that occurs twice is at its first occurrence", `zone: Europe/Berlin, layers: [{members: [anna, boris], handoff: {unit: day, anchor: 2026-10-24 02:30}}]`, "2026-10-25T00:30:00Z", "boris"},
		{"hours run on the clock: a 2-hour rotation hands off at even hours", hours2, "2026-03-29T02:00:00Z", "vera"},
		{"… so the period with the gap lasts one hour", hours2, "2026-03-29T01:59:59Z", "boris"},
		{"hand-offs at 02:00 and 03:00 meet in the gap; the turn of 02:00 is consumed", hours1, "2026-03-29T01:00:00Z", "anna"},
		{"… after that of 01:00", hours1, "2026-03-29T00:59:59Z", "boris"},
		{"the repeated hour belongs to one turn of two hours", autumn1, "2026-10-25T00:00:00Z", "vera"},
		{"… until the clock shows 03:00", autumn1, "2026-10-25T01:59:59Z", "vera"},
		{"… and then the next", autumn1, "2026-10-25T02:00:00Z", "anna"},
		{"a day that never was: its turn at 00:00 is consumed", apia, "2011-12-31 00:00", "boris"},
		{"… after that of the day before", apia, "2011-12-29 23:59:59", "vera"},
		{"a day that never was: its turn at 09:00 begins with the day after, at 00:00", apia9, "2011-12-31 00:00", "anna"},
		{"… and ends at 09:00", apia9, "2011-12-31 09:00", "boris"},
		{"Moscow stays at summer time in 2011", `layers: [{members: [anna, boris], handoff: {unit: day, anchor: 2011-10-29 02:30}}]`, "2011-10-29T22:30:00Z", "boris"},
		{"Moscow leaves it for good in 2014: the second 01:30", `layers: [{members: [anna, boris], handoff: {unit: day, anchor: 2014-10-25 01:30}}]`, "2014-10-25T22:30:00Z", "boris"},
		{"… and the first", `layers: [{members: [anna, boris], handoff: {unit: day, anchor: 2014-10-25 01:30}}]`, "2014-10-25T21:30:00Z", "boris"},
		{"Lord Howe: half an hour repeated is part of one turn", `zone: Australia/Lord_Howe, layers: [{members: [anna, boris], handoff: {unit: hour, anchor: 2026-04-05 01:00}}]`, "2026-04-04T15:29:59Z", "anna"},
		{"Lord Howe: … which ends when the clock shows 02:00 for the second time", `zone: Australia/Lord_Howe, layers: [{members: [anna, boris], handoff: {unit: hour, anchor: 2026-04-05 01:00}}]`, "2026-04-04T15:30:00Z", "boris"},
		{"a clock that jumps at midnight: the day begins at 01:00", `zone: Asia/Beirut, layers: [{members: [anna, boris], handoff: {unit: day, anchor: 2026-03-28 00:00}}]`, "2026-03-29 01:00", "boris"},
	})
}

func TestRulesOfMonths(t *testing.T) {
	t.Parallel()
	hold(t, []rule{
		{"January 31 and a month is February 28", monthly, "2026-02-28 09:00", "boris"},
		{"… not a day earlier", monthly, "2026-02-27 09:00", "anna"},
		{"… and two months is March 31 again", monthly, "2026-03-30 09:00", "boris"},
		{"… at the anchor's clock", monthly, "2026-03-31 09:00", "vera"},
		{"in a leap year it is February 29", `layers: [{members: [anna, boris], handoff: {unit: month, anchor: 2028-01-30 09:00}}]`, "2028-02-28 12:00", "anna"},
		{"… from its hand-off on", `layers: [{members: [anna, boris], handoff: {unit: month, anchor: 2028-01-30 09:00}}]`, "2028-02-29 09:00", "boris"},
		{"by quarters", `layers: [{members: [anna, boris], handoff: {unit: month, every: 3, anchor: 2025-11-30 00:00}}]`, "2026-02-27 23:59", "anna"},
		{"… the end of February", `layers: [{members: [anna, boris], handoff: {unit: month, every: 3, anchor: 2025-11-30 00:00}}]`, "2026-02-28 00:00", "boris"},
		{"months backwards from an anchor clamp too", `layers: [{members: [anna, boris], from: 2025-01-01, handoff: {unit: month, anchor: 2026-03-31 00:00}}]`, "2026-02-28 00:00", "boris"},
	})
}

const (
	office      = `layers: [{members: [anna, boris, vera], handoff: {unit: day, anchor: 2026-01-12 09:00, advance: worked}, windows: [{days: mon-fri, from: "09:00", to: "18:00"}]}]`
	officeDays  = `layers: [{members: [anna, boris, vera, gleb, anna, boris, vera], handoff: {unit: day, anchor: 2026-01-12 09:00}, windows: [{days: mon-fri, from: "09:00", to: "18:00"}]}]`
	saturdays   = `layers: [{members: [anna, boris, vera], handoff: {unit: day, anchor: 2026-01-05 00:00, advance: worked}, windows: [{days: sat}]}]`
	officeRu    = `calendar: ru, layers: [{members: [anna, boris, vera], handoff: {unit: day, anchor: 2025-12-29 09:00, advance: worked}, windows: [{days: mon-fri, from: "09:00", to: "18:00", require: [workday, short, moved_workday]}]}]`
	hourlyRound = `zone: Europe/Berlin, layers: [{members: [anna, boris, vera], handoff: {unit: hour, anchor: 2026-03-29 00:00, advance: worked}}]`
)

func TestRulesOfWorkedTurns(t *testing.T) {
	t.Parallel()
	hold(t, []rule{
		{"worked: Friday's member", office, "2026-01-16 12:00", "boris"},
		{"… is followed on Monday by the next: Saturday and Sunday take no turn", office, "2026-01-19 12:00", "vera"},
		{"by the calendar they do: seven members, and Monday is always the first's", officeDays, "2026-01-19 12:00", "anna"},
		{"worked: only Saturdays", saturdays, "2026-01-10 12:00", "anna"},
		{"… one after another", saturdays, "2026-01-17 12:00", "boris"},
		{"… for years", saturdays, "2036-01-05 12:00", "vera"},
		{"worked: the holidays of New Year take no turn", officeRu, "2026-01-12 12:00", "vera"},
		{"… after 30 December", officeRu, "2025-12-30 12:00", "boris"},
		{"worked: a period that has collapsed in the gap takes no turn", hourlyRound, "2026-03-29T01:00:00Z", "vera"},
		{"worked: a period counts if a window is open at any time of it", `layers: [{members: [anna, boris], handoff: {unit: day, anchor: 2026-01-05 00:00, advance: worked}, windows: [{days: fri, from: "23:00", to: "01:00"}]}]`, "2026-01-10 00:30", "boris"},
		{"… which Friday itself did", `layers: [{members: [anna, boris], handoff: {unit: day, anchor: 2026-01-05 00:00, advance: worked}, windows: [{days: fri, from: "23:00", to: "01:00"}]}]`, "2026-01-09 23:30", "anna"},
	})
}
