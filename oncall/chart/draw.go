package chart

import (
	"fmt"
	"strings"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// barPadding is the space at both ends of a bar's text; leastGap is how wide a gap is drawn at least, 1.6 mm.
const (
	barPadding = 6
	leastGap   = 16
	boldRatio  = 1.1 // how much wider bold text is
)

// strip is one band being drawn.
type strip struct {
	c      *Chart
	p      *page
	days   []Day
	perDay float64
	scale  float64
	x      int // of its first day
}

func (c *Chart) drawBand(p *page, l layout, days []Day, y int) {
	s := strip{c: c, p: p, days: days, perDay: float64(plotWidth) / float64(l.columns), scale: l.scale, x: plotX}
	if l.columns == 7 && len(c.Days) > 7 {
		s.x += int(float64(weekday(days[0].Date)) * s.perDay) // each weekday has its column
	}
	bottom := y + c.bandHeight(days, l.scale)
	s.ground(y, bottom)
	at := y + dayHeight
	for _, t := range c.Tracks {
		if len(c.Tracks) > 1 {
			p.rect(margin, at, s.end()-margin, trackHeight, `fill="#d5dae1"`)
			p.text(margin+8, at+29, textSize, `font-weight="700"`, cutTo(nameWidth*3, textSize, t.Name))
			at += trackHeight
		}
		first, name := at, ""
		for _, row := range rowsIn(t, days) {
			h := row.height(l.scale)
			if row.Kind == FinalRow {
				s.gapColumns(t, first, at)
				p.rect(s.x, at, s.end()-s.x, h, `fill="none" stroke="`+ink+`" stroke-width="5"`)
			}
			if row.Name == name {
				row.Name = "" // a further lane of the same thing
			} else {
				name = row.Name
			}
			s.row(row, at, h)
			at += h
		}
	}
	s.now(y, bottom)
}

// place returns where an instant lies in the band, in page units.
func (s *strip) place(t time.Time) int {
	for i, d := range s.days {
		if t.Before(d.End) || i == len(s.days)-1 {
			share := float64(t.Sub(d.Start)) / float64(d.End.Sub(d.Start))
			return s.x + int((float64(i)+min(max(share, 0), 1))*s.perDay+0.5)
		}
	}
	return s.x
}

func (s *strip) start() time.Time  { return s.days[0].Start }
func (s *strip) finish() time.Time { return s.days[len(s.days)-1].End }
func (s *strip) end() int          { return s.place(s.finish()) }

// ground draws the days: shaded by class, with weekday and date.
func (s *strip) ground(y, bottom int) {
	for _, d := range s.days {
		x, w := s.place(d.Start), s.place(d.End)-s.place(d.Start)
		weight, colour := "400", ink
		switch {
		case d.Class == oncall.Holiday || d.Class == oncall.MovedDayOff:
			s.p.rect(x, y, w, bottom-y, `fill="`+holiday+`"`)
			s.p.rect(x, y, w, bottom-y, `fill="url(#o)"`)
			weight, colour = "700", alarm
		case d.Class.Off():
			s.p.rect(x, y, w, bottom-y, `fill="`+offDay+`"`)
			weight = "700"
		}
		s.p.line(x, y, x, bottom, `stroke="`+ruleLine+`" stroke-width="2"`)
		name := s.c.words.weekdays[weekday(d.Date)]
		_, m, n := d.Date.Date()
		head := fmt.Sprintf("%s %d", name, n)
		month := s.c.words.months[m-1]
		first := n == 1 || d.Date == s.days[0].Date
		text := fit(float64(w-8), nameSize, head)
		if first {
			text = fit(float64(w-8), nameSize, head+" "+s.c.words.ofMonth[m-1], head)
		}
		if text == "" {
			text = fmt.Sprint(n)
		}
		s.p.text(x+w/2, y+36, nameSize, fmt.Sprintf(`text-anchor="middle" font-weight="%s" fill="%s"`, weight, colour), text)
		mark := s.c.words.classes[d.Class]
		under := fit(float64(w-6), smallSize, mark.name, mark.mark)
		if mark.mark != "" && under == "" {
			under = string([]rune(mark.mark)[:1])
		}
		if text == fmt.Sprint(n) { // no room for the weekday beside the date
			under = fit(float64(w), smallSize, name)
			if first {
				under = fit(float64(w), smallSize, string([]rune(month)[:3]), name)
			}
		}
		s.p.text(x+w/2, y+68, smallSize, `text-anchor="middle" fill="`+colour+`"`, under)
	}
	s.p.line(s.x, bottom, s.end(), bottom, `stroke="`+ruleLine+`" stroke-width="2"`)
	s.p.line(s.end(), y, s.end(), bottom, `stroke="`+ruleLine+`" stroke-width="2"`)
}

// row draws the name of a row and its bars.
func (s *strip) row(row Row, y, height int) {
	weight, size := "400", textSize
	if row.Kind == FinalRow {
		weight, size = "700", nameSize
	}
	s.p.text(margin+8, y+height/2+size/3, size, `font-weight="`+weight+`"`, cutTo(nameWidth-20, float64(size), row.Name))
	s.p.line(margin, y, s.end(), y, `stroke="`+ruleLine+`" stroke-width="2"`)
	for _, b := range row.Bars {
		if b.Start.Before(s.finish()) && s.start().Before(b.End) {
			s.bar(row.Kind, b, y, height)
		}
	}
}

// bar draws what of a bar lies in the band.
func (s *strip) bar(kind Kind, b Bar, y, height int) {
	x := s.place(maxTime(b.Start, s.start()))
	w := s.place(minTime(b.End, s.finish())) - x
	if b.Gap() && w < leastGap {
		x, w = min(x, s.end()-leastGap), leastGap
	}
	top, h := y+3, height-6
	s.p.add(`<g><title>%s</title>`, escape(s.c.interval(b.Start, b.End)+" "+s.c.who(kind, b)+reason(kind, b)))
	switch {
	case b.Gap():
		s.p.rect(x, top, w, h, `class="gap" fill="`+alarm+`"`)
	case kind == AbsenceRow:
		s.p.rect(x, top, w, h, `fill="#ffffff" stroke="`+faint+`" stroke-width="3" stroke-dasharray="12 8"`)
	default:
		s.p.rect(x, top, w, h, `fill="`+s.fill(b)+`" stroke="`+ink+`" stroke-width="2"`)
		if b.Changed {
			s.p.rect(x, top, w, h, `fill="url(#h)"`)
		}
	}
	s.label(kind, b, x, top, w, h)
	s.p.add(`</g>`)
}

// label writes into a bar what fits; a nested svg clips it whatever the font.
func (s *strip) label(kind Kind, b Bar, x, top, w, h int) {
	room := float64(w - 2*barPadding)
	size := min(float64(nameSize), float64(h)*0.72)
	attrs := fmt.Sprintf(`text-anchor="middle" fill="%s"`, ink)
	if kind == FinalRow {
		size = min(float64(nameSize), float64(h)*0.44)
		attrs += ` font-weight="700"`
	}
	if b.Changed && !b.Gap() {
		attrs += ` stroke="#ffffff" stroke-opacity="0.85" stroke-width="7" stroke-linejoin="round" paint-order="stroke"`
	}
	if b.Gap() {
		attrs = `text-anchor="middle" fill="#ffffff" font-weight="700"`
	}
	bold := 1.0
	if kind == FinalRow || b.Gap() {
		bold = boldRatio
	}
	small, times := size*0.72, ""
	if kind == FinalRow {
		times = fit(room, small, s.times(b)...)
	}
	name, size := s.name(kind, b, room/bold, size)
	if name == "" && times == "" {
		return
	}
	s.p.add(`<svg x="%d" y="%d" width="%d" height="%d" overflow="hidden">`, x, top, w, h)
	middle := h/2 + int(size*0.36)
	if times != "" && name != "" {
		middle = int(float64(h)*0.30 + size*0.36)
	}
	s.p.text(w/2, middle, int(size), attrs, name)
	if times != "" {
		s.p.text(w/2, int(float64(h)*0.76+small*0.34), int(small), strings.Replace(attrs, ` font-weight="700"`, "", 1), times)
	}
	s.p.add(`</svg>`)
}

// name returns the best name of a bar that fits, and its size: a surname may be written a little smaller before it is cut.
func (s *strip) name(kind Kind, b Bar, room, size float64) (string, float64) {
	smaller := size * 0.8
	if b.Gap() {
		if text := fit(room+barPadding, smaller, s.c.words.nobody); text != "" && fit(room, size, text) == "" {
			return text, smaller
		}
		return fit(room+barPadding, size, s.c.words.nobody, "!!!", "!"), size
	}
	short, full := s.c.who(kind, b), ""
	if len(b.People) == 1 && len(b.Removed) == 0 && kind != OverrideRow {
		full = s.c.person(b.People[0]).Name
	}
	if text := fit(room, size, full, short); text != "" {
		return text, size
	}
	if text := fit(room, smaller, short); text != "" {
		return text, smaller
	}
	if len(b.People) == 1 && len(b.Removed) == 0 {
		if cut := cutTo(room, smaller, short); len([]rune(cut)) > 4 { //nolint:mnd // less than four letters say less than initials
			return cut, smaller
		}
	}
	small := s.c.initials(b.People)
	if len(b.Removed) > 0 {
		small = strings.TrimSuffix(s.c.initials(b.Removed)+"→"+small, "→")
	}
	if text := fit(room+barPadding, size, small); text != "" {
		return text, size
	}
	return fit(room+barPadding, smaller, small), smaller
}

// initials joins those of people.
func (c *Chart) initials(ids []string) string {
	all := make([]string, len(ids))
	for i, id := range ids {
		all[i] = c.person(id).Initials
	}
	return strings.Join(all, "+")
}

// times returns ways to write when a bar begins and ends, best first.
func (s *strip) times(b Bar) []string {
	clock := func(t time.Time) string {
		c := oncall.CivilAt(t, s.c.Zone).Clock().String()
		if c == "00:00" && t.Equal(b.End) {
			return "24:00"
		}
		return c
	}
	start, end := clock(b.Start), clock(b.End)
	since, beyond := b.Since || b.Start.Before(s.start()), b.Beyond || b.End.After(s.finish())
	switch {
	case since && beyond:
		return nil
	case since:
		return []string{"… " + end, end}
	case beyond:
		return []string{start + " …", start}
	}
	short := strings.TrimSuffix(start, ":00") + "–" + strings.TrimSuffix(end, ":00")
	if b.Duration() > day {
		return []string{s.c.moment(b.Start) + " – " + s.c.moment(b.End), start + " … " + end, short}
	}
	return []string{start + "–" + end, short, start}
}

// day is how long a bar may be for its clock times to say enough.
const day = 25 * time.Hour

func reason(kind Kind, b Bar) string {
	if b.Why == "" || kind == LayerRow {
		return ""
	}
	return " (" + b.Why + ")"
}

// fill is the ground of the first of a bar's people.
func (s *strip) fill(b Bar) string {
	if len(b.People) == 0 {
		return "#ffffff"
	}
	colours := fills()
	for i, p := range s.c.People {
		if p.ID == b.People[0] {
			return colours[i%len(colours)]
		}
	}
	return colours[len(colours)-1]
}

// gapColumns tints the rows above a gap.
func (s *strip) gapColumns(t Track, top, bottom int) {
	for _, g := range t.Gaps() {
		if g.Start.Before(s.finish()) && s.start().Before(g.End) {
			x := s.place(maxTime(g.Start, s.start()))
			w := max(s.place(minTime(g.End, s.finish()))-x, leastGap)
			s.p.rect(min(x, s.end()-w), top, w, bottom-top, `fill="`+alarm+`" fill-opacity="0.16"`)
		}
	}
}

// now draws the line of the present.
func (s *strip) now(y, bottom int) {
	now := s.c.Now
	if now.IsZero() || now.Before(s.start()) || !now.Before(s.finish()) {
		return
	}
	x := s.place(now)
	s.p.line(x, y+dayHeight-6, x, bottom, `stroke="`+nowLine+`" stroke-width="6" stroke-opacity="0.8" stroke-dasharray="18 8"`)
	text := s.c.words.now + " " + oncall.CivilAt(now, s.c.Zone).Clock().String()[:5]
	half := int(textWidth(text, smallSize)/2) + 8
	at := min(max(x, s.x+half), s.end()-half)
	s.p.rect(at-half, bottom, 2*half, bandSpace-2, `fill="`+nowLine+`" rx="6"`)
	s.p.text(at, bottom+22, smallSize, `text-anchor="middle" fill="#ffffff" font-weight="700"`, text)
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
