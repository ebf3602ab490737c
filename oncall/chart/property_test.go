package chart

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/oncall"
)

// drawRota is a schedule with turns, holes and corrections of any length, in a zone whose clock may change in the span.
func drawRota(t *rapid.T) (oncall.Roster, Options) {
	z, err := oncall.LoadZone(rapid.SampledFrom([]string{"Europe/Moscow", "America/Chicago", "Australia/Lord_Howe", "Africa/Cairo", "Pacific/Apia", "Asia/Kathmandu"}).Draw(t, "zone"))
	if err != nil {
		t.Fatal(err)
	}
	start := oncall.NewCivil(rapid.IntRange(2009, 2030).Draw(t, "year"), time.Month(rapid.IntRange(1, 12).Draw(t, "month")), rapid.IntRange(1, 28).Draw(t, "day"), 0, 0, 0)
	if rapid.IntRange(0, 9).Draw(t, "over a lost day") == 0 {
		start = oncall.NewCivil(2011, 12, 28, 0, 0, 0)
	}
	r := oncall.Roster{}
	var ids []string
	for i := range rapid.IntRange(1, 14).Draw(t, "people") {
		id := fmt.Sprintf("p%d", i)
		ids = append(ids, id)
		r.People = append(r.People, oncall.Person{
			ID: id, Name: rapid.StringMatching(`[А-Яа-яA-Zz<>&"'ё\x00-\x1f ]{0,40}`).Draw(t, "name"),
			Devices: []oncall.Device{{Kind: oncall.Mobile, Number: "+79210000001"}},
		})
	}
	person := func(label string) string { return rapid.SampledFrom(ids).Draw(t, label) }
	s := oncall.Schedule{ID: "s", Zone: z}
	for i := range rapid.IntRange(1, 3).Draw(t, "tracks") {
		track := oncall.Track{ID: fmt.Sprintf("t%d", i)}
		for k := range rapid.IntRange(1, 3).Draw(t, "layers") {
			layer := oncall.Layer{ID: fmt.Sprintf("l%d", k), Priority: k, Handoff: oncall.Handoff{
				Unit: rapid.SampledFrom([]oncall.Unit{oncall.Hour, oncall.Day, oncall.Week}).Draw(t, "unit"), Every: rapid.IntRange(1, 9).Draw(t, "every"), Anchor: start.AddHours(-rapid.IntRange(-300, 300).Draw(t, "anchor")),
			}}
			for range rapid.IntRange(1, 4).Draw(t, "members") {
				if rapid.IntRange(0, 3).Draw(t, "nobody") == 0 {
					layer.Members = append(layer.Members, nil)
				} else {
					layer.Members = append(layer.Members, oncall.Member{person("member")})
				}
			}
			track.Layers = append(track.Layers, layer)
		}
		s.Tracks = append(s.Tracks, track)
	}
	r.Schedules = []oncall.Schedule{s}
	o := Options{Schedule: "s", From: start, To: start.AddDays(rapid.IntRange(2, 100).Draw(t, "days")), Language: rapid.SampledFrom([]string{"ru", "en"}).Draw(t, "language")}
	moment := func(label string) time.Time {
		span := z.Resolve(o.To, oncall.First).Sub(z.Resolve(o.From, oncall.First))
		return z.Resolve(o.From, oncall.First).Add(time.Duration(rapid.Int64Range(-3600, int64(span/time.Second)+3600).Draw(t, label)) * time.Second)
	}
	for i := range rapid.IntRange(0, 6).Draw(t, "overrides") {
		from := moment("from")
		length := rapid.SampledFrom([]time.Duration{time.Second, time.Minute, time.Hour, 12 * time.Hour, 100 * time.Hour}).Draw(t, "length")
		change := oncall.Change{From: oncall.InstantPoint(from), To: oncall.InstantPoint(from.Add(length))}
		if rapid.Bool().Draw(t, "remove") {
			change.Remove = person("removed")
		} else {
			change.Add = person("added")
		}
		r.Overrides = append(r.Overrides, oncall.Override{ID: fmt.Sprintf("o%d", i), Schedule: "s", Track: "t0", Changes: []oncall.Change{change}})
	}
	if rapid.Bool().Draw(t, "now") {
		o.Now = moment("now")
	}
	return r, o
}

// The final bars tile the span, every person's hours are those of the evaluator, and hours and gaps make up the whole.
func TestTiles(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r, o := drawRota(t)
		e := oncall.Compile(r)
		c, err := New(e, o)
		if err != nil {
			t.Skip(err.Error())
		}
		for _, track := range c.Tracks {
			at := c.From
			for i, b := range track.Final.Bars {
				if !b.Start.Equal(at) || !b.Start.Before(b.End) {
					t.Fatalf("%s: bar %d is %s to %s, the one before ended %s", track.ID, i, b.Start, b.End, at)
				}
				at = b.End
			}
			if !at.Equal(c.To) {
				t.Fatalf("%s: bars end %s, the span %s", track.ID, at, c.To)
			}
			for _, d := range c.Days {
				covered := during(track, "", d.Start, d.End)
				for _, b := range track.Final.Bars {
					if !b.Gap() {
						covered += overlap(b, d)
					}
				}
				if covered != d.End.Sub(d.Start) {
					t.Fatalf("%s: day %s is %s long, bars and gaps fill %s", track.ID, d.Date, d.End.Sub(d.Start), covered)
				}
			}
			for _, row := range track.Rows {
				for i := 1; i < len(row.Bars); i++ {
					if row.Bars[i].Start.Before(row.Bars[i-1].End) {
						t.Fatalf("%s: bars of row %s overlap", track.ID, row.Name)
					}
				}
			}
		}
	})
}

