package chart

import (
	"fmt"
	"strings"

	"github.com/butlerspb/vahta/oncall"
)

const (
	footLine = 46 // height of a line of the foot
	// mostGapLines bounds the list of gaps on a page; the bars show all of them.
	mostGapLines = 4
)

// chip is one entry of the legend.
type chip struct {
	text  string
	width int
	draw  func(p *page, x, y int)
}

// footLines lays out the legend: people, then signs, wrapped to the page.
func (c *Chart) footLines() [][]chip {
	var lines [][]chip
	for _, chips := range [][]chip{c.peopleChips(), c.signChips()} {
		x := 0
		var line []chip
		for _, one := range chips {
			if x > 0 && x+one.width > pageWidth-2*margin {
				lines, line, x = append(lines, line), nil, 0
			}
			line, x = append(line, one), x+one.width
		}
		lines = append(lines, line)
	}
	return lines
}

const (
	chipWidth = 74
	chipSpace = 44
)

func (c *Chart) peopleChips() []chip {
	var chips []chip
	colours := fills()
	for i, person := range c.People {
		text := cutTo(620, textSize, person.Name) + " " + c.duration(person.Hours)
		colour, initials := colours[i%len(colours)], person.Initials
		chips = append(chips, chip{text, chipWidth + 12 + int(textWidth(text, textSize)) + chipSpace, func(p *page, x, y int) {
			p.rect(x, y-30, chipWidth, 38, `fill="`+colour+`" stroke="`+ink+`" stroke-width="2"`)
			p.text(x+chipWidth/2, y-3, smallSize, `text-anchor="middle" font-weight="700"`, fit(chipWidth-4, smallSize, initials))
		}})
	}
	return chips
}

func (c *Chart) signChips() []chip {
	entry := func(text string, draw func(p *page, x, y int)) chip {
		return chip{text, chipWidth + 12 + int(textWidth(text, textSize)) + chipSpace, draw}
	}
	chips := []chip{
		entry(c.words.legendGap, func(p *page, x, y int) { p.rect(x, y-30, chipWidth, 38, `fill="`+alarm+`"`) }),
		entry(c.words.legendChanged, func(p *page, x, y int) {
			p.rect(x, y-30, chipWidth, 38, `fill="#ffffff" stroke="`+ink+`" stroke-width="2"`)
			p.rect(x, y-30, chipWidth, 38, `fill="url(#h)"`)
		}),
		entry(c.words.legendAbsent, func(p *page, x, y int) {
			p.rect(x, y-30, chipWidth, 38, `fill="#ffffff" stroke="`+faint+`" stroke-width="3" stroke-dasharray="12 8"`)
		}),
	}
	for _, class := range []oncall.DayClass{oncall.Weekend, oncall.Holiday, oncall.MovedDayOff, oncall.Short, oncall.MovedWorkday} {
		if !c.hasClass(class) {
			continue
		}
		words, off := c.words.classes[class], class.Off()
		chips = append(chips, entry(words.name, func(p *page, x, y int) {
			ground := "#ffffff"
			if off {
				ground = offDay
			}
			if class == oncall.Holiday || class == oncall.MovedDayOff {
				ground = holiday
			}
			p.rect(x, y-30, chipWidth, 38, `fill="`+ground+`" stroke="`+ruleLine+`" stroke-width="2"`)
			if class == oncall.Holiday || class == oncall.MovedDayOff {
				p.rect(x, y-30, chipWidth, 38, `fill="url(#o)"`)
			}
			p.text(x+chipWidth/2, y-3, smallSize, `text-anchor="middle"`, fit(chipWidth-2, smallSize, words.mark, string([]rune(words.mark)[:1])))
		}))
	}
	return chips
}

func (c *Chart) hasClass(class oncall.DayClass) bool {
	for _, d := range c.Days {
		if d.Class == class {
			return true
		}
	}
	return false
}

// gapText names gaps in as many lines as the foot has.
func (c *Chart) gapText() []string {
	var lines []string
	shown, total := 0, 0
	for _, t := range c.Tracks {
		total += len(t.Gaps())
	}
	if total == 0 {
		return nil
	}
	line := c.words.gaps + ": "
	for _, t := range c.Tracks {
		for i, g := range t.Gaps() {
			one := c.interval(g.Start, g.End)
			if len(c.Tracks) > 1 && i == 0 {
				one = t.Name + " " + one
			}
			if textWidth(line+one, textSize) > pageWidth-2*margin-260 {
				if len(lines) == mostGapLines-1 {
					return append(lines, strings.TrimSuffix(line, "; ")+"; "+fmt.Sprintf(c.words.more, total-shown))
				}
				lines, line = append(lines, line), ""
			}
			line += one + "; "
			shown++
		}
	}
	return append(lines, strings.TrimSuffix(line, "; "))
}

// footHeight is the room the foot needs.
func (c *Chart) footHeight() int {
	lines := len(c.footLines()) + len(c.gapText()) + 1 // the last one is for the signature
	if c.guess() != "" {
		lines++
	}
	return lines*footLine + 16
}

func (c *Chart) drawFoot(p *page, l layout) {
	y := l.foot + footLine
	for _, line := range c.gapText() {
		p.text(margin, y, textSize, `font-weight="700" fill="`+alarm+`"`, line)
		y += footLine
	}
	if text := c.guess(); text != "" {
		p.text(margin, y, textSize, `font-weight="700" fill="`+alarm+`"`, cutTo(pageWidth-2*margin, textSize, text))
		y += footLine
	}
	for _, line := range c.footLines() {
		x := margin
		for _, one := range line {
			one.draw(p, x, y)
			p.text(x+chipWidth+12, y, textSize, "", one.text)
			x += one.width
		}
		y += footLine
	}
	bottom := l.height - margin
	sign := fmt.Sprintf("%s ______________________   %s ______________", c.words.approved, c.words.day)
	p.text(pageWidth-margin, bottom, textSize, `text-anchor="end" fill="`+faint+`"`, sign)
}
