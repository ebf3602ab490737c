package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
)

// place are the flags that say where and when a correction holds.
type place struct {
	schedule, track, from, to string
}

func (f *place) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.schedule, "schedule", "", tr("the schedule; not needed when there is only one", "график; не нужен, если он один"))
	cmd.Flags().StringVar(&f.track, "track", "", tr("the track; default the first", "линия; по умолчанию первая"))
	f.span(cmd)
}

func (f *place) span(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.from, "from", "", tr("from when, by the schedule's clock", "с какого времени, по часам графика"))
	cmd.Flags().StringVar(&f.to, "to", "", tr("until when", "до какого времени"))
	_ = cmd.MarkFlagRequired("from") // the flags exist, they were made above
	_ = cmd.MarkFlagRequired("to")
}

// where finds schedule and track, when the points.
func (f *place) where(p *planner) (s oncall.Schedule, track string, from, to oncall.Point, err error) {
	if s, err = p.schedule(f.schedule); err != nil {
		return s, track, from, to, err
	}
	zone := s.RulesNear(p.now).Zone
	from, err1 := p.point(f.from, zone)
	to, err2 := p.point(f.to, zone)
	if err = errors.Join(wrap("--from", err1), wrap("--to", err2)); err != nil {
		return s, track, from, to, err
	}
	track, err = p.track(&s, f.track, from.In(zone))
	return s, track, from, to, err
}

func wrap(flag string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", flag, err)
}

func overrideCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "override",
		Short: tr("put somebody on duty, take somebody off, or one in the place of another", "поставить на дежурство, снять или заменить одного другим"),
		Long: tr(`An override corrects what the layers say for a span. Later ones are applied to the result of earlier ones.

A replacement works wherever the replaced one would be on duty within the span, and nowhere else: taking two weeks of
somebody's turns needs no list of hours.`,
			`Замена поправляет то, что говорят слои, на отрезке времени. Поздние применяются к результату ранних.

Замена одного другим действует там, где заменяемый дежурил бы в этом отрезке, и больше нигде: чтобы взять чьи-то смены за две
недели, перечислять часы не нужно.`),
	}
	cmd.AddCommand(
		overrideVerb("add PERSON", tr("put a person on duty besides the others", "поставить человека на дежурство вместе с другими"), 1, func(ids []string) oncall.Change { return oncall.Change{Add: ids[0]} }),
		overrideVerb("drop PERSON", tr("take a person off duty", "снять человека с дежурства"), 1, func(ids []string) oncall.Change { return oncall.Change{Remove: ids[0]} }),
		overrideVerb("replace PERSON BY", tr("put BY in the place of PERSON", "поставить второго вместо первого"), 2, func(ids []string) oncall.Change { return oncall.Change{Remove: ids[0], Add: ids[1]} }),
		overrideList(),
		cancelCommand(edit.Override, tr("take an override back; one in progress ends now", "отменить замену; идущая кончится сейчас")),
	)
	return cmd
}

func overrideVerb(use, short string, people int, change func([]string) oncall.Change) *cobra.Command {
	var f place
	var c consent
	cmd := &cobra.Command{
		Use:   use,
		Short: short,
		Args:  cobra.ExactArgs(people),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withPlanner(cmd, func(p *planner) error {
				ids := make([]string, len(args))
				for i, text := range args {
					var err error
					if ids[i], err = p.person(text); err != nil {
						return err
					}
				}
				s, track, from, to, err := f.where(p)
				if err != nil {
					return err
				}
				one := change(ids)
				one.From, one.To = from, to
				return p.commit(edit.Edit{Override: &oncall.Override{Schedule: s.ID, Track: track, Changes: []oncall.Change{one}, Reason: c.reason}}, c, nil)
			})
		},
	}
	f.flags(cmd)
	c.flags(cmd)
	return cmd
}

// cancelCommand removes one thing by its ID.
func cancelCommand(kind edit.Kind, short string) *cobra.Command {
	var c consent
	cmd := &cobra.Command{
		Use:   "cancel ID",
		Short: short,
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withPlanner(cmd, func(p *planner) error {
				id, err := p.match(kind, args[0])
				if err != nil {
					return err
				}
				return p.commit(edit.Edit{Remove: &edit.Key{Kind: kind, ID: id}}, c, nil)
			})
		},
	}
	c.flags(cmd)
	return cmd
}

// match finds a correction or a request by its ID, or by a part of it that no other has.
func (p *planner) match(kind edit.Kind, text string) (string, error) {
	var found []string
	for name := range p.view.Revisions {
		id, ok := strings.CutPrefix(name, string(kind)+" ")
		if ok && id == text {
			return id, nil
		}
		if ok && strings.Contains(id, text) {
			found = append(found, id)
		}
	}
	if len(found) == 1 {
		return found[0], nil
	}
	slices.Sort(found)
	if len(found) > 1 {
		return "", fmt.Errorf(p.tr("%q may be %s; write more of it", "%q — это может быть %s; напишите больше знаков"), text, strings.Join(found, ", "))
	}
	return text, nil // the edit itself refuses, and says what to do
}

