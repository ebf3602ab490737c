package oncall_test

import "testing"

// §1.4 of the semantics: what counts before what.

const (
	// Anna has the line.
	anna = `layers: [{members: [anna]}]`
	// Two have it together.
	pair = `layers: [{members: [anna + boris]}]`
	// A day, for corrections.
	shift = `from: 2026-11-05 09:00, to: 2026-11-06 09:00`
	noon  = "2026-11-05 12:00"
)

func TestRulesOfLayers(t *testing.T) {
	t.Parallel()
	hold(t, []rule{
		{"the higher number wins", `layers: [{members: [anna], priority: 1}, {members: [boris], priority: 2}]`, noon, "boris (layer l2)"},
		{"equal numbers are on duty together, in the order of layers", `layers: [{members: [boris]}, {members: [anna]}]`, noon, "boris (layer l1), anna (layer l2)"},
		{"the higher number comes first only by winning: the order of layers decides nothing else", `layers: [{members: [anna], priority: 2}, {members: [boris], priority: 2}, {members: [vera], priority: 1}]`, noon, "anna, boris"},
		{"a closed layer falls through", `layers: [{members: [anna], priority: 2, windows: [{days: mon}]}, {members: [boris]}]`, noon, "boris"},
		{"a gap falls through", `layers: [{members: [gap], priority: 2}, {members: [boris]}]`, noon, "boris"},
		{"an exclusive gap does not: nobody", `layers: [{members: [gap], priority: 2, exclusive: true}, {members: [boris]}]`, noon, "-"},
		{"… but only while the layer is open", `layers: [{members: [gap], priority: 2, exclusive: true, windows: [{days: mon}]}, {members: [boris]}]`, noon, "boris"},
		{"… and only while it lives", `layers: [{members: [gap], priority: 2, exclusive: true, to: 2026-11-01}, {members: [boris]}]`, noon, "boris"},
		{"an exclusive gap beside somebody of equal priority changes nothing", `layers: [{members: [gap], priority: 2, exclusive: true}, {members: [anna], priority: 2}, {members: [boris]}]`, noon, "anna"},
		{"an exclusive gap below the winner changes nothing", `layers: [{members: [anna], priority: 3}, {members: [gap], priority: 2, exclusive: true}]`, noon, "anna"},
		{"somebody in two layers is there once, at the first place", `layers: [{members: [anna]}, {members: [boris + anna]}]`, noon, "anna (layer l1), boris (layer l2)"},
		{"who is disabled is not there", `layers: [{members: [anna + dora]}]`, noon, "anna"},
		{"… and does not fall through: the gap is shown", `layers: [{members: [dora], priority: 1}, {members: [boris]}]`, noon, "-"},
		{"who is unknown is not there", `layers: [{members: [nobody + anna]}]`, noon, "anna"},
		{"who has no phone is on duty", `layers: [{members: [egor]}]`, noon, "egor"},
	})
}

