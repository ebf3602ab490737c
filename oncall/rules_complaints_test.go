package oncall_test

import "testing"

// What users of other on-call systems have complained of in public, and what is said here. A name such as
// grafana/oncall#3261 is a thread on GitHub.

func complaint(t *testing.T, thread, about string, rules ...rule) {
	t.Helper()
	t.Run(thread, func(t *testing.T) {
		t.Parallel()
		for i := range rules {
			rules[i].shows = about + ": " + rules[i].shows
		}
		hold(t, rules)
	})
}

func TestComplaintsOfClocks(t *testing.T) {
	t.Parallel()
	const (
		london = `zone: Europe/London, layers: [{members: [anna], windows: [{days: mon-fri, from: "09:00", to: "18:00"}]}]`
		halves = `zone: Europe/Berlin, layers: [{members: [anna], windows: [{from: "08:00", to: "20:00"}]}, {members: [boris], windows: [{from: "20:00", to: "08:00"}]}]`
		night  = `zone: Europe/Berlin, layers: [{members: [anna], windows: [{days: sat, from: "22:00", to: "06:00"}]}]`
	)
	complaint(t, "grafana/oncall#3261", "shifts slid by an hour when summer time ended",
		rule{"Friday before", london, "2023-10-27 09:00", "anna"},
		rule{"Monday after", london, "2023-10-30 09:00", "anna"},
		rule{"… not an hour earlier", london, "2023-10-30 08:59:59", "-"},
		rule{"… and not an hour longer", london, "2023-10-30 18:00", "-"})
	complaint(t, "grafana/oncall#5247", "a gap in autumn, an overlap in spring",
		rule{"spring, before the hand-off", halves, "2026-03-29 07:59:59", "boris"},
		rule{"spring, after it", halves, "2026-03-29 08:00", "anna"},
		rule{"autumn, before the hand-off", halves, "2026-10-25 07:59:59", "boris"},
		rule{"autumn, after it", halves, "2026-10-25 08:00", "anna"},
		rule{"autumn, the repeated hour", halves, "2026-10-25T01:30:00Z", "boris"})
	complaint(t, "grafana/oncall#5455", "a duration and an end say different things",
		rule{"a night of seven hours ends at six", night, "2026-03-29 05:59:59", "anna"},
		rule{"… to the second", night, "2026-03-29 06:00", "-"},
		rule{"a night of nine hours ends at six", night, "2026-10-25 05:59:59", "anna"},
		rule{"… to the second", night, "2026-10-25 06:00", "-"})
	complaint(t, "grafana/grafana#84192", "a week that was saved as 6 days and 23 hours",
		rule{"turns have no length that could be short: the last second", weekly, "2026-01-12 08:59:59", "anna"},
		rule{"… and the next", weekly, "2026-01-12 09:00", "boris"})
}

func TestComplaintsOfRotations(t *testing.T) {
	t.Parallel()
	const (
		future  = `layers: [{members: [anna, boris], handoff: {unit: day, anchor: 2026-11-01 09:00}}], versions: [{from: 2026-11-06T06:00:00Z, zone: Europe/Moscow, tracks: [{id: primary, layers: [{id: l1, members: [anna, boris, vera], handoff: {unit: day, anchor: 2026-11-06 09:00}}]}]}]`
		buffer  = `layers: [{members: [anna, gap, boris], handoff: {unit: day, anchor: 2026-11-02 09:00}}]`
		four    = `layers: [{members: [anna, boris], handoff: {unit: week, anchor: 2026-11-02 00:00}, windows: [{days: mon-thu}]}, {members: [boris, anna], handoff: {unit: week, anchor: 2026-11-02 00:00}, windows: [{days: fri-sun}]}]`
		byDate  = `layers: [{members: [anna, boris], handoff: {unit: month, anchor: 2026-01-15 10:00}}]`
		ofEmpty = `layers: [{members: [gap], priority: 1, exclusive: true, windows: [{days: sun}]}, {members: [anna]}]`
	)
	complaint(t, "target/goalert#55", "a rotation that counts days on which nobody works",
		rule{"Friday", office, "2026-01-16 12:00", "boris"},
		rule{"Monday goes on with the next", office, "2026-01-19 12:00", "vera"})
	complaint(t, "OneUptime/oneuptime#2413", "some are never on duty",
		rule{"Saturdays by three, the first", saturdays, "2026-01-10 12:00", "anna"},
		rule{"… the second", saturdays, "2026-01-17 12:00", "boris"},
		rule{"… the third", saturdays, "2026-01-24 12:00", "vera"})
	complaint(t, "linkedin/oncall#424", "weekends take turns of those who work on weekdays",
		rule{"Monday's is followed by Tuesday's", office, "2026-01-13 12:00", "boris"},
		rule{"… and after the weekend it goes on", office, "2026-01-20 12:00", "anna"})
	complaint(t, "target/goalert#2196", "members come and go on a future day",
		rule{"before that day", future, "2026-11-05 12:00", "anna"},
		rule{"from that day on", future, "2026-11-08 12:00", "vera"})
	complaint(t, "target/goalert#993", "the beginning of a rotation can not be chosen",
		rule{"the anchor is a date and a clock", `layers: [{members: [anna, boris], handoff: {unit: week, anchor: 2026-11-04 13:37}}]`, "2026-11-11 13:37", "boris"})
	complaint(t, "target/goalert#3049", "a turn that is nobody's",
		rule{"the buffer's day", buffer, "2026-11-03 12:00", "-"},
		rule{"… and the day after", buffer, "2026-11-04 12:00", "boris"})
	complaint(t, "PagerDuty: unassigned", "nobody, although a lower layer has somebody",
		rule{"an exclusive gap", ofEmpty, "2026-11-08 12:00", "-"},
		rule{"… outside it", ofEmpty, "2026-11-07 12:00", "anna"})
	complaint(t, "target/goalert#1138", "four days and three days in turn",
		rule{"Monday to Thursday", four, "2026-11-05 12:00", "anna"},
		rule{"Friday to Sunday", four, "2026-11-06 12:00", "boris"},
		rule{"… the next week the other way round", four, "2026-11-12 12:00", "boris"},
		rule{"… to its end", four, "2026-11-15 23:59", "anna"})
	complaint(t, "target/goalert#3196", "monthly, by the date",
		rule{"before the 15th", byDate, "2026-02-15 09:59:59", "anna"},
		rule{"from the 15th on", byDate, "2026-02-15 10:00", "boris"})
}

