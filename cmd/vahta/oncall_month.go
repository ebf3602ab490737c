package main

import (
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/chart"
)

func monthCommand() *cobra.Command {
	var svg, rows, from, to, zone string
	var tracks []string
	var width int
	cmd := &cobra.Command{
		Use:   "month [SCHEDULE] [MONTH]",
		Short: tr("show a month as a table, or draw it as an SVG page for print", "показать месяц таблицей или нарисовать страницей SVG для печати"),
		Example: `  vahta oncall month
  vahta oncall month duty next --rows people
  vahta oncall month duty 2026-12 --svg december.svg
  vahta oncall month duty --from 2026-10-01 --to 2027-01-01 --svg quarter.svg`,
		Args: cobra.MaximumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withPlanner(cmd, func(p *planner) error {
				o, err := p.chartOptions(args, from, to, zone)
				if err != nil {
					return err
				}
				o.Tracks = tracks
				s, _ := p.view.Roster.Schedule(o.Schedule)
				for _, track := range tracks {
					if _, err := p.tracks(&s, track, o.Zone.Resolve(o.From, oncall.First), o.Zone.Resolve(o.To, oncall.First)); err != nil {
						return err
					}
				}
				c, err := chart.New(p.eval, o)
				if err != nil {
					return err
				}
				switch {
				case svg == "-":
					_, err = p.out.Write(c.SVG())
				case svg != "":
					if err = os.WriteFile(filepath.Clean(svg), c.SVG(), 0o600); err == nil {
						p.say("%s is written: A4 landscape", "%s записан: A4, альбомный лист", svg)
					}
				case rows == "people":
					_, err = fmt.Fprint(p.out, c.ByPeople())
				case rows == "tracks":
					_, err = fmt.Fprint(p.out, c.Weeks(width))
				default:
					err = fmt.Errorf(p.tr("--rows %q: choose tracks or people", "--rows %q: выберите tracks или people"), rows)
				}
				return err
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&svg, "svg", "", tr("draw it into this file; - writes it out", "нарисовать в файл; - вывести"))
	f.StringVar(&rows, "rows", "tracks", tr("tracks: weeks with hand-off times; people: hours by day", "tracks: недели со временем передачи; people: часы по дням"))
	f.StringVar(&from, "from", "", tr("first date, instead of a month", "первый день вместо месяца"))
	f.StringVar(&to, "to", "", tr("the date after the last one", "день после последнего"))
	f.StringVar(&zone, "zone", "", tr("show it by the clock of another zone, such as Asia/Yekaterinburg", "показать по часам другого пояса, например Asia/Yekaterinburg"))
	f.StringSliceVar(&tracks, "track", nil, tr("only these tracks", "только эти линии"))
	f.IntVar(&width, "width", 124, tr("columns of the terminal", "ширина терминала"))
	return cmd
}

// chartOptions reads SCHEDULE and MONTH; a single argument may be either.
func (p *planner) chartOptions(args []string, from, to, zone string) (chart.Options, error) {
	id, month := "", ""
	switch len(args) {
	case 2:
		id, month = args[0], args[1]
	case 1:
		if _, ok := p.view.Roster.Schedule(args[0]); ok {
			id = args[0]
		} else if month = args[0]; len(p.view.Roster.Schedules) != 1 {
			id, month = args[0], ""
		}
	}
	s, err := p.schedule(id)
	if err != nil {
		return chart.Options{}, err
	}
	o := chart.Options{Schedule: s.ID, Now: p.now, Language: p.lang, Zone: s.RulesNear(p.now).Zone}
	if zone != "" {
		if o.Zone, err = oncall.LoadZone(zone); err != nil {
			return chart.Options{}, fmt.Errorf("--zone: %w", err)
		}
	}
	if from != "" || to != "" {
		start, err := p.instant("from", from, o.Zone, p.now)
		if err != nil {
			return chart.Options{}, err
		}
		const fourWeeks = 28 * 24 * time.Hour
		end, err := p.instant("to", to, o.Zone, start.Add(fourWeeks))
		o.From, o.To = oncall.CivilAt(start, o.Zone).At(0), oncall.CivilAt(end, o.Zone).At(0)
		return o, err
	}
	first, err := p.firstOfMonth(month, o.Zone)
	o.From, o.To = chart.Month(first)
	return o, err
}

func fairnessCommand() *cobra.Command {
	var quarter, from, to string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "fairness [SCHEDULE]",
		Short: tr("count who carries how much: hours, nights, weekends, holidays, calls", "посчитать, кто сколько дежурит: часы, ночи, выходные, праздники, звонки"),
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withPlanner(cmd, func(p *planner) error {
				s, err := p.schedule(first(args))
				if err != nil {
					return err
				}
				zone := s.RulesNear(p.now).Zone
				a, b, err := p.quarter(quarter, zone)
				if err != nil {
					return err
				}
				start, err := p.instant("from", from, zone, zone.Resolve(a, oncall.First))
				if err != nil {
					return err
				}
				end, err := p.instant("to", to, zone, zone.Resolve(b, oncall.First))
				if err != nil {
					return err
				}
				taken, err := p.rota.Taken(cmd.Context(), start, end)
				if err != nil {
					return err
				}
				fair := oncall.Fairness(p.eval, s.ID, start, end, taken)
				if asJSON {
					return p.json(fair)
				}
				return p.printFairness(&s, fair, zone)
			})
		},
	}
	cmd.Flags().StringVar(&quarter, "quarter", "", tr("2026Q4, this, next or last; default this", "2026Q4, этот, следующий или прошлый; по умолчанию этот"))
	cmd.Flags().StringVar(&from, "from", "", tr("another beginning", "другое начало"))
	cmd.Flags().StringVar(&to, "to", "", tr("another end", "другой конец"))
	jsonFlag(cmd, &asJSON)
	return cmd
}

