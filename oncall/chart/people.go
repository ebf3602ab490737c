package chart

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// hourCell is the width of a day's column in the table of people.
const hourCell = 3

// ByPeople writes the chart as a table of people and days: each cell holds the hours on duty, rounded; what is less than half an
// hour shows as "<1", and as "!!" where it is a gap. Hand-off times are in Weeks; here it is who works how much and when.
func (c *Chart) ByPeople() string {
	var b strings.Builder
	c.head(&b)
	name := utf8.RuneCountInString(c.words.nobody) + 1
	for _, p := range c.People {
		name = max(name, utf8.RuneCountInString(p.Name))
	}
	for _, t := range c.Tracks {
		b.WriteByte('\n')
		if len(c.Tracks) > 1 {
			b.WriteString(t.Name + "\n")
		}
		numbers, days, marks := "", "", ""
		for _, d := range c.Days {
			_, _, n := d.Date.Date()
			numbers += right(strconv.Itoa(n))
			days += right(string([]rune(c.words.weekdays[weekday(d.Date)])[:2]))
			mark := ""
			if m := c.words.classes[d.Class].mark; m != "" {
				mark = string([]rune(m)[:1])
			}
			marks += right(mark)
		}
		for _, line := range []string{numbers, days, marks} {
			b.WriteString(strings.TrimRight(pad("", name)+line, " ") + "\n")
		}
		for _, p := range c.People {
			c.hoursOf(&b, t, p.Name, p.ID, name)
		}
		if len(t.Gaps()) > 0 {
			c.hoursOf(&b, t, "!"+c.words.nobody, "", name)
		}
	}
	b.WriteByte('\n')
	for _, line := range c.gapLines() {
		b.WriteString(line + "\n")
	}
	if text := c.guess(); text != "" {
		b.WriteString(text + "\n")
	}
	return b.String()
}

// hoursOf writes the row of a person, or of nobody.
func (c *Chart) hoursOf(b *strings.Builder, t Track, name, id string, width int) {
	b.WriteString(pad(clean(name), width))
	var total time.Duration
	for _, d := range c.Days {
		on := during(t, id, d.Start, d.End)
		total += on
		b.WriteString(right(hourText(on, id == "")))
	}
	fmt.Fprintf(b, "  %s\n", c.duration(total))
}

// during returns how long a person is on a track within a span; an empty ID stands for nobody.
func during(t Track, id string, from, to time.Time) time.Duration {
	var sum time.Duration
	for _, bar := range t.Final.Bars {
		start, end := bar.Start, bar.End
		if start.Before(from) {
			start = from
		}
		if end.After(to) {
			end = to
		}
		if !start.Before(end) {
			continue
		}
		if id == "" && bar.Gap() {
			sum += end.Sub(start)
		}
		for _, p := range bar.People {
			if p == id {
				sum += end.Sub(start)
			}
		}
	}
	return sum
}

// hourText writes hours in two columns. What is there is never shown as nothing.
func hourText(d time.Duration, gap bool) string {
	hours := int((d + 30*time.Minute) / time.Hour)
	switch {
	case d == 0:
		return "·"
	case hours == 0 && gap:
		return "!!"
	case hours == 0:
		return "<1"
	}
	return strconv.Itoa(hours)
}

// right puts a text at the right end of a day's column.
func right(s string) string {
	return strings.Repeat(" ", max(hourCell-utf8.RuneCountInString(s), 0)) + s
}

// clean takes control characters out of what people have typed.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return '?'
		}
		return r
	}, s)
}