func overlap(b Bar, d Day) time.Duration {
	return max(minTime(b.End, d.End).Sub(maxTime(b.Start, d.Start)), 0)
}

// shape is what of an SVG element matters here.
type shape struct {
	name          string
	x, y, w, h    int
	size          int
	class, anchor string
	text          string
}

// shapes reads a page as an XML parser does, and refuses what has no place in it.
func shapes(t *rapid.T, svg []byte) []shape {
	d := xml.NewDecoder(bytes.NewReader(svg))
	var all []shape
	var open []int
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("not XML: %v", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			s := shape{name: token.Name.Local}
			if strings.Contains("script style foreignObject image a use animate", s.name) && s.name != "" && len(s.name) > 1 {
				t.Fatalf("element %s in a page", s.name)
			}
			for _, a := range token.Attr {
				if strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "href" {
					t.Fatalf("attribute %s in a page", a.Name.Local)
				}
				n, _ := strconv.Atoi(a.Value)
				switch a.Name.Local {
				case "x":
					s.x = n
				case "y":
					s.y = n
				case "width":
					s.w = n
				case "height":
					s.h = n
				case "font-size":
					s.size = n
				case "class":
					s.class = a.Value
				case "text-anchor":
					s.anchor = a.Value
				}
			}
			all = append(all, s)
			open = append(open, len(all)-1)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 {
				all[open[len(open)-1]].text += string(token)
			}
		}
	}
}

// Every gap can be seen however short it is, and is told in words; names stay in their bars; whatever people are called, the page is
// sound XML without anything that runs.
func TestPages(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r, o := drawRota(t)
		c, err := New(oncall.Compile(r), o)
		if err != nil {
			t.Skip(err.Error())
		}
		svg := c.SVG()
		if again := c.SVG(); !bytes.Equal(svg, again) {
			t.Fatal("drawn twice, not the same")
		}
		l := c.layout()
		gaps, seen := 0, 0
		texts := map[string]string{"weeks": c.Weeks(100), "people": c.ByPeople(), "desc": strings.Join(c.spoken(), "\n")}
		for _, track := range c.Tracks {
			for _, g := range track.Gaps() {
				for _, band := range l.bands {
					if g.Start.Before(band[len(band)-1].End) && band[0].Start.Before(g.End) {
						gaps++
					}
				}
				line := c.interval(g.Start, g.End)
				for name, text := range texts {
					if !strings.Contains(text, line) {
						t.Fatalf("gap %s is not told in %s", line, name)
					}
				}
			}
		}
		var clip shape
		for _, s := range shapes(t, svg) {
			switch {
			case s.class == "gap":
				seen++
				if s.w < leastGap || s.x < plotX || s.x+s.w > pageWidth {
					t.Fatalf("a gap is drawn at %d, %d wide", s.x, s.w)
				}
			case s.name == "svg":
				clip = s
			case s.name == "text" && clip.w > 0 && clip.w < pageWidth && s.y <= clip.h && s.anchor == "middle" && s.x == clip.w/2:
				if w := textWidth(s.text, float64(s.size)); w > float64(clip.w)+1 {
					t.Fatalf("%q is %.0f wide in a bar of %d", s.text, w, clip.w)
				}
			case s.name == "rect" && (s.x < 0 || s.x+s.w > pageWidth || s.y < 0 || s.y+s.h > l.height) && s.class == "":
				t.Fatalf("a rectangle at %d,%d %dx%d leaves the page", s.x, s.y, s.w, s.h)
			}
		}
		if seen != gaps {
			t.Fatalf("%d pieces of gaps are drawn, there are %d", seen, gaps)
		}
	})
}

// The weeks' table shows each hand-off with its time and each minute of a gap, on the day it belongs to.
func TestWeeksShowEveryHandoff(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r, o := drawRota(t)
		c, err := New(oncall.Compile(r), o)
		if err != nil {
			t.Skip(err.Error())
		}
		for _, track := range c.Tracks {
			for _, d := range c.Days {
				lines := c.cell(track, d, 40)
				i := 0
				for _, b := range track.Final.Bars {
					if overlap(b, d) == 0 {
						continue
					}
					if i == len(lines) {
						t.Fatalf("%s, %s: %s has no line in %q", track.ID, d.Date, b.Start, lines)
					}
					if b.Gap() != strings.Contains(lines[i], "!"+c.words.nobody+"!") {
						t.Fatalf("%s, %s: a gap is not told, or told where there is none: %q", track.ID, d.Date, lines[i])
					}
					i++
				}
				if i != len(lines) {
					t.Fatalf("%s, %s: %d lines for %d bars", track.ID, d.Date, len(lines), i)
				}
			}
		}
	})
}
