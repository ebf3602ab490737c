package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/oncall"
)

// onDuty is one person on duty, as it is shown and written.
type onDuty struct {
	Track string    `json:"track"`
	ID    string    `json:"person"`
	Name  string    `json:"name"`
	Since time.Time `json:"since,omitzero"`
	Until time.Time `json:"until,omitzero"`
	Why   string    `json:"why"`
	oncall.Provenance
}

// standing is a schedule at a moment.
type standing struct {
	Schedule string    `json:"schedule"`
	Name     string    `json:"name"`
	At       time.Time `json:"at"`
	Zone     string    `json:"zone"`
	OnDuty   []onDuty  `json:"on_duty"`
	Next     []onDuty  `json:"next"`
	Revision int64     `json:"revision"`
}

func whoCommand() *cobra.Command {
	var at string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "who [SCHEDULE]",
		Short: tr("say who is on duty, why, until when, and who is next", "сказать, кто дежурит, почему, до когда и кто следующий"),
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withPlanner(cmd, func(p *planner) error {
				schedules, err := p.schedules(args)
				if err != nil {
					return err
				}
				var all []standing
				for i := range schedules {
					t, err := p.instant("at", at, schedules[i].RulesNear(p.now).Zone, p.now)
					if err != nil {
						return err
					}
					all = append(all, p.standing(&schedules[i], t))
				}
				if asJSON {
					return p.json(all)
				}
				return p.printStanding(all)
			})
		},
	}
	cmd.Flags().StringVar(&at, "at", "", tr("moment in the schedule's zone; default now", "момент по часам графика; по умолчанию сейчас"))
	jsonFlag(cmd, &asJSON)
	return cmd
}

func jsonFlag(cmd *cobra.Command, to *bool) {
	cmd.Flags().BoolVar(to, "json", false, tr("write JSON", "вывести JSON"))
}

// standing asks who is on duty at t, and who comes next on each track.
func (p *planner) standing(s *oncall.Schedule, t time.Time) standing {
	rules := s.RulesAt(t)
	out := standing{Schedule: s.ID, Name: s.Name, At: t.UTC(), Zone: rules.Zone.String(), OnDuty: []onDuty{}, Next: []onDuty{}, Revision: p.view.Version.Revision}
	for _, d := range p.eval.Who(s.ID, t) {
		out.OnDuty = append(out.OnDuty, p.onDuty(d, rules.Zone))
	}
	for _, track := range rules.Tracks {
		out.Next = append(out.Next, p.nextOn(s.ID, track.ID, t, rules.Zone)...)
	}
	return out
}

func (p *planner) onDuty(d oncall.Duty, zone oncall.Zone) onDuty {
	return onDuty{Track: d.Track, ID: d.Person, Name: p.name(d.Person), Until: d.Until, Why: p.why(d.Provenance, zone, d.Until), Provenance: d.Provenance}
}

// foresight is how far ahead the next ones are looked for.
const foresight = 62 * 24 * time.Hour

// nextOn returns who begins at the next hand-off of a track.
func (p *planner) nextOn(schedule, track string, t time.Time, zone oncall.Zone) []onDuty {
	var now []oncall.Duty
	first := true
	for shift := range p.eval.Shifts(schedule, track, t, t.Add(foresight)) {
		if first {
			now, first = shift.Duties, false
			continue
		}
		if samePeople(now, shift.Duties) {
			continue // only the reason changes
		}
		var next []onDuty
		for _, d := range shift.Duties {
			one := p.onDuty(d, zone)
			one.Track, one.Since, one.Until = track, shift.Start, shift.End
			next = append(next, one)
		}
		if len(next) == 0 {
			next = []onDuty{{Track: track, Since: shift.Start, Until: shift.End}}
		}
		return next
	}
	return nil
}

func samePeople(a, b []oncall.Duty) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Person != b[i].Person {
			return false
		}
	}
	return true
}

