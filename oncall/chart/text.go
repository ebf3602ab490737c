package chart

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/butlerspb/vahta/oncall"
)

// minCell is the narrowest column of a week that still shows a time and three letters of a name.
const minCell = 10

// Weeks writes the chart as a table of weeks, Monday first: each cell shows who begins on that day and when. It is at most width
// columns wide, or as wide as it must be.
func (c *Chart) Weeks(width int) string {
	var b strings.Builder
	c.head(&b)
	cell := max((width-6*3)/7, minCell) //nolint:mnd // six separators of three columns between the seven days of a week
	for _, t := range c.Tracks {
		if len(c.Tracks) > 1 {
			fmt.Fprintf(&b, "\n%s\n", t.Name)
		}
		for _, week := range c.weeks() {
			b.WriteByte('\n')
			c.week(&b, t, week, cell)
		}
	}
	c.foot(&b)
	return b.String()
}

// weeks cuts the days into weeks; days of another span are nil.
func (c *Chart) weeks() [][7]*Day {
	var weeks [][7]*Day
	for i := range c.Days {
		n := weekday(c.Days[i].Date)
		if n == 0 || len(weeks) == 0 {
			weeks = append(weeks, [7]*Day{})
		}
		weeks[len(weeks)-1][n] = &c.Days[i]
	}
	return weeks
}

func (c *Chart) week(b *strings.Builder, t Track, week [7]*Day, cell int) {
	columns := make([][]string, len(week))
	height := 0
	for n, d := range week {
		if d != nil {
			columns[n] = append([]string{c.dayHead(*d, cell)}, c.cell(t, *d, cell)...)
		}
		height = max(height, len(columns[n]))
	}
	for line := range height {
		var row []string
		for n := range week {
			text := ""
			if line < len(columns[n]) {
				text = columns[n][line]
			}
			row = append(row, pad(text, cell))
		}
		b.WriteString(strings.TrimRight(strings.Join(row, " │ "), " │") + "\n")
		if line == 0 {
			b.WriteString(strings.Repeat("─", 7*cell+6*3) + "\n") //nolint:mnd // as wide as the seven cells
		}
	}
}

// dayHead is the heading of a day: "Пт 1 празд".
func (c *Chart) dayHead(d Day, width int) string {
	_, m, day := d.Date.Date()
	head := fmt.Sprintf("%s %d", c.words.weekdays[weekday(d.Date)], day)
	if day == 1 || d.Date == c.Days[0].Date {
		head += " " + string([]rune(c.words.months[m-1])[:3])
	}
	if mark := c.words.classes[d.Class].mark; mark != "" {
		head += " " + mark
	}
	return crop(head, width)
}

// cell lists who is on during a day: those from before without a time, then each hand-off with its time.
func (c *Chart) cell(t Track, d Day, width int) []string {
	var lines []string
	for _, bar := range t.Final.Bars {
		if !bar.Start.Before(d.End) || !d.Start.Before(bar.End) {
			continue
		}
		at := "     "
		if !bar.Start.Before(d.Start) && !bar.Since {
			at = oncall.CivilAt(bar.Start, c.Zone).Clock().String()[:5]
		}
		name := c.names(bar.People)
		switch {
		case bar.Gap():
			name = "!" + c.words.nobody + "!"
		case bar.Changed:
			name = "~" + name
		}
		lines = append(lines, crop(at+" "+name, width))
	}
	return lines
}

// head writes the heading of a text.
func (c *Chart) head(b *strings.Builder) {
	fmt.Fprintf(b, "%s · %s\n", c.heading(), c.zoneName())
}

// foot writes gaps in words, hours and warnings under a text.
func (c *Chart) foot(b *strings.Builder) {
	b.WriteByte('\n')
	for _, line := range c.gapLines() {
		b.WriteString(line + "\n")
	}
	width := 0
	for _, p := range c.People {
		width = max(width, utf8.RuneCountInString(p.Name))
	}
	for _, p := range c.People {
		fmt.Fprintf(b, "%s  %s\n", pad(p.Name, width), c.duration(p.Hours))
	}
	if c.changed() {
		b.WriteString(c.words.fixed + "\n")
	}
	if text := c.guess(); text != "" {
		b.WriteString(text + "\n")
	}
}

// gapLines name every gap.
func (c *Chart) gapLines() []string {
	var lines []string
	for _, t := range c.Tracks {
		name := ""
		if len(c.Tracks) > 1 {
			name = " (" + t.Name + ")"
		}
		for _, g := range t.Gaps() {
			lines = append(lines, fmt.Sprintf("!! %s%s: %s, %s", c.words.gaps, name, c.interval(g.Start, g.End), c.duration(g.Duration())))
		}
	}
	if len(lines) == 0 {
		return []string{c.words.noGaps}
	}
	return lines
}

// changed reports whether something else than a layer's turn decided anywhere.
func (c *Chart) changed() bool {
	for _, t := range c.Tracks {
		for _, b := range t.Final.Bars {
			if b.Changed && !b.Gap() {
				return true
			}
		}
	}
	return false
}

// guess warns of days whose class is not known.
func (c *Chart) guess() string {
	for _, d := range c.Days {
		if d.Guessed {
			y, _, _ := d.Date.Date()
			return fmt.Sprintf(c.words.guessed, d.Calendar, y)
		}
	}
	return ""
}

// coverage is the share of the span during which the first track has somebody.
func (c *Chart) coverage() float64 {
	var covered time.Duration
	for _, b := range c.Tracks[0].Final.Bars {
		if !b.Gap() {
			covered += b.Duration()
		}
	}
	return float64(covered) / float64(c.To.Sub(c.From))
}

// pad fills a text up with blanks.
func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(width-utf8.RuneCountInString(s), 0))
}

// crop cuts a text to a width, with an ellipsis; control characters of names can not move a cursor.
func crop(s string, width int) string {
	s = clean(s)
	if runes := []rune(s); len(runes) > width {
		return string(runes[:width-1]) + "…"
	}
	return s
}