func TestRulesOfTemporarySchedules(t *testing.T) {
	t.Parallel()
	const boris = anna + `, temporaries: [{` + shift + `, shifts: [{from: 2026-11-05 10:00, to: 2026-11-05 18:00, member: boris}]}]`
	const back = anna + `, temporaries: [{` + shift + `, fall_back: true, shifts: [{from: 2026-11-05 10:00, to: 2026-11-05 18:00, member: boris}]}]`
	hold(t, []rule{
		{"a temporary schedule replaces the layers", boris, noon, "boris (temporary t1)"},
		{"what it does not cover is a gap", boris, "2026-11-05 18:00", "-"},
		{"… from its beginning", boris, "2026-11-05 09:00", "-"},
		{"outside it the layers speak", boris, "2026-11-06 09:00", "anna (layer l1)"},
		{"… and before", boris, "2026-11-05 08:59:59", "anna (layer l1)"},
		{"fall back: what it does not cover is left to the layers", back, "2026-11-05 18:00", "anna (layer l1)"},
		{"… and what it covers is not", back, "2026-11-05 17:59:59", "boris (temporary t1)"},
		{"a gap in it is nobody, also with fall back", anna + `, temporaries: [{` + shift + `, fall_back: true, shifts: [{` + shift + `, member: gap}]}]`, noon, "-"},
		{"a shift that sticks out is cut", anna + `, temporaries: [{` + shift + `, shifts: [{from: 2026-11-04 00:00, to: 2026-11-08 00:00, member: boris}]}]`, "2026-11-04 12:00", "anna"},
		{"shifts that overlap unite", anna + `, temporaries: [{` + shift + `, shifts: [{` + shift + `, member: vera}, {` + shift + `, member: boris}]}]`, noon, "vera, boris"},
		{"an exclusive gap of a layer is replaced as well", `layers: [{members: [gap], exclusive: true}], temporaries: [{` + shift + `, shifts: [{` + shift + `, member: boris}]}]`, noon, "boris"},
		{"of two the later written speaks alone", anna + `, temporaries: [{at: 2026-11-02T00:00:00Z, ` + shift + `, shifts: [{` + shift + `, member: vera}]}, {at: 2026-11-01T00:00:00Z, ` + shift + `, shifts: [{` + shift + `, member: boris}]}]`, noon, "vera (temporary t1)"},
		{"of two written at once the later name", anna + `, temporaries: [{` + shift + `, shifts: [{` + shift + `, member: vera}]}, {` + shift + `, shifts: [{` + shift + `, member: boris}]}]`, noon, "boris (temporary t2)"},
		{"one of another track is not asked", anna + `, temporaries: [{track: secondary, ` + shift + `, shifts: [{` + shift + `, member: boris}]}]`, noon, "anna"},
		{"one of another schedule is not asked", anna + `, temporaries: [{schedule: other, ` + shift + `, shifts: [{` + shift + `, member: boris}]}]`, noon, "anna"},
		{"both ends are first occurrences, so that neighbours tile: the second 02:30 is after the end", `zone: Europe/Berlin, layers: [{members: [anna]}], temporaries: [{from: 2026-10-25 01:00, to: 2026-10-25 02:30, shifts: [{from: 2026-10-25 01:00, to: 2026-10-25 02:30, member: boris}]}]`, "2026-10-25T00:30:00Z", "anna"},
		{"written as instants they are instants", `zone: Europe/Berlin, layers: [{members: [anna]}], temporaries: [{from: 2026-10-25T00:00:00Z, to: 2026-10-25T01:30:00Z, shifts: [{from: 2026-10-25T00:00:00Z, to: 2026-10-25T01:30:00Z, member: boris}]}]`, "2026-10-25T01:29:59Z", "boris"},
	})
}

