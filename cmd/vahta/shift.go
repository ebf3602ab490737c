package main

import (
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/cmd/internal/app"
	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/shift"
	"github.com/butlerspb/vahta/oncall"
)

// withShifts runs f on the shifts of the running server, or on the record.
func withShifts(cmd *cobra.Command, f func(*planner, desk.Shifts) error) error {
	return withPlanner(cmd, func(p *planner) error {
		l, err := load(cmd)
		if err != nil {
			return err
		}
		s, done, err := desk.OpenShifts(cmd.Context(), l.Config.Data, l.Config.Database(), app.ShiftsOnRecord(l.Config, clock))
		if err != nil {
			return err
		}
		return finish(f(p, s), done)
	})
}

func confirmCommand() *cobra.Command {
	var by string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "confirm [PERSON]",
		Short: tr("say that somebody knows of the next turn, so that nobody calls about it", "подтвердить ближайшую смену, чтобы о ней не звонили"),
		Long: tr(`Confirms the turn that the person has now and those of the day of the next one, as key 1 in a call about them does.
Without PERSON it is whoever types the command.`,
			`Подтверждает нынешнюю смену человека и смены ближайшего дня, как клавиша 1 в звонке о них. Без имени — того, кто вводит
команду.`),
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withShifts(cmd, func(p *planner, s desk.Shifts) error {
				author := p.author(by).Person
				who := author
				if len(args) > 0 {
					who = args[0]
				}
				id, err := p.person(who)
				if err != nil {
					return err
				}
				turns, err := s.Confirm(cmd.Context(), id, author, "cli")
				if err != nil {
					return err
				}
				if asJSON {
					return p.json(turns)
				}
				for _, t := range turns {
					p.say("%s: confirmed %s/%s from %s", "%s: подтверждено %s/%s с %s", p.name(id), t.Schedule, t.Track, p.show(t.Start, p.zoneOfSchedule(t.Schedule, t.Start)))
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&by, "by", "", tr("who says so; default: you", "кто подтверждает; по умолчанию вы"))
	jsonFlag(cmd, &asJSON)
	return cmd
}

// zoneOfSchedule is the zone of a schedule at a time.
func (p *planner) zoneOfSchedule(schedule string, t time.Time) oncall.Zone {
	s, _ := p.view.Roster.Schedule(schedule)
	return s.RulesAt(t).Zone
}

func handoverCommand() *cobra.Command {
	var at string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "handover [SCHEDULE]",
		Short: tr("the hand-over note: who goes and comes, open tickets, promised call-backs", "передача смены: кто сдаёт и принимает, открытые заявки, кому обещано перезвонить"),
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withShifts(cmd, func(p *planner, s desk.Shifts) error {
				schedules, err := p.schedules(args)
				if err != nil {
					return err
				}
				notes := []shift.Note{}
				for i := range schedules {
					moment, err := p.handoverAt(&schedules[i], at)
					if err != nil {
						return err
					}
					note, err := s.Handover(cmd.Context(), schedules[i].ID, moment)
					if err != nil {
						return err
					}
					if notes = append(notes, note); !asJSON {
						fmt.Fprint(p.out, printableLines(note.Text(p.lang, p.now)))
					}
				}
				if asJSON {
					return p.json(notes)
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&at, "at", "", tr("moment of the hand-over; default: the nearest one, up to 12 hours away", "момент передачи; по умолчанию ближайшая, до 12 часов от сейчас"))
	jsonFlag(cmd, &asJSON)
	return cmd
}

// printableLines makes each line printable.
func printableLines(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = printable(lines[i])
	}
	return strings.Join(lines, "\n")
}

// nearHandover is how far from now a hand-over is looked for.
const nearHandover = 12 * time.Hour

// handoverAt is the moment that is asked for, or the hand-over nearest to now.
func (p *planner) handoverAt(s *oncall.Schedule, text string) (time.Time, error) {
	if text != "" {
		return p.instant("at", text, s.RulesNear(p.now).Zone, p.now)
	}
	best := p.now
	found := false
	for _, track := range s.RulesNear(p.now).Tracks {
		for sh := range p.eval.Shifts(s.ID, track.ID, p.now.Add(-nearHandover), p.now.Add(nearHandover)) {
			if d := sh.Start.Sub(p.now).Abs(); d < nearHandover && (!found || d < best.Sub(p.now).Abs()) {
				best, found = sh.Start, true
			}
		}
	}
	return best, nil
}

func readinessCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "readiness",
		Short: tr("whose phones are proven, whose turn is confirmed, and what to do", "у кого проверены телефоны и подтверждена смена и что сделать"),
		Long: tr(`Green: proven. Yellow: works as far as is known, and something is to be done. Red: a call may reach nobody.

A phone is proven by a key that was pressed on it, in a call or in a test call (vahta person test).`,
			`Зелёный — проверено. Жёлтый — насколько известно, работает, но есть что сделать. Красный — звонок может не дойти.

Телефон проверяет клавиша, нажатая на нём: в звонке или в проверочном звонке (vahta person test).`),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withShifts(cmd, func(p *planner, s desk.Shifts) error {
				list, err := s.Readiness(cmd.Context())
				if err != nil {
					return err
				}
				if asJSON {
					return p.json(list)
				}
				return p.printReadiness(list)
			})
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

func (p *planner) printReadiness(list []shift.Ready) error {
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	for i := range list {
		r := &list[i]
		turn := p.tr("no turn ahead", "смен нет")
		if r.Next != nil {
			word := p.tr("not confirmed", "не подтверждена")
			if r.Confirmed {
				word = p.tr("confirmed", "подтверждена")
			}
			when := p.tr("from ", "с ") + p.show(r.Next.Start, p.zoneOfSchedule(r.Next.Schedule, r.Next.Start))
			if r.OnDuty {
				when = p.tr("ON DUTY", "ДЕЖУРИТ")
			}
			turn = fmt.Sprintf("%s/%s %s, %s", r.Next.Schedule, r.Next.Track, when, word)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", p.light(r.Light), p.name(r.Person), turn)
		for _, d := range r.Devices {
			fmt.Fprintf(w, "\t  %s %s\t%s: %s\n", d.Kind, printable(d.Address), p.light(d.Light), p.proof(d))
		}
		for _, problem := range r.Problems {
			fmt.Fprintf(w, "\t  !\t%s\n", printable(problem.Text(p.lang)))
		}
	}
	return w.Flush()
}

func (p *planner) light(l shift.Light) string {
	switch l {
	case shift.Green:
		return p.tr("green", "зелёный")
	case shift.Yellow:
		return p.tr("yellow", "жёлтый")
	case shift.Red:
		return p.tr("RED", "КРАСНЫЙ")
	}
	return string(l)
}

// proof says how a device is proven.
func (p *planner) proof(d shift.DeviceReady) string {
	var parts []string
	if d.Registered {
		parts = append(parts, p.tr("registered now", "зарегистрирован"))
	}
	ago := func(t time.Time) string {
		return fmt.Sprintf(p.tr("%d d ago", "%d дн. назад"), int(p.now.Sub(t).Hours()/24))
	}
	switch {
	case !d.Key.IsZero():
		parts = append(parts, p.tr("key ", "клавиша ")+ago(d.Key))
	case !d.Seen.IsZero():
		parts = append(parts, p.tr("seen ", "замечен ")+ago(d.Seen))
	default:
		parts = append(parts, p.tr("never proven", "не проверен"))
	}
	return strings.Join(parts, ", ")
}

func personTest() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "test ID",
		Short: tr("ring all of a person's devices and ask for a key: what answers is proven", "позвонить на все телефоны человека и попросить клавишу: что ответит, то проверено"),
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withShifts(cmd, func(p *planner, s desk.Shifts) error {
				id, err := p.person(args[0])
				if err != nil {
					return err
				}
				if !asJSON {
					fmt.Fprintln(cmd.ErrOrStderr(), p.tr("ringing; press 1 on each phone", "звоним; нажмите 1 на каждом телефоне"))
				}
				list, err := s.Test(cmd.Context(), id)
				if err != nil {
					return err
				}
				if asJSON {
					err = p.json(list)
				} else {
					err = p.printTested(list)
				}
				for _, t := range list {
					if !t.Proven {
						return errors.Join(err, exitError(1))
					}
				}
				return err
			})
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

func (p *planner) printTested(list []shift.Tested) error {
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	for _, t := range list {
		word := p.tr("NOT PROVEN: ", "НЕ ПРОВЕРЕН: ") + p.outcome(t.Outcome)
		if t.Proven {
			word = p.tr("proven", "проверен")
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", t.Kind, printable(t.Address), word)
	}
	return w.Flush()
}

// outcome puts what came of a test call into words.
func (p *planner) outcome(o dispatch.AttemptOutcome) string {
	switch o {
	case dispatch.AttemptNoKey:
		return p.tr("answered, no key was pressed: a mailbox?", "ответили, но клавишу не нажали: автоответчик?")
	case dispatch.AttemptBusy:
		return p.tr("busy", "занято")
	case dispatch.AttemptNoAnswer:
		return p.tr("no answer", "не отвечает")
	case dispatch.AttemptDeclined:
		return p.tr("declined", "отклонено")
	case dispatch.AttemptUnreachable, dispatch.AttemptSilent:
		return p.tr("can not be reached: not registered, or no operator takes the number", "недоступен: не зарегистрирован или номер не принял ни один оператор")
	case dispatch.AttemptAccepted, dispatch.AttemptAcknowledged, dispatch.AttemptEscalated, dispatch.AttemptFailed, dispatch.AttemptCancelled:
	}
	return string(o)
}
