package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
)

// mostLines bounds how many changed spans, limits of rest and clashes of a schedule are listed, each; hours and gaps are always
// told in full.
const mostLines = 8

// most is how many of a list are shown, and how many are not.
func (p *planner) most(n int) (shown, more int) {
	if p.everything || n <= mostLines {
		return n, 0
	}
	return mostLines, n - mostLines
}

// andMore tells of lines that are not shown.
func (p *planner) andMore(w io.Writer, more int) {
	if more > 0 {
		fmt.Fprintf(w, p.tr("  … and %d more; --all shows them\n", "  … и ещё %d; покажет --all\n"), more)
	}
}

// printPreview tells what an edit does.
func (p *planner) printPreview(v edit.Preview) {
	if len(v.Schedules) == 0 {
		p.say("Nobody's duty changes.", "Ничьё дежурство не меняется.")
	}
	for i := range v.Schedules {
		p.printDifference(&v.Schedules[i])
	}
	for _, h := range v.Hidden {
		p.printHidden(h)
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
	fmt.Fprintf(p.out, "%s (%s), %s %s\n", name, d.Schedule, p.tr("times of", "время"), zoneOver(zone, d.From))
	if d.Same() {
		p.say("  nobody's duty changes from %s", "  ничьё дежурство не меняется: %s", p.span(d.From, d.To, zone))
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	shown, more := p.most(len(d.Spans))
	for _, c := range d.Spans[:shown] {
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s → %s\n", c.Track, p.span(c.Start, c.End, zone), p.hours(c.End.Sub(c.Start)), p.names(c.Before), p.names(c.After))
	}
	p.andMore(w, more)
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
	shown, more := p.most(len(d.Rest))
	for _, r := range d.Rest[:shown] {
		p.say("  rest: %s", "  отдых: %s", p.restText(r, zone))
	}
	p.andMore(p.out, more)
	shown, more = p.most(len(d.Clashes))
	for _, c := range d.Clashes[:shown] {
		where := p.tr("is away (absence ", "отсутствует (") + c.Absence + ")"
		if c.Absence == "" {
			where = p.tr("is on duty on ", "дежурит в ") + c.Schedule
		}
		p.say("  clash: %s %s, %s", "  накладка: %s %s, %s", p.name(c.Person), where, p.span(c.Start, c.End, zone))
	}
	p.andMore(p.out, more)
}

// printHidden tells where an earlier correction no longer has an effect, and whether it has one elsewhere.
func (p *planner) printHidden(h edit.Hidden) {
	s, _ := p.view.Roster.Schedule(h.Schedule)
	if h.Wholly {
		p.say("  hides: %s has no effect on schedule %s any more", "  перекрывает: %s больше нигде не действует в графике %s", p.record(h.Key), h.Schedule)
		return
	}
	shown, more := p.most(len(h.Spans))
	for _, span := range h.Spans[:shown] {
		p.say("  hides: %s has no effect there: %s %s", "  перекрывает: %s не действует там: %s %s",
			p.record(h.Key), span.Track, p.span(span.Start, span.End, s.RulesAt(span.Start).Zone))
	}
	p.andMore(p.out, more)
}

// record names a record.
func (p *planner) record(k edit.Key) string {
	names := map[edit.Kind]string{
		edit.Person: "человек", edit.Schedule: "график", edit.Absence: "отсутствие", edit.Temporary: "временный график",
		edit.Override: "замена", edit.Request: "запрос", edit.Calendar: "календарь",
	}
	return p.tr(k.Kind.String(), names[k.Kind]) + " " + printable(k.ID)
}

// restText tells a limit of rest that is not kept.
func (p *planner) restText(r oncall.RestWarning, zone oncall.Zone) string {
	who, span := p.name(r.Person), p.span(r.Start, r.End, zone)
	switch r.Rule {
	case oncall.ShortRest:
		return fmt.Sprintf(p.tr("%s rests %s between turns (%s), the limit is %s", "%s отдыхает между сменами %s (%s), надо не меньше %s"), who, p.inHours(r.Is), span, p.inHours(r.Limit))
	case oncall.LongRun:
		return fmt.Sprintf(p.tr("%s is on duty %s without a break (%s), the limit is %s", "%s дежурит без перерыва %s (%s), можно %s"), who, p.inHours(r.Is), span, p.inHours(r.Limit))
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