func TestRulesOfTimeOff(t *testing.T) {
	t.Parallel()
	const (
		away    = `absences: [{person: anna, ` + shift + `}]`
		turns   = `layers: [{substitute: true, members: [anna, boris, vera], handoff: {unit: day, anchor: 2026-11-05 09:00}}]`
		instead = `absences: [{person: anna, substitute: gleb, ` + shift + `}]`
	)
	hold(t, []rule{
		{"who is absent is not there", pair + `, ` + away, noon, "boris"},
		{"… to the second", pair + `, ` + away, "2026-11-06 08:59:59", "boris"},
		{"… and then is again", pair + `, ` + away, "2026-11-06 09:00", "anna, boris"},
		{"removing everybody does not fall through: the gap is shown", `layers: [{members: [anna], priority: 1}, {members: [boris]}], ` + away, noon, "-"},
		{"in a temporary schedule too", anna + `, ` + away + `, temporaries: [{` + shift + `, shifts: [{` + shift + `, member: anna + vera}]}]`, noon, "vera"},
		{"a substitute has the place of the absent one", pair + `, ` + instead, noon, "gleb (substitute a1), boris (layer l1)"},
		{"… in a temporary schedule too", anna + `, ` + instead + `, temporaries: [{` + shift + `, shifts: [{` + shift + `, member: anna + vera}]}]`, noon, "gleb (substitute a1), vera (temporary t1)"},
		{"a substitute who is absent is nobody", anna + `, absences: [{person: anna, substitute: gleb, ` + shift + `}, {person: gleb, substitute: vera, ` + shift + `}]`, noon, "-"},
		{"a substitute who is disabled is nobody", anna + `, absences: [{person: anna, substitute: dora, ` + shift + `}]`, noon, "-"},
		{"a substitute who is there anyway is there once", pair + `, absences: [{person: boris, substitute: anna, ` + shift + `}]`, noon, "anna (layer l1)"},
		{"of two absences the later written names the substitute", anna + `, absences: [{person: anna, substitute: gleb, ` + shift + `, at: 2026-11-02T00:00:00Z}, {person: anna, substitute: vera, ` + shift + `, at: 2026-11-01T00:00:00Z}]`, noon, "gleb (substitute a1)"},
		{"the layer's substitute: the next who is there", turns + `, ` + away, noon, "boris (substitute a1)"},
		{"… and tomorrow's turn stays where it is", turns + `, ` + away, "2026-11-06 12:00", "boris (layer l1)"},
		{"… over one who is absent as well", turns + `, absences: [{person: anna, ` + shift + `}, {person: boris, ` + shift + `}]`, noon, "vera (substitute a1)"},
		{"… over a gap", `layers: [{substitute: true, members: [anna, gap, vera], handoff: {unit: day, anchor: 2026-11-05 09:00}}], ` + away, noon, "vera (substitute a1)"},
		{"… over one who is disabled", `layers: [{substitute: true, members: [anna, dora, vera], handoff: {unit: day, anchor: 2026-11-05 09:00}}], ` + away, noon, "vera (substitute a1)"},
		{"… around the end of the list", `layers: [{substitute: true, members: [boris, vera, anna], handoff: {unit: day, anchor: 2026-11-03 09:00}}], ` + away, noon, "boris (substitute a1)"},
		{"… only while the absence lasts", turns + `, absences: [{person: anna, from: 2026-11-05 15:00, to: 2026-11-06 09:00}]`, noon, "anna (layer l1)"},
		{"… a pair of whom one is there gets nobody", `layers: [{substitute: true, members: [anna + gleb, boris], handoff: {unit: day, anchor: 2026-11-05 09:00}}], ` + away, noon, "gleb (layer l1)"},
		{"… a pair that is away gets one turn of the list", `layers: [{substitute: true, members: [anna + gleb, boris + vera], handoff: {unit: day, anchor: 2026-11-05 09:00}}], absences: [{person: anna, ` + shift + `}, {person: gleb, ` + shift + `}]`, noon, "boris (substitute a1), vera (substitute a1)"},
		{"the absence's own substitute comes first", turns + `, ` + instead, noon, "gleb (substitute a1)"},
		{"… and when that one is away, the layer's", turns + `, absences: [{person: anna, substitute: gleb, ` + shift + `}, {person: gleb, ` + shift + `}]`, noon, "boris (substitute a1)"},
		{"the next member stands in for one who is disabled", `layers: [{substitute: true, members: [dora, boris], handoff: {unit: day, anchor: 2026-11-05 09:00}}]`, noon, "boris"},
		{"an absence is read in its own zone", anna + `, absences: [{person: anna, zone: Asia/Vladivostok, from: 2026-11-05 09:00, to: 2026-11-05 18:00}]`, "2026-11-05 02:00", "-"},
		{"… until its end there", anna + `, absences: [{person: anna, zone: Asia/Vladivostok, from: 2026-11-05 09:00, to: 2026-11-05 18:00}]`, "2026-11-05 11:00", "anna"},
	})
}

