package report

import (
	"strconv"
)

// section draws a heading and its blocks. A heading is never the last thing on
// a page.
func (p *sheet) section(s Section) {
	p.y += 7
	p.need(12 + opening(s.Blocks[0]))
	title := strconv.Itoa(s.Number) + ". " + s.Title
	p.f.Bookmark(title, 0, p.y)
	p.ink(bold, sizeHeading, accent())
	p.text(marginSide, p.y, sizeHeading, p.chars.fit(title))
	p.y += line(sizeHeading) + 1
	p.hair(p.y, rule(), 0.3)
	p.y += 2.6
	for i, b := range s.Blocks {
		if i > 0 {
			p.y += between(s.Blocks[i-1], b)
		}
		if _, intro := b.(Para); intro && i+1 < len(s.Blocks) {
			p.need(30) // what it leads to begins on the same page
		}
		p.block(b)
	}
}

// opening is the room that the beginning of a block takes.
func opening(b Block) float64 {
	if t, ok := b.(Table); ok {
		if t.Name != "" {
			return named
		}
		return 30
	}
	return 22
}

// between is the room between two blocks.
func between(before, after Block) float64 {
	_, table := before.(Table)
	if _, next := after.(Table); table || next {
		return 5
	}
	return 3
}

func (p *sheet) block(b Block) {
	switch v := b.(type) {
	case Para:
		p.para(v)
	case List:
		p.list(v)
	case Items:
		p.items(v)
	case Fields:
		p.fields(v.Fields)
	case Table:
		p.table(v)
	}
}

// para sets a paragraph; no page begins or ends with a single line of it.
func (p *sheet) para(v Para) {
	size, style := sizeText, regular
	if v.Lead {
		size = sizeLead
	}
	if v.Tone == Good || v.Tone == Bad {
		style = bold
	}
	p.ink(style, size, v.Tone.colour())
	lines := p.wrap(v.Text, textWidth)
	p.lines(marginSide, size, lines, func() { p.ink(style, size, v.Tone.colour()) })
}

// lines sets lines one below the other over as many pages as they need. again
// chooses the font anew at the head of a page.
func (p *sheet) lines(x, size float64, lines []string, again func()) {
	h := line(size)
	for i, l := range lines {
		left := len(lines) - i
		if (i == 0 || left == 2) && left > 1 { // the first two and the last two stay together
			if p.y+2*h > p.bottom() {
				p.turn()
				again()
			}
		} else if p.y+h > p.bottom() {
			p.turn()
			again()
		}
		p.text(x, p.y, size, l)
		p.y += h
	}
}

func (p *sheet) list(v List) {
	const indent = 6.0
	if v.Name != "" {
		p.need(3 * line(sizeText))
		p.ink(bold, sizeText, ink())
		p.text(marginSide, p.y, sizeText, p.chars.fit(v.Name))
		p.y += line(sizeText) + 0.8
	}
	for i, item := range v.Items {
		p.ink(regular, sizeText, ink())
		lines := p.wrap(item, textWidth-indent)
		if len(lines) == 0 {
			continue
		}
		p.need(line(sizeText) * float64(min(2, len(lines))))
		mark := "•"
		if v.Ordered {
			mark = strconv.Itoa(i+1) + "."
		}
		p.ink(regular, sizeText, accent())
		p.text(marginSide+1, p.y, sizeText, mark)
		again := func() { p.ink(regular, sizeText, ink()) }
		again()
		p.lines(marginSide+indent, sizeText, lines, again)
		p.y += 0.9
	}
}

// items sets numbered texts with their details below.
func (p *sheet) items(v Items) {
	const indent, disc = 10.0, 3.0
	for i, item := range v.Items {
		p.ink(regular, sizeText+0.4, ink())
		lines := p.wrap(item.Text, textWidth-indent)
		p.ink(regular, sizeSmall, muted())
		details := p.wrap(item.Detail, textWidth-indent)
		height := float64(len(lines))*line(sizeText+0.4) + float64(len(details))*line(sizeSmall) + 3
		if height < 60 {
			p.need(height) // an item stays whole
		}
		c := accent()
		p.f.SetFillColor(c.r, c.g, c.b)
		p.f.Circle(marginSide+disc, p.y+line(sizeText+0.4)/2, disc, "F")
		p.ink(bold, sizeText, colour{255, 255, 255})
		n := strconv.Itoa(i + 1)
		p.text(marginSide+disc-p.f.GetStringWidth(n)/2, p.y+0.1, sizeText, n)
		again := func() { p.ink(regular, sizeText+0.4, ink()) }
		again()
		p.lines(marginSide+indent, sizeText+0.4, lines, again)
		again = func() { p.ink(regular, sizeSmall, muted()) }
		again()
		p.lines(marginSide+indent, sizeSmall, details, again)
		p.y += 3
	}
}

// fields sets names with their values beside them.
func (p *sheet) fields(fields []Field) {
	for _, f := range fields {
		p.ink(regular, sizeText, ink())
		values := p.wrap(f.Value, textWidth-labelWidth)
		p.ink(regular, sizeText, muted())
		names := p.wrap(f.Name, labelWidth-4)
		rows := max(len(values), len(names))
		if height := float64(rows) * line(sizeText); height < 80 {
			p.need(height)
		}
		for n, l := range names {
			p.text(marginSide, p.y+float64(n)*line(sizeText), sizeText, l)
		}
		from, page := p.y, p.f.PageNo()
		again := func() { p.ink(regular, sizeText, ink()) }
		again()
		p.lines(marginSide+labelWidth, sizeText, values, again)
		if p.f.PageNo() == page {
			p.y = max(p.y, from+float64(rows)*line(sizeText))
		}
		p.y += 0.9
	}
}