func (p *planner) printFairness(s *oncall.Schedule, f oncall.Fair, zone oncall.Zone) error {
	p.say("%s (%s), %s, times of %s", "%s (%s), %s, время %s", orDash(s.Name), s.ID, p.span(f.From, f.To, zone), zone)
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, p.tr("hours\tshare\tnights\tweekends\tholidays\tcalls\tmissed\t  person", "часы\tдоля\tночи\tвыходные\tпраздники\tзвонки\tпропущено\t  человек"))
	for _, l := range f.People {
		fmt.Fprintf(w, "%s\t%.0f %%\t%s\t%s\t%s\t%d\t%d\t  %s\n", p.hours(l.Hours), l.Share*100,
			p.hours(l.Nights), p.hours(l.Weekends), p.hours(l.Holidays), l.Calls, l.Missed, p.name(l.Person))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	covered := float64(int(f.Coverage*10000)) / 100 // never rounded up to a promise
	p.say("covered %.2f %% of the time", "закрыто %.2f %% времени", covered)
	p.say("evenness (the lesser by the greater share, mean of all pairs; 1 is even): hours %.2f, nights %.2f, weekends %.2f, holidays %.2f, calls %.2f",
		"ровность (меньшая доля к большей, среднее по парам; 1 — поровну): часы %.2f, ночи %.2f, выходные %.2f, праздники %.2f, звонки %.2f",
		f.Balance.Hours, f.Balance.Nights, f.Balance.Weekends, f.Balance.Holidays, f.Balance.Calls)
	return nil
}

func lintCommand() *cobra.Command {
	var check, asJSON bool
	cmd := &cobra.Command{
		Use:   "lint",
		Short: tr("say what may hurt: gaps in 14 days, certificates, missing calendars, rules never reached", "сказать, что может подвести: дыры за 14 дней, сертификаты, нет календаря, правила, до которых не доходит"),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withPlanner(cmd, func(p *planner) error {
				found := oncall.Lint(p.eval, p.now)
				if asJSON {
					return p.json(found)
				}
				for _, w := range found {
					due := ""
					if !w.Due.IsZero() {
						due = p.tr(" (from ", " (с ") + p.show(w.Due, p.zoneOfPlanner()) + ")"
					}
					fmt.Fprintf(p.out, "%s%s\n", w.Text(p.lang), due)
				}
				if len(found) == 0 {
					p.say("nothing to warn of", "предупреждать не о чем")
				} else if check {
					return errGaps
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, tr("end with 1 when there are warnings", "завершиться с кодом 1, если есть предупреждения"))
	jsonFlag(cmd, &asJSON)
	return cmd
}

// zoneOfPlanner is the zone of what belongs to no schedule: that of the first one.
func (p *planner) zoneOfPlanner() oncall.Zone {
	for i := range p.view.Roster.Schedules {
		return p.view.Roster.Schedules[i].RulesNear(p.now).Zone
	}
	return oncall.ZoneOf(time.UTC)
}