func TestRulesOfOverrides(t *testing.T) {
	t.Parallel()
	change := func(people string) string { return `changes: [{` + shift + `, ` + people + `}]` }
	hold(t, []rule{
		{"add: somebody besides, at the end", anna + `, overrides: [{by: gleb, ` + change(`add: boris`) + `}]`, noon, "anna (layer l1), boris (override o1 by gleb)"},
		{"remove", pair + `, overrides: [{` + change(`remove: anna`) + `}]`, noon, "boris"},
		{"remove the last one: a gap", anna + `, overrides: [{` + change(`remove: anna`) + `}]`, noon, "-"},
		{"replace keeps the place", pair + `, overrides: [{by: gleb, ` + change(`remove: anna, add: vera`) + `}]`, noon, "vera (override o1 by gleb), boris (layer l1)"},
		{"replace does nothing where the one is not on duty", anna + `, overrides: [{` + change(`remove: boris, add: vera`) + `}]`, noon, "anna"},
		{"an override holds from its first second", anna + `, overrides: [{` + change(`remove: anna, add: vera`) + `}]`, "2026-11-05 09:00", "vera"},
		{"… until its end", anna + `, overrides: [{` + change(`remove: anna, add: vera`) + `}]`, "2026-11-06 09:00", "anna"},
		{"a swap: A has B's shift", `layers: [{members: [anna, boris], handoff: {unit: day, anchor: 2026-11-05 09:00}}], overrides: [{kind: swap, changes: [{` + shift + `, remove: anna, add: boris}, {from: 2026-11-06 09:00, to: 2026-11-07 09:00, remove: boris, add: anna}]}]`, "2026-11-06 12:00", "anna (override o1 by )"},
		{"… and B has A's", `layers: [{members: [anna, boris], handoff: {unit: day, anchor: 2026-11-05 09:00}}], overrides: [{kind: swap, changes: [{` + shift + `, remove: anna, add: boris}, {from: 2026-11-06 09:00, to: 2026-11-07 09:00, remove: boris, add: anna}]}]`, noon, "boris (override o1 by )"},
		{"inside a group substitutions are simultaneous: both on duty change places", pair + `, overrides: [{changes: [{` + shift + `, remove: anna, add: boris}, {` + shift + `, remove: boris, add: anna}]}]`, noon, "boris, anna"},
		{"… A→B and B→C in one group: A's place goes to B, not on to C", pair + `, overrides: [{changes: [{` + shift + `, remove: anna, add: boris}, {` + shift + `, remove: boris, add: vera}]}]`, noon, "boris, vera"},
		{"in two groups it goes on: A→B, later B→C gives C", anna + `, overrides: [{at: 2026-11-01T00:00:00Z, ` + change(`remove: anna, add: boris`) + `}, {at: 2026-11-02T00:00:00Z, by: gleb, ` + change(`remove: boris, add: vera`) + `}]`, noon, "vera (override o2 by gleb)"},
		{"… but B→C written first finds no B", anna + `, overrides: [{at: 2026-11-03T00:00:00Z, ` + change(`remove: anna, add: boris`) + `}, {at: 2026-11-02T00:00:00Z, ` + change(`remove: boris, add: vera`) + `}]`, noon, "boris (override o1 by )"},
		{"groups written at once hold by name", anna + `, overrides: [{id: b, ` + change(`remove: boris, add: vera`) + `}, {id: a, ` + change(`remove: anna, add: boris`) + `}]`, noon, "vera"},
		{"each group is applied once: A→B, then B→A is as if nothing had been", anna + `, overrides: [{at: 2026-11-01T00:00:00Z, ` + change(`remove: anna, add: boris`) + `}, {at: 2026-11-02T00:00:00Z, ` + change(`remove: boris, add: anna`) + `}]`, noon, "anna (override o2 by )"},
		{"somebody is put in the place of two", pair + `, overrides: [{` + change(`remove: anna, add: vera`) + `}, {` + change(`remove: boris, add: vera`) + `}]`, noon, "vera"},
		{"two come in the place of one, in their order", pair + `, overrides: [{changes: [{` + shift + `, remove: anna, add: vera}, {` + shift + `, remove: anna, add: gleb}]}]`, noon, "vera, gleb, boris"},
		{"who is there already keeps the earlier place", pair + `, overrides: [{` + change(`remove: boris, add: anna`) + `}]`, noon, "anna (layer l1)"},
		{"… which may be the new one", pair + `, overrides: [{` + change(`remove: anna, add: boris`) + `}]`, noon, "boris (override o1 by )"},
		{"added who is there already stays as he is", pair + `, overrides: [{` + change(`add: anna`) + `}]`, noon, "anna (layer l1), boris (layer l1)"},
		{"overrides correct temporary schedules as well: the latest human correction wins", anna + `, temporaries: [{at: 2026-11-02T00:00:00Z, ` + shift + `, shifts: [{` + shift + `, member: boris}]}], overrides: [{at: 2026-11-01T00:00:00Z, ` + change(`remove: boris, add: vera`) + `}]`, noon, "vera"},
		{"… and replaces nobody", anna + `, overrides: [{` + change(`add: dora, remove: anna`) + `}]`, noon, "anna"},
		{"one who is disabled is not added", anna + `, overrides: [{` + change(`add: dora`) + `}]`, noon, "anna"},
		{"… and replaces nobody", anna + `, overrides: [{` + change(`remove: anna, add: dora`) + `}]`, noon, "anna (layer l1)"},
		{"… nor does a stranger", anna + `, overrides: [{` + change(`remove: anna, add: nobody`) + `}]`, noon, "anna (layer l1)"},
		{"time off written after it: the override does nothing at all", anna + `, absences: [{person: boris, ` + shift + `, at: 2026-11-02T00:00:00Z}], overrides: [{at: 2026-11-01T00:00:00Z, ` + change(`remove: anna, add: boris`) + `}]`, noon, "anna (layer l1)"},
		{"… written at the same moment likewise", anna + `, absences: [{person: boris, ` + shift + `, at: 2026-11-01T00:00:00Z}], overrides: [{at: 2026-11-01T00:00:00Z, ` + change(`remove: anna, add: boris`) + `}]`, noon, "anna (layer l1)"},
		{"time off written before it: the override counts, it was asked for knowingly", anna + `, absences: [{person: boris, ` + shift + `, at: 2026-11-01T00:00:00Z}], overrides: [{at: 2026-11-02T00:00:00Z, ` + change(`remove: anna, add: boris`) + `}]`, noon, "boris (override o1 by )"},
		{"the other changes of the group hold all the same", pair + `, absences: [{person: vera, ` + shift + `, at: 2026-11-02T00:00:00Z}], overrides: [{at: 2026-11-01T00:00:00Z, changes: [{` + shift + `, remove: anna, add: vera}, {` + shift + `, remove: boris, add: gleb}]}]`, noon, "anna (layer l1), gleb (override o1 by )"},
		{"an override can bring somebody back who is absent, if it is later", anna + `, absences: [{person: anna, ` + shift + `, at: 2026-11-01T00:00:00Z}], overrides: [{at: 2026-11-02T00:00:00Z, ` + change(`add: anna`) + `}]`, noon, "anna (override o1 by )"},
		{"a replacement of one who is absent finds nobody", anna + `, absences: [{person: anna, ` + shift + `}], overrides: [{` + change(`remove: anna, add: vera`) + `}]`, noon, "-"},
		{"… but finds the substitute", anna + `, absences: [{person: anna, substitute: boris, ` + shift + `}], overrides: [{` + change(`remove: boris, add: vera`) + `}]`, noon, "vera"},
		{"a request changes nothing until it is accepted", anna + `, requests: [{id: r, schedule: line, track: primary, person: anna, ` + shift + `}]`, noon, "anna (layer l1)"},
		{"civil ends are first occurrences: the repeated half hour is not covered twice", `zone: Europe/Berlin, ` + anna + `, overrides: [{changes: [{from: 2026-10-25 01:00, to: 2026-10-25 02:30, remove: anna, add: boris}]}]`, "2026-10-25T01:15:00Z", "anna"},
		{"an end in the gap is the instant after it", `zone: Europe/Berlin, ` + anna + `, overrides: [{changes: [{from: 2026-03-29 01:00, to: 2026-03-29 02:30, remove: anna, add: boris}]}]`, "2026-03-29T00:59:59Z", "boris"},
	})
}

