package report

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"
)

// Measures of a page, in millimetres; type sizes are in points.
const (
	pageWidth, pageHeight = 210.0, 297.0
	marginSide            = 21.0
	marginTop             = 24.0
	marginBottom          = 24.0
	textWidth             = pageWidth - 2*marginSide

	sizeTitle, sizeNumber, sizeHeading = 25.0, 12.5, 13.5
	sizeText, sizeLead, sizeSmall      = 9.8, 10.8, 8.2
	leading                            = 1.38 // of a line to its size
	pointMM                            = 25.4 / 72

	labelWidth = 48.0
)

// Styles of the embedded font.
const (
	regular = ""
	bold    = "B"
	italic  = "I"
)

type colour struct{ r, g, b int }

// The colours of a page.
func ink() colour    { return colour{27, 36, 48} }
func muted() colour  { return colour{98, 108, 124} }
func accent() colour { return colour{23, 64, 109} }
func rule() colour   { return colour{208, 214, 224} }
func paper() colour  { return colour{243, 246, 250} }
func pale() colour   { return colour{238, 240, 243} }

func (t Tone) colour() colour {
	switch t {
	case Good:
		return colour{21, 110, 64}
	case Bad:
		return colour{176, 32, 24}
	case Muted:
		return muted()
	case Plain:
	}
	return ink()
}

// PDF writes a document as PDF: A4, with the font embedded. The same document
// gives the same bytes; made is written into it as the date of its making.
func PDF(d Document, made time.Time) ([]byte, error) {
	counted, err := draw(d, made, 0)
	if err != nil {
		return nil, err
	}
	p, err := draw(d, made, counted.f.PageCount())
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := p.f.Output(&out); err != nil {
		return nil, fmt.Errorf("write report %s as PDF: %w", d.Number, err)
	}
	return out.Bytes(), nil
}

// sheet is a document being drawn.
type sheet struct {
	f     *fpdf.Fpdf
	d     Document
	chars coverage
	y     float64
	pages int // in all; 0 = not known yet
}

func draw(d Document, made time.Time, pages int) (*sheet, error) {
	chars, err := covers(regularTTF)
	if err != nil {
		return nil, err
	}
	f := fpdf.New("P", "mm", "A4", "")
	p := &sheet{f: f, d: d, chars: chars, pages: pages}
	f.SetCatalogSort(true)
	f.SetCreationDate(made.UTC())
	f.SetModificationDate(made.UTC())
	f.SetTitle(d.Title+" "+d.Number, true)
	f.SetSubject(d.Subject, true)
	f.SetAuthor(d.Provider.Name, true)
	f.SetCreator("Vahta", true)
	f.SetLang(d.Language)
	f.AddUTF8FontFromBytes("pt", regular, regularTTF)
	f.AddUTF8FontFromBytes("pt", bold, boldTTF)
	f.AddUTF8FontFromBytes("pt", italic, italicTTF)
	f.SetMargins(marginSide, marginTop, marginSide)
	f.SetAutoPageBreak(false, 0)
	f.SetCellMargin(0)
	f.AddPage()
	p.frame()
	p.cover()
	for _, s := range d.Sections {
		p.section(s)
	}
	if f.Err() {
		return nil, fmt.Errorf("draw report %s as PDF: %w", d.Number, f.Error())
	}
	return p, nil
}

// ink chooses font and colour.
func (p *sheet) ink(style string, size float64, c colour) {
	p.f.SetFont("pt", style, size)
	p.f.SetTextColor(c.r, c.g, c.b)
}

// line is the height of a line of the size.
func line(size float64) float64 { return size * pointMM * leading }

// text sets one line with its upper edge at y.
func (p *sheet) text(x, y, size float64, s string) {
	p.f.Text(x, y+line(size)/2+size*pointMM*0.35, s)
}

// right sets one line that ends at x.
func (p *sheet) right(x, y, size float64, s string) {
	p.text(x-p.f.GetStringWidth(s), y, size, s)
}

// wrap breaks a text into lines of the width, in the font that is chosen. Words
// that are wider than a line are broken where it ends.
func (p *sheet) wrap(text string, width float64) []string {
	var lines []string
	for para := range strings.SplitSeq(text, "\n") {
		current := ""
		for word := range strings.FieldsSeq(strings.ReplaceAll(p.chars.fit(typeset(para)), nbsp, "\x01")) {
			word = strings.ReplaceAll(word, "\x01", nbsp)
			if current != "" && p.f.GetStringWidth(current+" "+word) <= width {
				current += " " + word
				continue
			}
			if current != "" {
				lines = append(lines, current)
			}
			var full []string
			full, current = p.chop(word, width)
			lines = append(lines, full...)
		}
		if current != "" {
			lines = append(lines, current)
		}
	}
	return lines
}

// chop breaks a word into full lines and a rest.
func (p *sheet) chop(word string, width float64) (full []string, rest string) {
	if p.f.GetStringWidth(word) <= width {
		return nil, word
	}
	from := 0
	for i, r := range word {
		if i > from && p.f.GetStringWidth(word[from:i]+string(r)) > width {
			full = append(full, word[from:i])
			from = i
		}
	}
	return full, word[from:]
}

func (p *sheet) bottom() float64 { return pageHeight - marginBottom }

// need begins a new page unless there is room for so much.
func (p *sheet) need(height float64) {
	if p.y+height > p.bottom() {
		p.turn()
	}
}

// turn begins a new page.
func (p *sheet) turn() {
	p.f.AddPage()
	p.frame()
}

