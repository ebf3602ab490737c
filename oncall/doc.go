// Package oncall says who is on duty: people with their devices, schedules made of tracks and layers, corrections of them, and
// the order in which a call in need of a human tries people.
//
// It is pure: no clock, no files, no network, no log. The time of every question is a parameter, equal inputs give equal
// answers, and every value may be read by any number of goroutines as long as nobody changes it. It knows neither where a
// roster is kept nor who may edit it (oncall/edit), nor how anybody is reached.
//
// # Terms
//
//   - Instant: a moment in UTC, whole seconds. Intervals are half-open, [start, end).
//   - Civil time: what the wall clock of a zone shows. Everything people write into a rota is civil; it becomes an instant
//     only through a zone. A reading that occurs twice (clocks go back) is taken at its first occurrence when it starts
//     something or is a hand-off, and at its last when it ends a window; one that never occurs (clocks go forward) is the
//     first instant after the gap. The ends of all other things are taken at the first occurrence too, so that of two
//     neighbours one begins where the other ends.
//   - Track: one line of duty of a schedule (primary, secondary, lead). Tracks are listed in the order of failover.
//   - Layer: members who take turns, hand-offs counted from an anchor, within windows.
//   - Member: one turn of a layer: a person, several people on duty together, or Gap, which is nobody on purpose.
//   - Day class: what a production calendar makes of a date (holiday, short workday, worked Saturday …).
//   - Correction: an absence, a temporary schedule, an override or a takeover.
//   - Version: the rules of a schedule from an instant on. What lies before an edit is never changed by it.
//   - Duty: one person on duty on one track, with the reason (Provenance) and the end (Until).
//   - Shift: a span in which the same people are on a track for the same reasons; without people it is a gap.
//   - Turn: a span without a break in which one person is on a track.
//   - Tier: the people a call tries together before it goes on to the next tier. The tiers of a Chain never repeat a person;
//     the static emergency numbers of the configuration file are always last.
//
// # Who is on duty on a track at an instant
//
// This is the order of resolution (lane.at); each step takes the list so far and makes the next one:
//
//  1. The version in force is the last that has begun. Its zone and calendar give civil times and dates their meaning. The civil
//     times of corrections are read once, by the clock of the schedule through all its versions, that of the zone in force: the
//     first instant at which it shows the reading, or a later one where a change of zone skips it (Schedule.Instant).
//  2. Layers (layer.at): within its life, while a window is open, a layer has the member whose turn it is. The highest
//     priority with somebody speaks; equal priorities are united in their order. A Gap falls through to lower priorities,
//     unless all of its priority is Gaps and one of them is of an exclusive layer.
//  3. A temporary schedule in force replaces the layers, of several the one written last. Where none of its shifts lies,
//     nobody is on duty, or the layers speak if it falls back. (PagerDuty and GoAlert have temporary schedules without the
//     second; it is asked for in GoAlert's thread 3511.)
//  4. Absences and disabled people: they are removed. The substitute that the absence names takes the place, if there; if nobody
//     of a layer's turn is left, and the layer substitutes, the next member who is there has it (by the absence, or by the layer
//     itself if all of the turn are disabled), while later turns stay where they are. The hole that is left never falls through to lower priorities: it must be seen.
//  5. Overrides, in the order in which they were written. Each is applied once, all of its changes at the same time, to what the
//     earlier ones have made: so a swap of two people works, and the latest correction wins. A replacement keeps the place in
//     the order and does nothing where the replaced person is not on duty. What adds somebody who is disabled, or whose absence
//     was written at that moment or later, does nothing at all.
//  6. Takeovers, in the same way, after all others; but one that can not add its person does nothing as a whole: nobody leaves
//     the line for somebody who is not there.
//
// A person counts once, at the first place. Provenance names the rule that put the person there.
//
// # Turns
//
// Hand-off i is the anchor moved by i intervals on the civil clock, for any i, never counted from another hand-off (handoff.go).
// Months clamp to their last day, where adding to a date would run into the next month. Hand-offs by hours fall on the same
// readings every day; those that a transition makes collapse leave empty periods, whose turns are lost. With advance by worked
// periods only those with an open window take a turn (worked.go), so that nobody's turns all fall on closed days; threads ask
// for it as GoAlert 55 and OneUptime 2413.
//
// A window belongs to the date on which it starts (window.go): if it asks for day classes, a date that is not what its weekday
// promises is judged by its class alone; any other by weekday and class. A short workday is still its weekday. Without a
// calendar, or for a year that it lacks, the weekday decides.
//
// # How it is computed
//
// Compile turns a roster into numbers once: people, rules and classes become indexes, zones tables of offsets, civil bounds
// instants. Corrections are cut at all of their edges into segments in which they stay the same, each with what they come to
// (segment.go). Each rule then answers two things, what it says at t and until when that surely stays so, and so does the
// whole. Who asks once; Shifts asks again at each such end and joins neighbours that say the same. There is no other way to an
// answer, so a screen can not disagree with the router.
//
// What is wrong with a roster (see Validate) can not stop an answer: rules that can not be read say nobody, and all others say
// what they say.
//
// # Form
//
// The types carry yaml and json tags: the JSON of a record is the YAML of a configuration file (json.go). Zones are read when a
// Zone is decoded or made, from the database in the binary, never during an evaluation.
package oncall