func TestRulesOfTakeovers(t *testing.T) {
	t.Parallel()
	const (
		later = `{at: 2026-11-05T10:00:00Z, changes: [{` + shift + `, remove: boris, add: gleb}]}`
		take  = `{kind: takeover, at: 2026-11-05T07:00:00Z, by: boris, changes: [{from: 2026-11-05T07:00:00Z, to: 2026-11-05T11:00:00Z, remove: anna, add: boris}]}`
	)
	hold(t, []rule{
		{"I take the line: one is there instead of the other", anna + `, overrides: [` + take + `]`, noon, "boris (takeover o1 by boris)"},
		{"… from the second at which it was said", anna + `, overrides: [` + take + `]`, "2026-11-05T06:59:59Z", "anna"},
		{"… until its time is over", anna + `, overrides: [` + take + `]`, "2026-11-05T11:00:00Z", "anna"},
		{"it comes after all overrides, also later ones", anna + `, overrides: [` + take + `, ` + later + `]`, noon, "boris (takeover o1 by boris)"},
		{"it works on what the overrides have made", anna + `, overrides: [` + take + `, {at: 2026-11-05T10:00:00Z, changes: [{` + shift + `, remove: anna, add: gleb}]}]`, noon, "gleb"},
		{"of two takeovers the later", anna + `, overrides: [` + take + `, {kind: takeover, at: 2026-11-05T08:00:00Z, by: vera, changes: [{from: 2026-11-05T08:00:00Z, to: 2026-11-05T10:00:00Z, remove: boris, add: vera}]}]`, noon, "vera (takeover o2 by vera)"},
		{"who is absent can take the line: that is later than the time off", anna + `, absences: [{person: boris, ` + shift + `, at: 2026-11-01T00:00:00Z}], overrides: [` + take + `]`, noon, "boris"},
		{"time off written during a takeover ends it", anna + `, absences: [{person: boris, from: 2026-11-05 11:00, to: 2026-11-06 09:00, at: 2026-11-05T08:00:00Z}], overrides: [` + take + `]`, noon, "anna"},
	})
}

