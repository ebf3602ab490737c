package chart

import "time"

// Heights of what a band holds, before they are stretched or pressed to the page.
const (
	dayHeight   = 76 // weekday and date, and the class under them
	trackHeight = 40
	rowHeight   = 50
	laneHeight  = 44 // of absences and corrections
	finalHeight = 92
	bandSpace   = 30
	// Rows are pressed to no less than leastScale, where the smallest text still fits, and stretched to no more than mostScale.
	leastScale = 0.70
	mostScale  = 1.6
)

// layout says what stands where.
type layout struct {
	bands   [][]Day // of each the days, all of the same width
	columns int     // days a band has room for
	scale   float64
	height  int // of the page
	foot    int // where the foot begins
}

// layout chooses the bands: the fewest in which nine tenths of the time can carry a surname, as long as the rows fit the page.
func (c *Chart) layout() layout {
	foot := c.footHeight()
	room := pageHeight - headHeight - foot - margin
	best := layout{}
	for i, columns := range c.candidates() {
		l := layout{columns: columns, bands: c.bandsOf(columns)}
		fixed, rows := 0, 0 // what is not stretched, and what is
		for _, band := range l.bands {
			fixed += c.bandHeight(band, 0) + bandSpace
			rows += c.bandHeight(band, 1) - c.bandHeight(band, 0)
		}
		l.scale = min(float64(room-fixed)/float64(rows), mostScale)
		if i > 0 && l.scale < leastScale {
			break // the bands before were too narrow for names, but they fit
		}
		best = l
		if c.legible(columns) {
			break
		}
	}
	best.scale = max(best.scale, leastScale)
	best.foot = headHeight
	for _, band := range best.bands {
		best.foot += c.bandHeight(band, best.scale) + bandSpace
	}
	best.height = max(pageHeight, best.foot+foot+margin)
	best.foot = best.height - margin - foot
	return best
}

// candidates are the numbers of days a band may have, widest first; the last is a week.
func (c *Chart) candidates() []int {
	days := len(c.Days)
	var all []int
	for _, parts := range []int{1, 2, 3} {
		if n := (days + parts - 1) / parts; n > 7 || parts == 1 {
			all = append(all, n)
		}
	}
	if days > 7 {
		all = append(all, 7)
	}
	return all
}

// bandsOf cuts the days into bands; bands of a week begin on Monday.
func (c *Chart) bandsOf(columns int) [][]Day {
	var bands [][]Day
	for i, d := range c.Days {
		fresh := i%columns == 0
		if columns == 7 && len(c.Days) > 7 {
			fresh = i == 0 || weekday(d.Date) == 0
		}
		if fresh {
			bands = append(bands, nil)
		}
		bands[len(bands)-1] = append(bands[len(bands)-1], d)
	}
	return bands
}

// legible reports whether nine tenths of the time can carry a surname.
func (c *Chart) legible(columns int) bool {
	perDay := float64(plotWidth) / float64(columns)
	var whole, named time.Duration
	for _, t := range c.Tracks {
		for _, b := range t.Final.Bars {
			if b.Gap() {
				continue
			}
			whole += b.Duration()
			if textWidth(c.names(b.People), textSize)+barPadding*2 <= perDay*b.Duration().Hours()/24 {
				named += b.Duration()
			}
		}
	}
	return named*10 >= whole*9
}

// rowsIn returns the rows of a track that a band shows: layers always, the others where they have something.
func rowsIn(t Track, days []Day) []Row {
	from, to := days[0].Start, days[len(days)-1].End
	var rows []Row
	for _, row := range t.Rows {
		if row.Kind == LayerRow || row.between(from, to) {
			rows = append(rows, row)
		}
	}
	return append(rows, t.Final)
}

// between reports whether the row has a bar within a span.
func (r Row) between(from, to time.Time) bool {
	for _, b := range r.Bars {
		if b.Start.Before(to) && from.Before(b.End) {
			return true
		}
	}
	return false
}

// height returns how high a row is at a scale.
func (r Row) height(scale float64) int {
	h := rowHeight
	switch r.Kind {
	case FinalRow:
		h = finalHeight
	case AbsenceRow, OverrideRow:
		h = laneHeight
	case LayerRow, TemporaryRow:
	}
	return int(float64(h) * scale)
}

// bandHeight returns how high a band is at a scale.
func (c *Chart) bandHeight(days []Day, scale float64) int {
	sum := dayHeight
	for _, t := range c.Tracks {
		if len(c.Tracks) > 1 {
			sum += trackHeight
		}
		for _, row := range rowsIn(t, days) {
			sum += row.height(scale)
		}
	}
	return sum
}