func (p *planner) printStanding(all []standing) error {
	for i, s := range all {
		if i > 0 {
			fmt.Fprintln(p.out)
		}
		schedule, _ := p.view.Roster.Schedule(s.Schedule)
		rules := schedule.RulesAt(s.At)
		fmt.Fprintf(p.out, "%s (%s), %s %s\n", orDash(s.Name), s.Schedule, p.show(s.At, rules.Zone), zoneAt(rules.Zone, s.At))
		w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
		for _, track := range rules.Tracks {
			p.printTrack(w, track, s, rules.Zone)
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// printTrack tells who is on a track, and who comes then.
func (p *planner) printTrack(w io.Writer, track oncall.Track, s standing, zone oncall.Zone) {
	nobody := p.tr("!! NOBODY !!", "!! НИКОГО !!")
	none := true
	for _, d := range s.OnDuty {
		if d.Track == track.ID {
			none = false
			fmt.Fprintf(w, "  %s\t%s\t%s %s\t%s\n", trackName(track), d.Name, p.tr("until", "до"), p.show(d.Until, zone), d.Why)
		}
	}
	if none {
		fmt.Fprintf(w, "  %s\t%s\t\t\n", trackName(track), nobody)
	}
	for _, n := range s.Next {
		if n.Track != track.ID {
			continue
		}
		name := n.Name
		if n.ID == "" {
			name = nobody
		}
		fmt.Fprintf(w, "\t%s %s\t%s %s\t%s\n", p.tr("then", "потом"), name, p.tr("from", "с"), p.show(n.Since, zone), n.Why)
	}
}

func trackName(t oncall.Track) string {
	if t.Name == "" || strings.EqualFold(t.Name, t.ID) {
		return t.ID
	}
	return t.Name + " (" + t.ID + ")"
}

// why tells a provenance in words: "layer nights", "override ov-7 by Петров until Sat 2026-12-05 21:00". The end of a correction
// is left out where it is that of the duty, which is told already.
func (p *planner) why(from oncall.Provenance, zone oncall.Zone, until time.Time) string {
	var text string
	switch from.Source {
	case oncall.FromLayer:
		return p.tr("layer ", "слой ") + from.ID
	case oncall.FromEveryone:
		return p.tr("everyone: nobody's turn, but can be called", "все: не его очередь, но позвонить можно")
	case oncall.FromTemporary:
		text = p.tr("temporary schedule ", "временный график ") + from.ID
	case oncall.FromSubstitute:
		text = p.tr("substitute, absence ", "подмена, отсутствие ") + from.ID
	case oncall.FromOverride:
		text = p.tr("override ", "замена ") + from.ID
	case oncall.FromTakeover:
		text = p.tr("takeover ", "взял линию, ") + from.ID
	default:
		text = from.String()
	}
	if from.By != "" {
		text += p.tr(" by ", ", автор ") + p.name(from.By)
	}
	if end := p.endOf(from, zone); !end.IsZero() && !end.Equal(until) {
		text += p.tr(" until ", " до ") + p.show(end, zone)
	}
	return text
}

// endOf returns when a correction ends, zero when it is not found.
func (p *planner) endOf(from oncall.Provenance, zone oncall.Zone) (end time.Time) {
	for _, span := range p.spansOf(from) {
		if t := span.In(zone); t.After(end) {
			end = t
		}
	}
	return end
}

// spansOf returns the ends of a correction.
func (p *planner) spansOf(from oncall.Provenance) (ends []oncall.Point) {
	r := &p.view.Roster
	switch from.Source {
	case oncall.FromOverride, oncall.FromTakeover:
		if i := slices.IndexFunc(r.Overrides, func(o oncall.Override) bool { return o.ID == from.ID }); i >= 0 {
			for _, c := range r.Overrides[i].Changes {
				ends = append(ends, c.To)
			}
		}
	case oncall.FromSubstitute:
		if i := slices.IndexFunc(r.Absences, func(a oncall.Absence) bool { return a.ID == from.ID }); i >= 0 {
			if a := r.Absences[i]; !a.Zone.IsZero() {
				return []oncall.Point{oncall.InstantPoint(a.To.In(a.Zone))}
			}
			ends = append(ends, r.Absences[i].To)
		}
	case oncall.FromTemporary:
		if i := slices.IndexFunc(r.Temporaries, func(t oncall.Temporary) bool { return t.ID == from.ID }); i >= 0 {
			ends = append(ends, r.Temporaries[i].To)
		}
	case oncall.FromLayer, oncall.FromEveryone:
	}
	return ends
}