func TestRulesOfVersions(t *testing.T) {
	t.Parallel()
	const two = anna + `, versions: [{from: 2026-11-05T09:00:00Z, zone: Europe/Moscow, tracks: [{id: primary, layers: [{id: v2, members: [boris, vera], handoff: {unit: day, anchor: 2026-11-01 12:00}}]}]}]`
	hold(t, []rule{
		{"before a version the earlier rules hold", two, "2026-11-05T08:59:59Z", "anna (layer l1)"},
		{"from its instant on its own", two, "2026-11-05T09:00:00Z", "boris (layer v2)"},
		{"its turns are counted from its own anchor", two, "2026-11-06T09:00:00Z", "vera (layer v2)"},
		{"the last version whose from has come", two[:len(two)-1] + `, {from: 2026-11-06T00:00:00Z, zone: Europe/Moscow, tracks: [{id: primary, layers: [{id: v3, members: [gleb]}]}]}]`, "2026-11-06 03:00", "gleb (layer v3)"},
		{"a version may drop the track", anna + `, versions: [{from: 2026-11-05T00:00:00Z, zone: Europe/Moscow, tracks: [{id: other, layers: [{id: v2, members: [boris]}]}]}]`, noon, "-"},
		{"a version may move the zone: the clock is then another's", anna + `, versions: [{from: 2026-11-05T00:00:00Z, zone: Asia/Vladivostok, tracks: [{id: primary, layers: [{id: v2, members: [boris], windows: [{from: "12:00", to: "13:00"}]}]}]}]`, "2026-11-05T02:30:00Z", "boris"},
		{"corrections hold across versions", two + `, overrides: [{changes: [{` + shift + `, remove: boris, add: gleb}, {` + shift + `, remove: anna, add: gleb}]}]`, "2026-11-05T09:00:00Z", "gleb"},
		{"a layer of a new version that begins later leaves a gap until then", anna + `, versions: [{from: 2026-11-05T00:00:00Z, zone: Europe/Moscow, tracks: [{id: primary, layers: [{id: v2, members: [boris], from: 2026-11-05 18:00}]}]}]`, noon, "-"},
	})
}
