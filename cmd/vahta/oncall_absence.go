package main

import (
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
)

func absenceCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "absence",
		Short: tr("time off: on no track and in no tier until it ends", "отпуск, больничный: ни на одной линии, пока не кончится"),
	}
	cmd.AddCommand(absenceAdd(), absenceList(), cancelCommand(edit.Absence, tr("take an absence back; one in progress ends now", "отменить отсутствие; идущее кончится сейчас")))
	return cmd
}

func absenceAdd() *cobra.Command {
	var f place
	var c consent
	var substitute, zone string
	cmd := &cobra.Command{
		Use:     "add PERSON",
		Short:   tr("write down that a person is away", "записать, что человека не будет"),
		Example: `  vahta oncall absence add anna --from 2026-12-07 --to 2026-12-21 --substitute boris --reason vacation`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withPlanner(cmd, func(p *planner) error {
				id, err := p.person(args[0])
				if err != nil {
					return err
				}
				a := oncall.Absence{Person: id, Reason: c.reason}
				if substitute != "" {
					if a.Substitute, err = p.person(substitute); err != nil {
						return fmt.Errorf("--substitute: %w", err)
					}
				}
				by := p.zoneOfPlanner()
				if zone != "" {
					if a.Zone, err = oncall.LoadZone(zone); err != nil {
						return fmt.Errorf("--zone: %w", err)
					}
					by = a.Zone
				}
				var err1, err2 error
				a.From, err1 = p.point(f.from, by)
				a.To, err2 = p.point(f.to, by)
				if err := errors.Join(wrap("--from", err1), wrap("--to", err2)); err != nil {
					return err
				}
				return p.commit(edit.Edit{Absence: &a}, c, nil)
			})
		},
	}
	f.span(cmd)
	cmd.Flags().StringVar(&substitute, "substitute", "", tr("who is on duty instead; without it the next of the layer, if it says so, or nobody", "кто дежурит вместо; без него — следующий по слою, если так записано в слое, или никто"))
	cmd.Flags().StringVar(&zone, "zone", "", tr("whose clock the times are by; default that of each schedule", "по чьим часам время; по умолчанию — каждого графика"))
	c.flags(cmd)
	return cmd
}

func absenceList() *cobra.Command {
	var all, asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: tr("list time off", "показать отсутствия"),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withPlanner(cmd, func(p *planner) error {
				var list []oncall.Absence
				for _, a := range p.view.Roster.Absences {
					if all || a.To.In(p.zoneOf(a.Zone)).After(p.now) {
						list = append(list, a)
					}
				}
				if asJSON {
					return p.json(list)
				}
				if len(list) == 0 {
					p.say("nobody is away; --all shows the past too", "все на месте; --all покажет и прошлое")
					return nil
				}
				w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
				p.say("times of %s, if no other zone is named", "время %s, если не назван другой пояс", zoneOver(p.zoneOfPlanner(), p.now))
				fmt.Fprintln(w, p.tr("ID\tWHO\tWHEN\tSUBSTITUTE\tBY\tREASON", "ID\tКТО\tКОГДА\tВМЕСТО\tАВТОР\tПОЧЕМУ"))
				for _, a := range list {
					zone := p.zoneOf(a.Zone)
					substitute := "–"
					if a.Substitute != "" {
						substitute = p.name(a.Substitute)
					}
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", a.ID, p.name(a.Person), p.span(a.From.In(zone), a.To.In(zone), zone)+p.elsewhere(zone), substitute, p.name(a.By), printable(a.Reason))
				}
				return w.Flush()
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, tr("the past too", "и прошлые"))
	jsonFlag(cmd, &asJSON)
	return cmd
}

// elsewhere names a zone in a list that is headed by the planner's.
func (p *planner) elsewhere(zone oncall.Zone) string {
	if zone.String() == p.zoneOfPlanner().String() {
		return ""
	}
	return " " + zone.String()
}

// zoneOf returns a zone, or that of the planner where it is not set.
func (p *planner) zoneOf(z oncall.Zone) oncall.Zone {
	if z.IsZero() {
		return p.zoneOfPlanner()
	}
	return z
}

func temporaryCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "temporary",
		Short: tr("replace the layers of a track for a while, such as over New Year", "на время заменить слои линии, например на Новый год"),
	}
	cmd.AddCommand(temporaryAdd(), temporaryList(), cancelCommand(edit.Temporary, tr("take a temporary schedule back; one in progress ends now", "отменить временный график; идущий кончится сейчас")))
	return cmd
}

