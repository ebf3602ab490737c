// Package ical carries rotas to calendars and spreadsheets, and back: iCalendar (RFC 5545) and CSV, out and in.
//
// It is pure: no clock, no files, no network. Bytes come in and go out, the horizon is a parameter, and equal rotas give equal
// bytes, so a feed that is asked again has the same ETag.
//
// # Out
//
// What goes out is the final schedule, as [oncall.Evaluator] has it: with overrides, absences, temporary schedules and takeovers.
// [Schedule] is one event per shift of each track, [Person] one event per turn of a person on any schedule; [CSV] is the table of
// the same shifts. Events are
//
//   - whole: one that crosses an end of the horizon is shown with its own start and end, so that it stays the same event when the
//     horizon moves on (up to reach beyond it);
//   - stable: the UID is made of schedule, track and start (and the person, in a person's feed). When somebody else takes the
//     shift, or it ends at another time, the event stays and is changed;
//   - numbered: SEQUENCE and LAST-MODIFIED come from the version of the rota and rise with each edit (RFC 5545 section 3.8.7.4).
//     DTSTAMP is that of the edit, never the clock's;
//   - transparent (TRANSP, section 3.8.2.7): a week on duty does not make a calendar say "busy" for a week;
//   - in UTC (section 3.3.5, form 2), which every calendar shows right in its reader's zone whatever zone files it has. The times
//     of the schedule's own zone are in the description.
//
// # In
//
// [ReadCalendar] and [ReadCSV] make an [edit.Edit] of what others have written: a temporary schedule, overrides or absences. They
// take all or nothing: with a single row that is not understood they return [Faults] that name each such row by its line and say
// what to do. Whether the edit is allowed is for edit.Apply to say.
//
// People are found by ID, by name in any order of its words, or by one word of the name when it is nobody else's.
// Times with an offset, in UTC or with a TZID are instants; all others are readings of the schedule's wall clock.
//
// What an export holds over its horizon comes back the same: importing [Schedule] or [CSV] as a temporary schedule reproduces
// Shifts of each track (people and times; the reasons are then the temporary schedule).
//
// # Terms
//
//   - Horizon: the span [From, To) that is asked for.
//   - Row: an event of a calendar or a line of a table; it is named by the number of the line on which it begins, from 1.
//   - Member: those on duty together, as in a layer.
//
// All functions may be called by any goroutine.
package ical