func TestComplaintsOfCorrections(t *testing.T) {
	t.Parallel()
	const (
		cover = anna + `, overrides: [{at: 2026-11-01T00:00:00Z, changes: [{` + shift + `, remove: anna, add: boris}]}, {at: 2026-11-02T00:00:00Z, changes: [{from: 2026-11-05 12:00, to: 2026-11-05 15:00, remove: boris, add: vera}]}]`
		many  = `layers: [{members: [anna]}], temporaries: [{from: 2026-12-30, to: 2027-01-03, shifts: [{from: 2026-12-30, to: 2027-01-01, member: boris + vera}, {from: 2027-01-01, to: 2027-01-03, member: gleb}]}]`
		back  = anna + `, temporaries: [{` + shift + `, fall_back: true, shifts: [{from: 2026-11-05 10:00, to: 2026-11-05 12:00, member: boris}]}]`
	)
	complaint(t, "target/goalert PR 4306", "a replacement works where the replaced one is not on duty",
		rule{"it does nothing there", anna + `, overrides: [{changes: [{` + shift + `, remove: boris, add: vera}]}]`, noon, "anna"})
	complaint(t, "grafana/oncall#1021", "an override on an override, for a part of it",
		rule{"the part", cover, noon, "vera"},
		rule{"… before it", cover, "2026-11-05 11:59:59", "boris"},
		rule{"… after it", cover, "2026-11-05 15:00", "boris"})
	complaint(t, "target/goalert#862", "one-off periods are tedious",
		rule{"one temporary schedule for the holidays", many, "2026-12-31 23:00", "boris, vera"},
		rule{"… and the layers again", many, "2027-01-03 00:00", "anna"})
	complaint(t, "target/goalert#3511", "a temporary schedule that leaves the rest as it was",
		rule{"fall back", back, "2026-11-05 13:00", "anna"})
	complaint(t, "target/goalert#4422", "several people at once",
		rule{"shifts name groups", many, "2026-12-30 12:00", "boris, vera"})
	complaint(t, "grafana/oncall#322", "time off is not known to the schedule",
		rule{"who is away is not on duty", pair + `, absences: [{person: anna, ` + shift + `}]`, noon, "boris"})
	complaint(t, "iLert/terraform-provider-ilert#30", "holidays",
		rule{"a public holiday on a Wednesday belongs to the weekend's team", duty, "2026-11-04 12:00", "vera"},
		rule{"… the Tuesday before it does not", duty, "2026-11-03 12:00", "anna"})
	complaint(t, "grafana/oncall#2960", "those who are awake come first",
		rule{"the day's person before the night's, in Vladivostok", `zone: Asia/Vladivostok, layers: [{members: [anna], windows: [{from: "08:00", to: "20:00"}]}, {members: [boris], windows: [{from: "20:00", to: "08:00"}]}]`, "2026-11-05T23:00:00Z", "anna"})
}
