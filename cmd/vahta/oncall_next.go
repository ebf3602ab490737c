package main

import (
	"fmt"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/oncall"
)

func nextCommand() *cobra.Command {
	var count int
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "next [PERSON]",
		Short: tr("list a person's next turns, or the next hand-offs of all schedules", "показать ближайшие смены человека или ближайшие передачи дежурства"),
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withPlanner(cmd, func(p *planner) error {
				if len(args) == 0 {
					return p.handoffs(count, asJSON)
				}
				id, err := p.person(args[0])
				if err != nil {
					return err
				}
				return p.turns(id, count, asJSON)
			})
		},
	}
	cmd.Flags().IntVarP(&count, "count", "n", 5, tr("how many", "сколько"))
	jsonFlag(cmd, &asJSON)
	return cmd
}

// twoYears is how far turns are looked for: nobody asks for more.
const twoYears = 2 * 366 * 24 * time.Hour

func (p *planner) turns(id string, count int, asJSON bool) error {
	var turns []oncall.Turn
	for turn := range p.eval.Turns(id, p.now, p.now.Add(twoYears)) {
		if turns = append(turns, turn); len(turns) == count {
			break
		}
	}
	if asJSON {
		return p.json(turns)
	}
	if len(turns) == 0 {
		p.say("%s has no turn within two years", "%s: за два года вперёд смен нет", p.name(id))
		return nil
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	for _, t := range turns {
		s, _ := p.view.Roster.Schedule(t.Schedule)
		zone := s.RulesAt(t.Start).Zone
		state := ""
		if !t.Start.After(p.now) {
			state = p.tr("now", "сейчас")
		}
		span, length := p.show(t.Start, zone)+" – …", ""
		if !t.End.IsZero() {
			span, length = p.span(t.Start, t.End, zone), p.hours(t.End.Sub(t.Start))
		}
		fmt.Fprintf(w, "%s\t%s\t%s/%s\t%s\t%s\n", span, length, t.Schedule, t.Track, zone, state)
	}
	return w.Flush()
}

// handoff is a change of who is on duty.
type handoff struct {
	At       time.Time `json:"at"`
	Schedule string    `json:"schedule"`
	Track    string    `json:"track"`
	From     []string  `json:"from"`
	To       []string  `json:"to"`
}

func (p *planner) handoffs(count int, asJSON bool) error {
	var all []handoff
	for i := range p.view.Roster.Schedules {
		s := &p.view.Roster.Schedules[i]
		for _, track := range s.RulesNear(p.now).Tracks {
			all = append(all, p.handoffsOn(s.ID, track.ID, count)...)
		}
	}
	slices.SortStableFunc(all, func(a, b handoff) int { return a.At.Compare(b.At) })
	all = all[:min(count, len(all))]
	if asJSON {
		return p.json(all)
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	for _, h := range all {
		s, _ := p.view.Roster.Schedule(h.Schedule)
		zone := s.RulesAt(h.At).Zone
		fmt.Fprintf(w, "%s\t%s/%s\t%s → %s\t%s\n", p.show(h.At, zone), h.Schedule, h.Track, p.names(h.From), p.names(h.To), zone)
	}
	return w.Flush()
}

func (p *planner) handoffsOn(schedule, track string, count int) []handoff {
	var all []handoff
	var before []oncall.Duty
	first := true
	for shift := range p.eval.Shifts(schedule, track, p.now, p.now.Add(foresight)) {
		if !first && !samePeople(before, shift.Duties) {
			all = append(all, handoff{shift.Start, schedule, track, idsOf(before), idsOf(shift.Duties)})
		}
		if before, first = shift.Duties, false; len(all) == count {
			break
		}
	}
	return all
}

func idsOf(duties []oncall.Duty) []string {
	ids := make([]string, len(duties))
	for i, d := range duties {
		ids[i] = d.Person
	}
	return ids
}

func chainCommand() *cobra.Command {
	var at string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "chain [SCHEDULE]",
		Short: tr("list in which order a call tries people, and why", "показать, в каком порядке звонок обходит людей и почему"),
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withPlanner(cmd, func(p *planner) error {
				schedules, err := p.schedules(args)
				if err != nil {
					return err
				}
				chains := map[string][]oncall.Tier{}
				for i := range schedules {
					s := &schedules[i]
					t, err := p.instant("at", at, s.RulesNear(p.now).Zone, p.now)
					if err != nil {
						return err
					}
					chains[s.ID] = p.eval.Chain(s.ID, t)
					if !asJSON {
						if err := p.printChain(s, t, chains[s.ID]); err != nil {
							return err
						}
					}
				}
				if asJSON {
					return p.json(chains)
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&at, "at", "", tr("moment in the schedule's zone; default now", "момент по часам графика; по умолчанию сейчас"))
	jsonFlag(cmd, &asJSON)
	return cmd
}

func (p *planner) printChain(s *oncall.Schedule, t time.Time, tiers []oncall.Tier) error {
	zone := s.RulesAt(t).Zone
	fmt.Fprintf(p.out, "%s (%s), %s %s\n", orDash(s.Name), s.ID, p.show(t, zone), zoneAt(zone, t))
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	n := 0
	for _, tier := range tiers {
		manner := p.hoursOrSeconds(tier.RingTime)
		if tier.Parallel {
			manner += p.tr(", all at once", ", всех сразу")
		}
		for _, d := range tier.Duties {
			n++
			until := ""
			if !d.Until.IsZero() {
				until = p.tr("until ", "до ") + p.show(d.Until, zone)
			}
			fmt.Fprintf(w, "%d.\t%s\t%s\t%s\t%s\t%s\n", n, tier.Name, p.name(d.Person), manner, until, p.why(d.Provenance, zone, d.Until))
		}
		for _, num := range tier.Numbers {
			n++
			fmt.Fprintf(w, "%d.\t%s\t%s\t%s\t%s\t%s\n", n, tier.Name, num.Name, manner, num.Number, p.tr("number of last resort", "последний номер"))
		}
	}
	if n == 0 {
		fmt.Fprintln(w, p.tr("!! NOBODY: this schedule would leave a caller alone !!", "!! НИКОГО: с таким графиком звонящий останется один !!"))
	}
	return w.Flush()
}

// hoursOrSeconds writes a ring time.
func (p *planner) hoursOrSeconds(d time.Duration) string {
	return fmt.Sprintf("%.0f %s", d.Seconds(), p.tr("s", "с"))
}
