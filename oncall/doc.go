// Package oncall says who is on duty: people with their devices, schedules made of tracks and layers, and the order in
// which a call in need of a human tries them.
//
// It is pure: no clock, no files, no network, no log. The time of every question is a parameter, equal inputs give equal
// answers, and every value may be read by any number of goroutines as long as nobody changes it.
//
// # Terms
//
//   - Instant: a moment in UTC, whole seconds. Intervals are half-open, [start, end).
//   - Civil time: what the wall clock of a zone shows. Everything people write into a rota is civil; it becomes an instant
//     only through the schedule's zone. A civil time that occurs twice (clocks go back) is taken at its first occurrence when
//     it starts something and at its last when it ends a window; one that never occurs (clocks go forward) is the first
//     instant after the gap.
//   - Track: one line of duty of a schedule (primary, secondary, lead). Tracks are listed in the order of failover.
//   - Layer: members who take turns, hand-offs counted from an anchor, within active windows. The layers of the highest
//     priority that have somebody at t make the base of the track; equal priorities are united.
//   - Member: one turn of a layer: a person, several people on duty together, or Gap, which is nobody on purpose.
//   - Duty: one person on duty on one track, with the reason (Provenance) and the end (Until).
//   - Tier: the people a call tries together before it goes on to the next tier. The tiers of a Chain never repeat a person;
//     the static emergency numbers of the configuration file are always last.
//
// # Evaluation
//
// The duty list of a track is the result of a pipeline of steps (who.go), each taking the list so far and returning the next
// one. Who, Chain and Shifts all run this one pipeline, so a screen can not disagree with the router.
//
// The types carry yaml tags: a configuration file decodes straight into Roster with strict decoding. Zone names are looked
// up when a Zone is decoded or made, never during an evaluation.
package oncall