// frame draws what every page has: the running head, the foot, the mark of a draft.
func (p *sheet) frame() {
	d := p.d
	if d.Draft != "" {
		p.mark()
	}
	p.y = marginTop
	if p.f.PageNo() > 1 {
		p.ink(regular, sizeSmall, muted())
		p.text(marginSide, 12, sizeSmall, p.chars.fit(d.Running))
		p.right(pageWidth-marginSide, 12, sizeSmall, p.chars.fit(join(d.Client, "")))
		p.hair(17.5, rule(), 0.2)
	}
	foot := pageHeight - 15
	p.hair(foot-1.5, rule(), 0.2)
	p.ink(regular, sizeSmall, muted())
	left := d.Private
	if d.Draft != "" {
		left = d.Draft + " · " + left
	}
	p.text(marginSide, foot, sizeSmall, p.chars.fit(left))
	all := strconv.Itoa(p.pages)
	p.right(pageWidth-marginSide, foot, sizeSmall, strings.NewReplacer("{n}", strconv.Itoa(p.f.PageNo()), "{all}", all).Replace(d.Page))
}

// mark writes the word for a draft across the page, below everything.
func (p *sheet) mark() {
	word := strings.ToUpper(p.d.Draft)
	p.ink(bold, 92, pale())
	p.f.TransformBegin()
	p.f.TransformRotate(52, pageWidth/2, pageHeight/2)
	p.f.Text(pageWidth/2-p.f.GetStringWidth(word)/2, pageHeight/2+12, word)
	p.f.TransformEnd()
}

// hair draws a rule over the width of the text.
func (p *sheet) hair(y float64, c colour, width float64) {
	p.f.SetDrawColor(c.r, c.g, c.b)
	p.f.SetLineWidth(width)
	p.f.Line(marginSide, y, pageWidth-marginSide, y)
}

// cover is the head of the first page: who writes, which incident, the figures.
func (p *sheet) cover() {
	d := p.d
	p.y = 15
	p.ink(bold, 13, accent())
	p.text(marginSide, p.y, 13, p.chars.fit(d.Provider.Name))
	p.ink(regular, sizeSmall, muted())
	contact := d.Provider
	contact.Name = ""
	p.right(pageWidth-marginSide, p.y+1.2, sizeSmall, p.chars.fit(contact.line()))
	p.y += 8
	p.hair(p.y, accent(), 0.7)
	p.y += 11

	p.ink(bold, sizeTitle, ink())
	p.text(marginSide, p.y, sizeTitle, d.Title)
	p.y += line(sizeTitle) - 0.5
	p.ink(bold, sizeNumber, accent())
	p.text(marginSide, p.y, sizeNumber, d.Number)
	after := p.f.GetStringWidth(d.Number) + 4
	p.ink(regular, sizeText, muted())
	p.text(marginSide+after, p.y+0.6, sizeText, d.Edition)
	if d.Draft != "" {
		p.badge(marginSide+after+p.f.GetStringWidth(d.Edition)+4, p.y+0.4, d.Draft)
	}
	p.y += line(sizeNumber) + 3
	if d.Subject != "" {
		p.ink(regular, 12.5, ink())
		for _, l := range p.wrap(d.Subject, textWidth) {
			p.text(marginSide, p.y, 12.5, l)
			p.y += line(12.5)
		}
		p.y += 3
	}
	p.fields(d.Fields)
	p.tiles()
}

// badge is a word in a box.
func (p *sheet) badge(x, y float64, word string) {
	c := Bad.colour()
	p.ink(bold, sizeSmall, c)
	p.f.SetDrawColor(c.r, c.g, c.b)
	p.f.SetLineWidth(0.3)
	p.f.RoundedRect(x, y, p.f.GetStringWidth(word)+4, line(sizeSmall)+0.6, 1, "1234", "D")
	p.text(x+2, y+0.3, sizeSmall, word)
}

// tiles draws the figures side by side.
func (p *sheet) tiles() {
	if len(p.d.Tiles) == 0 {
		return
	}
	const gap, pad, height = 3.0, 3.2, 22.0
	p.y += 3
	width := (textWidth - gap*float64(len(p.d.Tiles)-1)) / float64(len(p.d.Tiles))
	for i, t := range p.d.Tiles {
		x := marginSide + float64(i)*(width+gap)
		back := paper()
		p.f.SetFillColor(back.r, back.g, back.b)
		p.f.RoundedRect(x, p.y, width, height, 1.5, "1234", "F")
		edge := t.Tone.colour()
		if t.Tone == Plain {
			edge = accent()
		}
		p.f.SetFillColor(edge.r, edge.g, edge.b)
		p.f.Rect(x, p.y+2.5, 0.9, height-5, "F")
		p.ink(regular, sizeSmall, muted())
		p.text(x+pad, p.y+2.4, sizeSmall, t.Label)
		size := 15.0
		for p.ink(bold, size, t.Tone.colour()); size > 9 && p.f.GetStringWidth(t.Value) > width-2*pad; p.ink(bold, size, t.Tone.colour()) {
			size -= 0.5
		}
		p.text(x+pad, p.y+6.6, size, t.Value)
		p.ink(regular, 7.2, muted())
		for n, l := range p.wrap(t.Note, width-pad-1.5) {
			if n < 2 {
				p.text(x+pad, p.y+13.6+float64(n)*3.2, 7.2, l)
			}
		}
	}
	p.y += height + 2
}
