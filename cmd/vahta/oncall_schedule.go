package main

import (
	"errors"
	"fmt"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
	"github.com/butlerspb/vahta/oncall/prodcal"
)

func scheduleCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "schedule",
		Short: tr("schedules and their versions", "графики и их версии"),
	}
	cmd.AddCommand(scheduleList(), scheduleShow(), scheduleRename(), scheduleCancel(), scheduleRemove())
	return cmd
}

func scheduleList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: tr("list schedules and when their rules change", "показать графики и когда меняются их правила"),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withPlanner(cmd, func(p *planner) error {
				if asJSON {
					return p.json(p.view.Roster.Schedules)
				}
				if len(p.view.Roster.Schedules) == 0 {
					p.say("no schedules; `vahta oncall import FILE` brings one in", "графиков нет; внесите: `vahta oncall import ФАЙЛ`")
					return nil
				}
				w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, p.tr("ID\tNAME\tZONE\tCALENDAR\tTRACKS\tREVISION\tCHANGES", "ID\tИМЯ\tПОЯС\tКАЛЕНДАРЬ\tЛИНИИ\tПРАВКА\tИЗМЕНЕНИЯ"))
				for i := range p.view.Roster.Schedules {
					s := &p.view.Roster.Schedules[i]
					rules := s.RulesNear(p.now)
					changes := "–"
					for _, v := range s.Versions {
						if v.From.After(p.now) {
							changes = p.tr("new rules from ", "новые правила с ") + p.show(v.From, rules.Zone)
							break
						}
					}
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%d\t%s\n", s.ID, printable(s.Name), rules.Zone, orDash(rules.Calendar), len(rules.Tracks),
						p.view.Revisions[edit.Key{Kind: edit.Schedule, ID: s.ID}.String()], changes)
				}
				return w.Flush()
			})
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

func scheduleShow() *cobra.Command {
	return &cobra.Command{
		Use:   "show [SCHEDULE]",
		Short: tr("show a schedule with all its versions, as it is written", "показать график со всеми версиями, как он записан"),
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withPlanner(cmd, func(p *planner) error {
				s, err := p.schedule(first(args))
				if err != nil {
					return err
				}
				text, err := config.PrintYAML(s)
				if err != nil {
					return err
				}
				_, err = fmt.Fprint(p.out, text)
				return err
			})
		},
	}
}

func scheduleRename() *cobra.Command {
	var c consent
	cmd := &cobra.Command{
		Use:   "rename SCHEDULE NAME",
		Short: tr("give a schedule another name; its ID stays", "дать графику другое имя; ID остаётся"),
		Args:  cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withPlanner(cmd, func(p *planner) error {
				s, err := p.schedule(args[0])
				if err != nil {
					return err
				}
				return p.commit(edit.Edit{Schedule: &edit.NewRules{ID: s.ID, Name: args[1]}}, c, nil)
			})
		},
	}
	c.flags(cmd)
	return cmd
}

func scheduleCancel() *cobra.Command {
	var c consent
	cmd := &cobra.Command{
		Use:   "cancel SCHEDULE FROM",
		Short: tr("cancel the new rules that were to begin at FROM", "отменить новые правила, которые начались бы в это время"),
		Args:  cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withPlanner(cmd, func(p *planner) error {
				s, err := p.schedule(args[0])
				if err != nil {
					return err
				}
				from, err := p.point(args[1], s.RulesNear(p.now).Zone)
				if err != nil {
					return err
				}
				at := from.In(s.RulesNear(p.now).Zone)
				for _, v := range s.Versions {
					if v.From.Equal(at) {
						return p.commit(edit.Edit{Remove: &edit.Key{Kind: edit.Schedule, ID: edit.VersionID(s.ID, at)}}, c, nil)
					}
				}
				return fmt.Errorf(p.tr("schedule %s has no rules that begin %s; `vahta oncall schedule list` shows them", "у графика %s нет правил, которые начинаются %s; они видны в `vahta oncall schedule list`"), s.ID, p.show(at, s.RulesNear(p.now).Zone))
			})
		},
	}
	c.flags(cmd)
	return cmd
}

func scheduleRemove() *cobra.Command {
	var c consent
	cmd := &cobra.Command{
		Use:   "remove SCHEDULE",
		Short: tr("end a schedule", "прекратить график"),
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withPlanner(cmd, func(p *planner) error {
				s, err := p.schedule(args[0])
				if err != nil {
					return err
				}
				return p.commit(edit.Edit{Remove: &edit.Key{Kind: edit.Schedule, ID: s.ID}}, c, nil)
			})
		},
	}
	c.flags(cmd)
	return cmd
}

func calendarCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "calendar",
		Short: tr("production calendars: holidays, moved days off, short days", "производственные календари: праздники, переносы, сокращённые дни"),
	}
	cmd.AddCommand(calendarList(), calendarShow(), calendarAdd())
	return cmd
}

func calendarList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: tr("list the years in force and those that ship with Vahta", "показать годы в силе и те, что поставляются с Вахтой"),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withPlanner(cmd, func(p *planner) error {
				shipped, err := prodcal.Years()
				if err != nil {
					return err
				}
				if asJSON {
					return p.json(p.view.Roster.Calendars)
				}
				w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
				for _, y := range p.view.Roster.Calendars {
					fmt.Fprintf(w, "%s\t%d\t%s\t%s\n", y.Calendar, y.Year, p.tr("in force", "в силе"), printable(y.Source))
				}
				for _, y := range shipped {
					if !hasYear(p.view.Roster.Calendars, y.Calendar, y.Year) {
						fmt.Fprintf(w, "%s\t%d\t%s\t%s\n", y.Calendar, y.Year, fmt.Sprintf(p.tr("ships; add it: vahta oncall calendar add %s %d", "поставляется; внести: vahta oncall calendar add %s %d"), y.Calendar, y.Year), y.Source)
					}
				}
				return w.Flush()
			})
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

func hasYear(years []oncall.CalendarYear, calendar string, year int) bool {
	for _, y := range years {
		if y.Calendar == calendar && y.Year == year {
			return true
		}
	}
	return false
}

func calendarShow() *cobra.Command {
	return &cobra.Command{
		Use:   "show CALENDAR YEAR",
		Short: tr("print a year as a file to edit and add", "вывести год файлом, который можно поправить и внести"),
		Args:  cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withPlanner(cmd, func(p *planner) error {
				year, err := p.shippedOr(args, p.view.Roster.Calendars)
				if err != nil {
					return err
				}
				text, err := config.PrintYAML(year)
				if err != nil {
					return err
				}
				_, err = fmt.Fprint(p.out, text)
				return err
			})
		},
	}
}

// shippedOr finds a year among those given, then among those that ship.
func (p *planner) shippedOr(args []string, years []oncall.CalendarYear) (oncall.CalendarYear, error) {
	n, err := strconv.Atoi(args[1])
	if err != nil {
		return oncall.CalendarYear{}, fmt.Errorf(p.tr("%q is no year", "%q — не год"), args[1])
	}
	shipped, err := prodcal.Years()
	if err != nil {
		return oncall.CalendarYear{}, err
	}
	for _, y := range append(append([]oncall.CalendarYear{}, years...), shipped...) {
		if y.Calendar == args[0] && y.Year == n {
			return y, nil
		}
	}
	return oncall.CalendarYear{}, fmt.Errorf(p.tr("there is no year %d of a calendar %q; write a file and give it to `vahta oncall calendar add FILE`", "нет года %d календаря %q; напишите файл и внесите: `vahta oncall calendar add ФАЙЛ`"), n, args[0])
}

func calendarAdd() *cobra.Command {
	var c consent
	cmd := &cobra.Command{
		Use:   "add FILE | CALENDAR YEAR",
		Short: tr("put a year in force: one that ships, or a file", "ввести год в силу: из поставки или из файла"),
		Example: `  vahta oncall calendar add ru 2026
  vahta oncall calendar show ru 2026 > 2026.yaml; $EDITOR 2026.yaml; vahta oncall calendar add 2026.yaml`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withPlanner(cmd, func(p *planner) error {
				var year oncall.CalendarYear
				var err error
				if len(args) == 2 {
					year, err = p.shippedOr(args, nil)
				} else {
					var text []byte
					if text, err = readFile(cmd, args[0]); err == nil {
						year, err = prodcal.Parse(text)
					}
				}
				if err != nil {
					return err
				}
				return p.commit(edit.Edit{Calendar: &year}, c, nil)
			})
		},
	}
	c.flags(cmd)
	return cmd
}

// errNoChange says that a file holds nothing new.
var errNoChange = errors.New("nothing new")

// versionOf returns the rules to export: those at a time, or the last ones, with when they begin.
func versionOf(s *oncall.Schedule, at time.Time) (oncall.Rules, time.Time) {
	rules, from := s.RulesAt(at), time.Time{}
	for _, v := range s.Versions {
		if !v.From.After(at) {
			from = v.From
		}
	}
	return rules, from
}
