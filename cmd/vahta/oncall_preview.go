package main

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
)

// mostSpans bounds how many changed spans are listed; hours and gaps are always told in full.
const mostSpans = 8

// printPreview tells what an edit does.
func (p *planner) printPreview(v edit.Preview) {
	if len(v.Schedules) == 0 {
		p.say("Nobody's duty changes.", "Ничьё дежурство не меняется.")
	}
	for i := range v.Schedules {
		p.printDifference(&v.Schedules[i])
	}
	for _, k := range v.Hidden {
		p.say("  hides: %s no longer has an effect", "  перекрывает: %s больше не действует", k)
	}
	for _, id := range v.Requests {
		p.say("  pending request concerned: %s", "  затронут запрос: %s", id)
	}
	for _, w := range v.Warnings {
		fmt.Fprintf(p.out, "  %s %s\n", p.tr("warning:", "внимание:"), w.Text(p.lang))
	}
}

func (p *planner) printDifference(d *edit.ScheduleDiff) {
	s, _ := p.view.Roster.Schedule(d.Schedule)
	zone := s.RulesAt(d.From).Zone
	name := orDash(s.Name)
	if s.ID == "" {
		zone, name = p.zoneOfPlanner(), p.tr("new", "новый")
	}
	fmt.Fprintf(p.out, "%s (%s), %s %s\n", name, d.Schedule, p.tr("times of", "время"), zoneAt(zone, d.From))
	if d.Same() {
		p.say("  nobody's duty changes from %s", "  ничьё дежурство не меняется: %s", p.span(d.From, d.To, zone))
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	for i, c := range d.Spans {
		if i == mostSpans {
			fmt.Fprintf(w, p.tr("  … and %d more\n", "  … и ещё %d\n"), len(d.Spans)-mostSpans)
			break
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s → %s\n", c.Track, p.span(c.Start, c.End, zone), p.hours(c.End.Sub(c.Start)), p.names(c.Before), p.names(c.After))
	}
	_ = w.Flush() // a terminal that is gone leaves nobody to tell
	for _, h := range d.People {
		sign := "+"
		if h.Won() < 0 {
			sign = ""
		}
		fmt.Fprintf(w, "  %s\t%s%s\t%s → %s\t%s\n", p.name(h.Person), sign, p.hours(h.Won()), p.hours(h.Before), p.hours(h.After), h.Track)
	}
	_ = w.Flush()
	for _, g := range d.NewGaps {
		p.say("  !! NEW GAP on %s: %s, %s", "  !! НОВАЯ ДЫРА, линия %s: %s, %s", g.Track, p.span(g.Start, g.End, zone), p.hours(g.End.Sub(g.Start)))
	}
	for _, g := range d.ClosedGaps {
		p.say("  gap closed on %s: %s, %s", "  дыра закрыта, линия %s: %s, %s", g.Track, p.span(g.Start, g.End, zone), p.hours(g.End.Sub(g.Start)))
	}
	p.printStrain(d, zone)
	p.printNow(d)
}

// printStrain tells of rest and clashes.
func (p *planner) printStrain(d *edit.ScheduleDiff, zone oncall.Zone) {
	for _, r := range d.Rest {
		p.say("  rest: %s", "  отдых: %s", p.restText(r, zone))
	}
	for _, c := range d.Clashes {
		where := p.tr("is away (absence ", "отсутствует (") + c.Absence + ")"
		if c.Absence == "" {
			where = p.tr("is on duty on ", "дежурит в ") + c.Schedule
		}
		p.say("  clash: %s %s, %s", "  накладка: %s %s, %s", p.name(c.Person), where, p.span(c.Start, c.End, zone))
	}
}

// restText tells a limit of rest that is not kept.
func (p *planner) restText(r oncall.RestWarning, zone oncall.Zone) string {
	who, span := p.name(r.Person), p.span(r.Start, r.End, zone)
	switch r.Rule {
	case oncall.ShortRest:
		return fmt.Sprintf(p.tr("%s rests %.4g h between turns (%s), the limit is %.4g h", "%s отдыхает между сменами %.4g ч (%s), надо не меньше %.4g ч"), who, r.Is, span, r.Limit)
	case oncall.LongRun:
		return fmt.Sprintf(p.tr("%s is on duty %.4g h without a break (%s), the limit is %.4g h", "%s дежурит без перерыва %.4g ч (%s), можно %.4g ч"), who, r.Is, span, r.Limit)
	case oncall.ManyNights:
		return fmt.Sprintf(p.tr("%s has %.4g nights in a row (%s), the limit is %.4g", "%s дежурит %.4g ночей подряд (%s), можно %.4g"), who, r.Is, span, r.Limit)
	}
	return fmt.Sprintf("%s %s %s", who, r.Rule, span)
}

// printNow tells who is on duty at this moment, and whether that stays.
func (p *planner) printNow(d *edit.ScheduleDiff) {
	before, after := idsOf(d.NowBefore), idsOf(d.NowAfter)
	switch {
	case slices.Equal(before, after) && len(before) > 0:
		p.say("  on duty now, and stays: %s", "  сейчас дежурит и остаётся: %s", p.names(before))
	case !slices.Equal(before, after):
		p.say("  ON DUTY NOW CHANGES: %s → %s", "  ДЕЖУРНЫЙ СЕЙЧАС МЕНЯЕТСЯ: %s → %s", p.names(before), p.names(after))
	}
	if len(d.StaysOnDuty) > 0 && !slices.Equal(d.StaysOnDuty, after) {
		p.say("  stays on duty when it takes effect: %s", "  в момент вступления остаётся на дежурстве: %s", strings.ReplaceAll(p.names(d.StaysOnDuty), " + ", ", "))
	}
}
