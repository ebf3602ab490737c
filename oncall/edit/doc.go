// Package edit says what people change in a rota: each change is a value, Apply decides what becomes of it, and Look shows it
// before anybody is bound by it. Command line, API and screens change rotas by these values only.
//
// It is pure: no clock, no files, no store. The shell loads the roster, applies the edit, and commits the records that Apply
// names, with a check that none of them has changed meanwhile.
//
// # Terms
//
//   - Record: one thing of the roster that is kept under a key of its own: a person, a schedule, an absence, a temporary
//     schedule, an override, a request, a year of a calendar.
//   - Revision: the number of an edit, counted over the whole rota. A record has the revision that wrote it last.
//   - Effective-from: the moment from which an edited schedule holds. It is never before now: the past is what it was.
//   - Begun: a thing whose start is before now. It can be ended now, and its end can be moved; what has not begun can be
//     changed or removed altogether, and then everything is as if it had never been written.
//   - Hidden: an earlier correction that no longer has an effect somewhere because of a later one.
//
// # Rules
//
//   - What lies before now is not changed by any edit, but for calendars that were wrong (docs say so).
//   - When members of a layer come or go, the start index of the new version is chosen so that whoever is on duty at
//     effective-from keeps the present turn, unless removed; who stands in for somebody away then has it.
//   - A request changes nothing until it is accepted; the first acceptance writes one override and wins.
//   - An expired request leaves its author on duty.
//   - A correction that is written or changed is the latest: its time of writing is later than that of all others. One that has
//     begun keeps its place if the past would change otherwise, and so do time off and temporary schedules in progress.
//   - When the zones of a schedule change, now or in plans, what was planned on it keeps its moments and what is over stays over:
//     civil times that would be read otherwise become instants. A reading that is past and comes once more means the next time.
//   - Time off without a zone is read by the clock of each schedule. If it would be in the past by some of them, it gets the zone
//     of the first schedule with the person.
//   - A new version is decided against the rules before it. Versions planned for later stay as they were planned.
//   - What is undone of a schedule makes it from now on exactly what it was, with all that was planned. A version that says what
//     holds anyway is not written.
//   - People who have ever been in a rota can not be removed, only disabled: the past needs them.
//
// Everything is decided at whole seconds. The functions keep nothing and may be called by any goroutine; they never change the
// roster they are given.
package edit
