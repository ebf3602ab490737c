package chart

import (
	"encoding/xml"
	"fmt"
	"strings"
)

// The page: A4 landscape (ISO 216) in tenths of a millimetre.
const (
	pageWidth  = 2970
	pageHeight = 2100
	margin     = 80
	nameWidth  = 330 // of the column with the rows' names
	plotX      = margin + nameWidth
	plotWidth  = pageWidth - margin - plotX
)

// Font sizes; 32 is nine points, the least that hangs on a wall and is read.
const (
	titleSize = 58
	nameSize  = 34
	textSize  = 28
	smallSize = 23
)

// Colours are dark on light, so that a page can be printed; a gap is the only thing that is light on dark.
const (
	ink      = "#16191d"
	faint    = "#5b636e"
	ruleLine = "#c3c8cf"
	offDay   = "#eceef1"
	holiday  = "#dfe2e8"
	alarm    = "#b3141b"
	nowLine  = "#0b4fb3"
	fonts    = "'Golos Text','PT Sans','Noto Sans','DejaVu Sans',Arial,sans-serif"
)

// fills are the grounds of people's bars, each light enough for dark text (contrast above 7:1). Names and initials tell people
// apart where colours are not printed.
func fills() []string {
	return []string{
		"#a9d0f5", "#fbd38d", "#b5e2a8", "#d9c7f2", "#fdf0a0", "#9fe0d6",
		"#f6c6d8", "#d8e59a", "#c5cff7", "#e6cdb0", "#cfd6dd", "#bfe8f8",
	}
}

// page is an SVG in the making.
type page struct {
	b strings.Builder
}

// escape makes any text safe in XML.
func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(clean(s))) // a Builder takes everything
	return b.String()
}

func (p *page) add(format string, args ...any) { fmt.Fprintf(&p.b, format+"\n", args...) }

func (p *page) rect(x, y, w, h int, attrs string) {
	p.add(`<rect x="%d" y="%d" width="%d" height="%d" %s/>`, x, y, w, h, attrs)
}

func (p *page) line(x1, y1, x2, y2 int, attrs string) {
	p.add(`<line x1="%d" y1="%d" x2="%d" y2="%d" %s/>`, x1, y1, x2, y2, attrs)
}

// text writes one line of text with its baseline at y.
func (p *page) text(x, y, size int, attrs, s string) {
	if s != "" {
		p.add(`<text x="%d" y="%d" font-size="%d" %s>%s</text>`, x, y, size, attrs, escape(s))
	}
}

// SVG draws the chart as a page. It is A4 landscape; a chart with more rows than that holds becomes taller, not smaller than can
// be read.
func (c *Chart) SVG() []byte {
	l := c.layout()
	p := &page{}
	p.add(`<?xml version="1.0" encoding="UTF-8"?>`)
	p.add(`<svg xmlns="http://www.w3.org/2000/svg" width="297mm" height="%dmm" viewBox="0 0 %d %d" role="img" aria-labelledby="t d" font-family="%s" fill="%s" xml:lang="%s">`,
		l.height/10, pageWidth, l.height, fonts, ink, c.words.language)
	p.add(`<title id="t">%s</title>`, escape(c.heading()))
	p.add(`<desc id="d">%s</desc>`, escape(strings.Join(c.spoken(), "\n")))
	p.add(`<defs><pattern id="h" width="16" height="16" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="5" height="16" fill="%s" fill-opacity="0.28"/></pattern>`, ink)
	p.add(`<pattern id="o" width="14" height="14" patternUnits="userSpaceOnUse"><circle cx="4" cy="4" r="2" fill="%s" fill-opacity="0.35"/></pattern></defs>`, faint)
	p.rect(0, 0, pageWidth, l.height, `fill="#ffffff"`)
	c.drawHead(p)
	y := headHeight
	for _, band := range l.bands {
		c.drawBand(p, l, band, y)
		y += c.bandHeight(band, l.scale) + bandSpace
	}
	c.drawFoot(p, l)
	p.add(`</svg>`)
	return []byte(p.b.String())
}

// headHeight is where the first band begins.
const headHeight = 165

func (c *Chart) drawHead(p *page) {
	zone := c.zoneName()
	room := float64(pageWidth-2*margin) - textWidth(zone, textSize) - 60
	p.text(margin, 122, titleSize, `font-weight="700"`, cutTo(room, titleSize, c.heading()))
	p.text(pageWidth-margin, 95, textSize, `text-anchor="end" fill="`+faint+`"`, zone)
	state := fmt.Sprintf("%s: %s %%", c.words.covered, c.percent())
	colour := faint
	if len(c.Tracks[0].Gaps()) > 0 {
		colour = alarm
	}
	p.text(pageWidth-margin, 133, textSize, `text-anchor="end" font-weight="700" fill="`+colour+`"`, state)
}

// percent writes the coverage; it is 100 only when there is no gap at all.
func (c *Chart) percent() string {
	share := c.coverage()
	if share == 1 {
		return "100"
	}
	text := fmt.Sprintf("%.1f", float64(int(share*1000))/10) // never rounded up
	if c.words.language == "ru" {
		text = strings.Replace(text, ".", ",", 1)
	}
	return text
}

// spoken tells the chart in words, for those who do not see it.
func (c *Chart) spoken() []string {
	lines := []string{c.zoneName()}
	lines = append(lines, c.gapLines()...)
	for _, p := range c.People {
		lines = append(lines, p.Name+": "+c.duration(p.Hours))
	}
	for _, t := range c.Tracks {
		lines = append(lines, t.Name+":")
		for _, b := range t.Final.Bars {
			lines = append(lines, c.interval(b.Start, b.End)+" "+c.who(FinalRow, b))
		}
	}
	if text := c.guess(); text != "" {
		lines = append(lines, text)
	}
	return lines
}
