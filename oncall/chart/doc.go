// Package chart draws a span of a schedule, a month as a rule: as a table of text for a terminal or a mail, and as an SVG page
// for a screen or for A4 landscape on a wall.
//
// It asks oncall's one evaluator and decides nothing about duty itself. It is pure: no clock, no files; equal inputs give equal
// bytes, and a Chart may be drawn by any number of goroutines.
//
// # Terms
//
//   - Chart: the model that both drawings are made of. Its days are civil days of the schedule's zone, Monday first; a day on
//     which clocks change is 23 or 25 hours long and as wide as the others.
//   - Row: one line of a track: what a layer says by itself, absences, corrections, and at the bottom the final row ("Итог"),
//     which is what the router goes by.
//   - Bar: a span of a row with the same people. The bars of a final row tile the chart's span exactly: where nobody is on duty
//     stands a bar that is a gap. A gap is never too short to be seen, and is always named in words as well.
//   - Band: a strip of days in a drawing. A page with many short shifts has a band per week, one with long shifts a single band.
//
// Lengths in the SVG are tenths of a millimetre of an A4 page, 2970 by 2100. The SVG holds no script, no outside reference and
// no style sheet; names are escaped and clipped, whatever they hold.
package chart
