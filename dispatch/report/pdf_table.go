package report

// Measures of tables, in millimetres.
const (
	cellGap = 3.5 // between columns
	rowPad  = 1.1 // above and below the text of a row
	named   = 40  // the beginning of a table that has a name
)

// grid is a table being drawn: where its columns stand.
type grid struct {
	t    Table
	x, w []float64
}

// shape is a row broken into lines.
type shape struct {
	row   Row
	cells [][]string
	note  []string
	lines int
}

// table draws a table. A row is broken over pages only when it is higher than a
// page; the names of the columns, and of the group, are repeated on each page.
func (p *sheet) table(t Table) {
	g := p.measure(t)
	if t.Name != "" {
		p.need(named)
		p.ink(bold, sizeText, ink())
		p.text(marginSide, p.y, sizeText, p.chars.fit(t.Name))
		p.y += line(sizeText) + 1.2
	}
	for i, group := range t.Groups {
		rows := p.shape(g, group)
		if len(rows) == 0 {
			continue
		}
		if i > 0 {
			p.y += 1.6
		}
		p.need(p.headHeight(i == 0, group) + p.height(rows[0]) + 1)
		p.head(g, i == 0 || p.y <= marginTop, group.Name)
		for _, r := range rows {
			p.row(g, group, r)
		}
	}
}

// measure shares the width out among the columns.
func (p *sheet) measure(t Table) grid {
	g := grid{t: t, x: make([]float64, len(t.Columns)), w: make([]float64, len(t.Columns))}
	left, shares := textWidth-cellGap*float64(len(t.Columns)-1), 0.0
	for _, c := range t.Columns {
		if c.Fixed {
			left -= c.Width
		} else {
			shares += c.Width
		}
	}
	x := marginSide
	for i, c := range t.Columns {
		g.x[i], g.w[i] = x, c.Width
		if !c.Fixed {
			g.w[i] = left * c.Width / shares
		}
		x += g.w[i] + cellGap
	}
	return g
}

// shape breaks the rows of a group into lines.
func (p *sheet) shape(g grid, group Group) []shape {
	rows := make([]shape, 0, len(group.Rows))
	for _, r := range group.Rows {
		s := shape{row: r}
		for i, c := range r.Cells {
			p.ink(p.style(r, i), sizeText, ink())
			lines := p.wrap(c, g.w[i])
			s.cells = append(s.cells, lines)
			s.lines = max(s.lines, len(lines))
		}
		if r.Note != "" {
			p.ink(italic, sizeText-0.6, muted())
			s.note = p.wrap(r.Note, textWidth-6)
		}
		rows = append(rows, s)
	}
	return rows
}

// style is that of a cell.
func (p *sheet) style(r Row, cell int) string {
	if r.Strong || r.Key && cell == 0 || r.Tones[cell] == Good || r.Tones[cell] == Bad {
		return bold
	}
	return regular
}

func (p *sheet) height(s shape) float64 {
	return float64(s.lines)*line(sizeText) + float64(len(s.note))*line(sizeText-0.6) + 2*rowPad
}

func (p *sheet) headHeight(columns bool, group Group) float64 {
	h := 0.0
	if columns {
		h += line(sizeSmall) + 2
	}
	if group.Name != "" {
		h += line(sizeText) + 2.4
	}
	return h
}

// head draws the names of group and columns.
func (p *sheet) head(g grid, columns bool, group string) {
	if columns {
		p.ink(regular, sizeSmall, muted())
		for i, c := range g.t.Columns {
			if c.Right {
				p.right(g.x[i]+g.w[i], p.y, sizeSmall, p.chars.fit(c.Title))
			} else {
				p.text(g.x[i], p.y, sizeSmall, p.chars.fit(c.Title))
			}
		}
		p.y += line(sizeSmall) + 1
		p.hair(p.y, muted(), 0.25)
		p.y += 1
	}
	if group != "" {
		back := paper()
		p.f.SetFillColor(back.r, back.g, back.b)
		h := line(sizeText) + 1.4
		p.f.Rect(marginSide, p.y, textWidth, h, "F")
		p.ink(bold, sizeText, accent())
		p.text(marginSide+1.5, p.y+0.7, sizeText, p.chars.fit(group))
		p.y += h + 0.6
	}
}

// row draws a row; one that is higher than a page goes on over the next ones.
func (p *sheet) row(g grid, group Group, s shape) {
	h := p.height(s)
	if p.y+h > p.bottom() && h < p.bottom()-marginTop-p.headHeight(true, group) {
		p.turn()
		p.head(g, true, group.Name)
	}
	top, page := p.y, p.f.PageNo()
	p.y += rowPad
	for n := range s.lines {
		if p.y+line(sizeText) > p.bottom() {
			p.turn()
			p.head(g, true, group.Name)
			p.y += rowPad
		}
		for i, cell := range s.cells {
			if n >= len(cell) {
				continue
			}
			c := s.row.Tones[i].colour()
			if s.row.Key && i == 0 {
				c = accent()
			}
			p.ink(p.style(s.row, i), sizeText, c)
			if g.t.Columns[i].Right {
				p.right(g.x[i]+g.w[i], p.y, sizeText, cell[n])
			} else {
				p.text(g.x[i], p.y, sizeText, cell[n])
			}
		}
		p.y += line(sizeText)
	}
	if len(s.note) > 0 {
		again := func() { p.ink(italic, sizeText-0.6, muted()) }
		again()
		p.lines(marginSide+3, sizeText-0.6, s.note, again)
	}
	p.y += rowPad
	if s.row.Key && p.f.PageNo() == page {
		c := accent()
		p.f.SetFillColor(c.r, c.g, c.b)
		p.f.Rect(marginSide-2.6, top+rowPad, 0.9, p.y-top-2*rowPad, "F")
	}
	p.hair(p.y, rule(), 0.15)
}
