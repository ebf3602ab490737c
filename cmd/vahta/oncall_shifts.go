package main

import (
	"errors"
	"fmt"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/ical"
)

// stretch are the flags of commands that look at a span of time.
type stretch struct {
	from, to string
	length   string
}

func (f *stretch) flags(cmd *cobra.Command, length string) {
	f.length = length
	cmd.Flags().StringVar(&f.from, "from", "", tr("beginning; default now", "начало; по умолчанию сейчас"))
	cmd.Flags().StringVar(&f.to, "to", "", tr("end", "конец"))
	cmd.Flags().StringVar(&f.length, "for", length, tr("length when there is no --to, such as 2w", "длина, если нет --to, например 2w"))
}

// in returns the span by a zone's clock.
func (f *stretch) in(p *planner, zone oncall.Zone) (from, to time.Time, err error) {
	if from, err = p.instant("from", f.from, zone, p.now); err != nil {
		return from, to, err
	}
	length, err := p.length(f.length)
	if err != nil {
		return from, to, fmt.Errorf("--for %w", err)
	}
	if to, err = p.instant("to", f.to, zone, from.Add(length)); err != nil {
		return from, to, err
	}
	if !from.Before(to) {
		return from, to, fmt.Errorf(p.tr("--from %s is not before --to %s", "--from %s не раньше --to %s"), p.show(from, zone), p.show(to, zone))
	}
	return from, to, nil
}

// listing is what shifts are listed, and how.
type listing struct {
	stretch
	person, track             string
	asJSON, table, asCalendar bool
}

func shiftsCommand() *cobra.Command {
	var l listing
	cmd := &cobra.Command{
		Use:   "shifts [SCHEDULE]",
		Short: tr("list shifts, with gaps, by the final schedule; as text, JSON, a table or a calendar", "показать смены и дыры итогового графика; текстом, JSON, таблицей или календарём"),
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withPlanner(cmd, func(p *planner) error {
				s, err := p.schedule(first(args))
				if err != nil {
					return err
				}
				return p.listShifts(&s, l)
			})
		},
	}
	l.flags(cmd, "2w")
	cmd.Flags().StringVar(&l.person, "person", "", tr("only those of a person", "только смены человека"))
	cmd.Flags().StringVar(&l.track, "track", "", tr("only those of a track", "только смены линии"))
	cmd.Flags().BoolVar(&l.table, "csv", false, tr("write a table for a spreadsheet", "вывести таблицу CSV"))
	cmd.Flags().BoolVar(&l.asCalendar, "ics", false, tr("write a calendar (iCalendar)", "вывести календарь (iCalendar)"))
	jsonFlag(cmd, &l.asJSON)
	return cmd
}

func (p *planner) listShifts(s *oncall.Schedule, l listing) error {
	zone := s.RulesNear(p.now).Zone
	from, to, err := l.in(p, zone)
	if err != nil {
		return err
	}
	if l.table || l.asCalendar {
		return p.writeShifts(s.ID, from, to, l.table)
	}
	if l.person != "" {
		if l.person, err = p.person(l.person); err != nil {
			return err
		}
	}
	tracks, err := p.tracks(s, l.track, from, to)
	if err != nil {
		return err
	}
	all := []oncall.Shift{}
	for _, track := range tracks {
		for shift := range p.eval.Shifts(s.ID, track, from, to) {
			if l.person == "" || slices.Contains(idsOf(shift.Duties), l.person) {
				all = append(all, shift)
			}
		}
	}
	if l.asJSON {
		return p.json(all)
	}
	p.say("%s (%s), times of %s", "%s (%s), время %s", orDash(s.Name), s.ID, zoneOver(zone, from))
	return p.printShifts(all, zone)
}

// first returns the first argument, empty when there is none.
func first(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}

// writeShifts writes the final schedule as a table or a calendar, in a form that import reads back.
func (p *planner) writeShifts(schedule string, from, to time.Time, table bool) error {
	o := ical.Options{
		From: from, To: to, Language: p.lang,
		Version: ical.Version{Revision: p.view.Version.Revision, EditedAt: p.view.Version.EditedAt},
	}
	write := ical.Schedule
	if table {
		write = ical.CSV
	}
	_, err := p.out.Write(write(p.eval, schedule, o))
	return err
}

func (p *planner) printShifts(all []oncall.Shift, zone oncall.Zone) error {
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	var total time.Duration
	for _, s := range all {
		var why string
		if len(s.Duties) > 0 {
			why = p.why(s.Duties[0].Provenance, zone, s.End)
		}
		who := p.names(idsOf(s.Duties))
		if s.Gap() {
			who = "!! " + who + " !!"
		} else {
			total += s.End.Sub(s.Start)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", s.Track, p.span(s.Start, s.End, zone), p.hours(s.End.Sub(s.Start)), who, why)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	p.say("%d shift(s), %s", "смен: %d, %s", len(all), p.hours(total))
	return nil
}

// errGaps makes a command end with 1 when there are gaps, for scripts that watch.
var errGaps = exitError(1)

func gapsCommand() *cobra.Command {
	var f stretch
	var asJSON, check bool
	cmd := &cobra.Command{
		Use:   "gaps [SCHEDULE]",
		Short: tr("list the times when nobody is on duty", "показать время, когда никто не дежурит"),
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withPlanner(cmd, func(p *planner) error {
				schedules, err := p.schedules(args)
				if err != nil {
					return err
				}
				found := map[string][]oncall.Shift{}
				n := 0
				for i := range schedules {
					s := &schedules[i]
					zone := s.RulesNear(p.now).Zone
					from, to, err := f.in(p, zone)
					if err != nil {
						return err
					}
					found[s.ID] = slices.AppendSeq([]oncall.Shift{}, p.eval.Gaps(s.ID, from, to))
					n += len(found[s.ID])
					if !asJSON {
						p.printGaps(s, from, to, zone, found[s.ID])
					}
				}
				if asJSON {
					err = p.json(found)
				}
				if check && n > 0 {
					err = errors.Join(err, errGaps)
				}
				return err
			})
		},
	}
	f.flags(cmd, "30d")
	cmd.Flags().BoolVar(&check, "check", false, tr("end with 1 when there are any", "завершиться с кодом 1, если они есть"))
	jsonFlag(cmd, &asJSON)
	return cmd
}

func (p *planner) printGaps(s *oncall.Schedule, from, to time.Time, zone oncall.Zone, gaps []oncall.Shift) {
	p.say("%s (%s), %s, times of %s:", "%s (%s), %s, время %s:", orDash(s.Name), s.ID, p.span(from, to, zone), zone)
	if len(gaps) == 0 {
		p.say("  no gaps", "  дыр нет")
	}
	for _, g := range gaps {
		p.say("  !! NOBODY on %s: %s, %s", "  !! НИКОГО, линия %s: %s, %s", g.Track, p.span(g.Start, g.End, zone), p.hours(g.End.Sub(g.Start)))
	}
	if len(gaps) > 0 {
		p.say("  fill one:  vahta oncall override add PERSON --schedule %s --from %q --to %q", "  закрыть:  vahta oncall override add КТО --schedule %s --from %q --to %q",
			s.ID, oncall.CivilAt(gaps[0].Start, zone), oncall.CivilAt(gaps[0].End, zone))
	}
}