func overrideList() *cobra.Command {
	var all, asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: tr("list overrides, swaps and takeovers", "показать замены, обмены и взятия линии"),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withPlanner(cmd, func(p *planner) error {
				var list []oncall.Override
				for _, o := range p.view.Roster.Overrides {
					if all || p.lasting(o) {
						list = append(list, o)
					}
				}
				if asJSON {
					return p.json(list)
				}
				if len(list) == 0 {
					p.say("no overrides; --all shows those of the past too", "замен нет; --all покажет и прошлые")
					return nil
				}
				w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
				p.say("times of %s, if no other zone is named", "время %s, если не назван другой пояс", zoneOver(p.zoneOfPlanner(), p.now))
				fmt.Fprintln(w, p.tr("ID\tSCHEDULE\tKIND\tWHEN\tWHAT\tBY\tREASON", "ID\tГРАФИК\tВИД\tКОГДА\tЧТО\tАВТОР\tПОЧЕМУ"))
				for _, o := range list {
					s, _ := p.view.Roster.Schedule(o.Schedule)
					zone := s.RulesNear(p.now).Zone
					for _, ch := range o.Changes {
						fmt.Fprintf(w, "%s\t%s/%s\t%s\t%s\t%s\t%s\t%s\n", o.ID, o.Schedule, o.Track, p.kind(o.Kind),
							p.span(ch.From.In(zone), ch.To.In(zone), zone)+p.elsewhere(zone), p.change(ch), p.name(o.By), printable(o.Reason))
					}
				}
				return w.Flush()
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, tr("those of the past too", "и прошлые"))
	jsonFlag(cmd, &asJSON)
	return cmd
}

// lasting reports whether an override still has something to do.
func (p *planner) lasting(o oncall.Override) bool {
	s, _ := p.view.Roster.Schedule(o.Schedule)
	for _, c := range o.Changes {
		if c.To.In(s.RulesNear(p.now).Zone).After(p.now) {
			return true
		}
	}
	return false
}

func (p *planner) kind(k oncall.OverrideKind) string {
	switch k {
	case oncall.Cover:
		return p.tr("cover", "подмена")
	case oncall.Swap:
		return p.tr("swap", "обмен")
	case oncall.Takeover:
		return p.tr("takeover", "взял линию")
	case oncall.Planned:
	}
	return p.tr("override", "замена")
}

// change tells a change without words to inflect.
func (p *planner) change(c oncall.Change) string {
	switch {
	case c.Remove == "":
		return "+ " + p.name(c.Add)
	case c.Add == "":
		return "− " + p.name(c.Remove)
	}
	return p.name(c.Remove) + " → " + p.name(c.Add)
}

func takeCommand() *cobra.Command {
	var c consent
	var length time.Duration
	var track, person string
	var beside bool
	cmd := &cobra.Command{
		Use:   "take [SCHEDULE]",
		Short: tr("take the line now, for a while", "взять линию сейчас, на время"),
		Long: tr("You are on duty from now on for as long as you say, in the place of those on duty; it beats every other correction.\n`vahta oncall override cancel ID` gives the line back early.",
			"Вы дежурите с этой минуты столько, сколько скажете, вместо тех, кто на линии; это сильнее любой другой правки.\n`vahta oncall override cancel ID` отдаёт линию раньше."),
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withPlanner(cmd, func(p *planner) error {
				s, err := p.schedule(first(args))
				if err != nil {
					return err
				}
				if person == "" {
					person = p.author(c.by).Person
				}
				id, err := p.person(person)
				if err != nil {
					return fmt.Errorf(p.tr("say who takes the line, with --person: %w", "скажите, кто берёт линию: --person: %w"), err)
				}
				return p.commit(edit.Edit{Take: &edit.Take{Schedule: s.ID, Track: track, Person: id, For: length, Beside: beside}}, c, nil)
			})
		},
	}
	cmd.Flags().DurationVar(&length, "for", edit.DefaultTakeover, tr("for how long, at most 12h", "на сколько, не больше 12h"))
	cmd.Flags().StringVar(&track, "track", "", tr("the track; default the first", "линия; по умолчанию первая"))
	cmd.Flags().StringVar(&person, "person", "", tr("who takes it; default --by", "кто берёт; по умолчанию --by"))
	cmd.Flags().BoolVar(&beside, "beside", false, tr("besides those on duty, not instead of them", "вместе с дежурными, а не вместо них"))
	c.flags(cmd)
	return cmd
}