func temporaryAdd() *cobra.Command {
	var f place
	var c consent
	var shifts []string
	var fallBack bool
	cmd := &cobra.Command{
		Use:   "add",
		Short: tr("write a temporary schedule, shift by shift", "записать временный график, смена за сменой"),
		Example: `  vahta oncall temporary add --from 2026-12-31 --to 2027-01-02 \
    --shift "2026-12-31/2027-01-01 09:00=anna" --shift "2027-01-01 09:00/2027-01-02=boris + vera"`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withPlanner(cmd, func(p *planner) error {
				s, track, from, to, err := f.where(p)
				if err != nil {
					return err
				}
				t := oncall.Temporary{Schedule: s.ID, Track: track, From: from, To: to, FallBack: fallBack, Reason: c.reason}
				for _, text := range shifts {
					one, err := p.temporaryShift(text, s.RulesNear(p.now).Zone)
					if err != nil {
						return fmt.Errorf("--shift %q: %w", text, err)
					}
					t.Shifts = append(t.Shifts, one)
				}
				return p.commit(edit.Edit{Temporary: &t}, c, nil)
			})
		},
	}
	f.flags(cmd)
	c.flags(cmd)
	cmd.Flags().StringArrayVar(&shifts, "shift", nil, tr(`a shift: "FROM/TO=PERSON", several people joined by +; give it again for each`, `смена: "С/ДО=КТО", несколько людей через +; повторите для каждой`))
	cmd.Flags().BoolVar(&fallBack, "fall-back", false, tr("where no shift is, the layers speak; otherwise that is a gap", "где смены нет, говорят слои; иначе там дыра"))
	return cmd
}

// temporaryShift reads "FROM/TO=PERSON + PERSON".
func (p *planner) temporaryShift(text string, zone oncall.Zone) (oncall.TemporaryShift, error) {
	span, who, ok1 := strings.Cut(text, "=")
	a, b, ok2 := strings.Cut(span, "/")
	if !ok1 || !ok2 {
		return oncall.TemporaryShift{}, errors.New(p.tr("write FROM/TO=PERSON", "напишите С/ДО=КТО"))
	}
	from, err1 := p.point(a, zone)
	to, err2 := p.point(b, zone)
	shift := oncall.TemporaryShift{From: from, To: to}
	err3 := shift.Member.UnmarshalText([]byte(strings.TrimSpace(who)))
	for i, name := range shift.Member {
		id, err := p.person(name)
		if err != nil {
			return shift, err
		}
		shift.Member[i] = id
	}
	return shift, errors.Join(err1, err2, err3)
}

func temporaryList() *cobra.Command {
	var all, asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: tr("list temporary schedules", "показать временные графики"),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withPlanner(cmd, func(p *planner) error {
				var list []oncall.Temporary
				for _, t := range p.view.Roster.Temporaries {
					s, _ := p.view.Roster.Schedule(t.Schedule)
					if all || t.To.In(s.RulesNear(p.now).Zone).After(p.now) {
						list = append(list, t)
					}
				}
				if asJSON {
					return p.json(list)
				}
				if len(list) == 0 {
					p.say("no temporary schedules; --all shows the past too", "временных графиков нет; --all покажет и прошлые")
					return nil
				}
				p.say("times of %s, if no other zone is named", "время %s, если не назван другой пояс", zoneOver(p.zoneOfPlanner(), p.now))
				w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
				for _, t := range list {
					s, _ := p.view.Roster.Schedule(t.Schedule)
					zone := s.RulesNear(p.now).Zone
					fmt.Fprintf(w, "%s\t%s/%s\t%s\t%s\t%s\n", t.ID, t.Schedule, t.Track, p.span(t.From.In(zone), t.To.In(zone), zone)+p.elsewhere(zone), p.name(t.By), printable(t.Reason))
					for _, one := range t.Shifts {
						fmt.Fprintf(w, "\t\t%s\t%s\t\n", p.span(one.From.In(zone), one.To.In(zone), zone), p.names(one.Member))
					}
				}
				return w.Flush()
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, tr("the past too", "и прошлые"))
	jsonFlag(cmd, &asJSON)
	return cmd
}
