package main

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
)

func personCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "person",
		Short: tr("people: devices, roles, skills, certificates, how they are paged", "люди: телефоны, роли, навыки, сертификаты, как их вызывать"),
		Long: tr(`Everybody who can be on duty. Each change shows first what it does to the rotas, and is made after a yes.

A person who has ever been in a rota is disabled, not removed: the past needs the name.`,
			`Все, кто может дежурить. Каждая правка сначала показывает, что станет с графиками, и записывается после согласия.

Того, кто хоть раз был в графике, не удаляют, а отключают: имя нужно прошлому.`),
		Example: `  vahta person add anna --name "Анна Смирнова" --mobile "+7 921 000-00-01" --skill 1c --role engineer
  vahta person device add anna --account anna --ring 25s --first
  vahta person notify anna 0s:voice:softphone 2m:voice:mobile
  vahta person disable anna --reason "left"`,
	}
	cmd.AddCommand(personList(), personShow(), personAdd(), personSet(), personSwitch("disable ID", tr("take a person out of every duty and tier", "убрать человека со всех линий"), true),
		personSwitch("enable ID", tr("let a person be on duty again", "вернуть человека"), false), personRemove(), personDevice(), personCertificate(), personNotify(), personTest())
	return cmd
}

func personList() *cobra.Command {
	var skill, role string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: tr("list people, who is on duty now and when next", "показать людей, кто дежурит сейчас и когда снова"),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withPlanner(cmd, func(p *planner) error {
				var list []oncall.Person
				for _, person := range p.view.Roster.People {
					if (skill == "" || slices.Contains(person.Skills, strings.ToLower(skill))) && (role == "" || slices.Contains(person.Roles, oncall.Role(role))) {
						list = append(list, person)
					}
				}
				if asJSON {
					return p.json(list)
				}
				if len(list) == 0 {
					p.say("nobody; `vahta person add ID --name NAME` adds somebody", "никого; добавить: `vahta person add ID --name ИМЯ`")
					return nil
				}
				w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, p.tr("ID\tNAME\tDEVICES\tROLES\tSKILLS\tON DUTY", "ID\tИМЯ\tТЕЛЕФОНЫ\tРОЛИ\tНАВЫКИ\tДЕЖУРИТ"))
				for _, person := range list {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", person.ID, printable(person.Name), devices(person), orDash(join(person.Roles)), orDash(join(person.Skills)), p.turnOf(person))
				}
				return w.Flush()
			})
		},
	}
	cmd.Flags().StringVar(&skill, "skill", "", tr("only those with a skill", "только с навыком"))
	cmd.Flags().StringVar(&role, "role", "", tr("only those with a role", "только с ролью"))
	jsonFlag(cmd, &asJSON)
	return cmd
}

func join[T ~string](list []T) string {
	all := make([]string, len(list))
	for i, x := range list {
		all[i] = printable(string(x))
	}
	return strings.Join(all, ", ")
}

// devices counts a person's devices by kind, in order.
func devices(person oncall.Person) string {
	if len(person.Devices) == 0 {
		return "–"
	}
	all := make([]string, len(person.Devices))
	for i, d := range person.Devices {
		all[i] = string(d.Kind)
	}
	return strings.Join(all, ", ")
}

// turnOf tells the present or the next turn of a person.
func (p *planner) turnOf(person oncall.Person) string {
	if person.Disabled {
		return p.tr("disabled", "отключён(а)")
	}
	turn, ok := p.eval.Next(person.ID, p.now)
	if !ok {
		return "–"
	}
	s, _ := p.view.Roster.Schedule(turn.Schedule)
	zone := s.RulesAt(turn.Start).Zone
	if turn.Start.After(p.now) {
		return p.tr("from ", "с ") + p.show(turn.Start, zone) + ", " + turn.Schedule + "/" + turn.Track
	}
	return p.tr("NOW until ", "СЕЙЧАС, до ") + p.show(turn.End, zone) + ", " + turn.Schedule + "/" + turn.Track
}

func personShow() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: tr("show a person as written, and the next turns", "показать человека, как он записан, и ближайшие смены"),
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withPlanner(cmd, func(p *planner) error {
				person, err := p.personOf(args[0])
				if err != nil {
					return err
				}
				if asJSON {
					return p.json(person)
				}
				text, err := config.PrintYAML(person)
				if err != nil {
					return err
				}
				fmt.Fprint(p.out, text)
				for _, c := range person.Certificates {
					if !c.Expires.IsZero() && !oncall.CivilPoint(c.Expires).In(p.zoneOf(person.Zone)).After(p.now) {
						p.say("!! certificate %s has expired", "!! сертификат %s истёк", printable(c.Name))
					}
				}
				fmt.Fprintln(p.out)
				return p.turns(person.ID, 3, false) //nolint:mnd // the next few
			})
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

// personOf returns a person by ID or name.
func (p *planner) personOf(text string) (oncall.Person, error) {
	id, err := p.person(text)
	if err != nil {
		return oncall.Person{}, err
	}
	person, _ := p.view.Roster.Person(id)
	return person, nil
}

// traits are the flags that say what a person is.
type traits struct {
	name, language, zone  string
	spoken, roles, skills []string
	mobiles, softphones   []string
	accounts              []string
	shared                bool
}

func (t *traits) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&t.name, "name", "", tr("name, as tickets show it", "имя, как в заявках"))
	f.StringArrayVar(&t.spoken, "spoken", nil, tr("name as it is spoken: en=Anna Smirnova", "имя, как его произносить: en=Anna Smirnova"))
	f.StringSliceVar(&t.roles, "role", nil, tr("engineer, scheduler, lead, head, director; all of them, - for none", "engineer, scheduler, lead, head, director; сразу все, - чтобы снять"))
	f.StringSliceVar(&t.skills, "skill", nil, tr("what the person can be paged for; all of them, - for none", "по каким навыкам вызывать; сразу все, - чтобы снять"))
	f.StringVar(&t.language, "language", "", tr("language of notices: ru or en", "язык сообщений: ru или en"))
	f.StringVar(&t.zone, "zone", "", tr("where the person lives, such as Asia/Yekaterinburg", "где живёт, например Asia/Yekaterinburg"))
	f.BoolVar(&t.shared, "shared", false, tr("a ring group that takes several calls at once", "группа, которая берёт несколько звонков сразу"))
}

func (t *traits) deviceFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVar(&t.accounts, "account", nil, tr("a softphone that registers as this account", "софтфон, который регистрируется под этой учётной записью"))
	f.StringArrayVar(&t.softphones, "softphone", nil, tr("a softphone at a fixed address, sip:anna@192.0.2.10", "софтфон с постоянным адресом, sip:anna@192.0.2.10"))
	f.StringArrayVar(&t.mobiles, "mobile", nil, tr("a telephone number", "номер телефона"))
}

// apply changes what the flags name, and nothing else.
func (t *traits) apply(cmd *cobra.Command, person *oncall.Person) error {
	set := cmd.Flags().Changed
	if set("name") {
		person.Name = t.name
	}
	if set("shared") {
		person.Shared = t.shared
	}
	if set("language") {
		person.Language = t.language
	}
	if set("role") {
		person.Roles = nil
		for _, r := range given(t.roles) {
			person.Roles = append(person.Roles, oncall.Role(strings.ToLower(r)))
		}
	}
	if set("skill") {
		person.Skills = nil
		for _, s := range given(t.skills) {
			person.Skills = append(person.Skills, strings.ToLower(s))
		}
	}
	if set("zone") {
		person.Zone = oncall.Zone{}
		if t.zone != "" {
			zone, err := oncall.LoadZone(t.zone)
			if err != nil {
				return fmt.Errorf("--zone: %w", err)
			}
			person.Zone = zone
		}
	}
	for _, s := range t.spoken {
		language, name, ok := strings.Cut(s, "=")
		if !ok {
			return fmt.Errorf("--spoken %q: %s", s, tr("write en=Anna Smirnova", "напишите en=Anna Smirnova"))
		}
		names := map[string]string{language: name}
		for l, n := range person.Names {
			if l != language {
				names[l] = n
			}
		}
		person.Names = names
	}
	person.Devices = append(slices.Clip(person.Devices), t.devices()...)
	return nil
}

// given reads a list flag; "-" stands for none.
func given(list []string) []string {
	if len(list) == 1 && (list[0] == "-" || list[0] == "") {
		return nil
	}
	return list
}

func (t *traits) devices() []oncall.Device {
	var all []oncall.Device
	for _, a := range t.accounts {
		all = append(all, oncall.Device{Kind: oncall.Softphone, Account: a})
	}
	for _, u := range t.softphones {
		all = append(all, oncall.Device{Kind: oncall.Softphone, URI: u})
	}
	for _, m := range t.mobiles {
		all = append(all, oncall.Device{Kind: oncall.Mobile, Number: m})
	}
	return all
}

func personAdd() *cobra.Command {
	var t traits
	var c consent
	cmd := &cobra.Command{
		Use:   "add ID",
		Short: tr("add a person", "добавить человека"),
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withPlanner(cmd, func(p *planner) error {
				if _, ok := p.view.Roster.Person(args[0]); ok {
					return fmt.Errorf(p.tr("there is a person %q already; `vahta person set %s` changes it", "человек %q уже есть; изменить: `vahta person set %s`"), args[0], args[0])
				}
				person := oncall.Person{ID: args[0]}
				if err := t.apply(cmd, &person); err != nil {
					return err
				}
				return p.commit(edit.Edit{Person: &person}, c, nil)
			})
		},
	}
	t.flags(cmd)
	t.deviceFlags(cmd)
	c.flags(cmd)
	return cmd
}

// changePerson runs change on a person and commits the result.
func changePerson(cmd *cobra.Command, text string, c consent, change func(*planner, *oncall.Person) error) error {
	return withPlanner(cmd, func(p *planner) error {
		person, err := p.personOf(text)
		if err != nil {
			return err
		}
		if err := change(p, &person); err != nil {
			return err
		}
		return p.commit(edit.Edit{Person: &person}, c, nil)
	})
}

func personSet() *cobra.Command {
	var t traits
	var c consent
	cmd := &cobra.Command{
		Use:     "set ID",
		Short:   tr("change what the flags name, and nothing else", "изменить то, что названо флагами, и больше ничего"),
		Example: `  vahta person set anna --role engineer,lead --skill 1c,network --zone Asia/Yekaterinburg`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return changePerson(cmd, args[0], c, func(_ *planner, person *oncall.Person) error { return t.apply(cmd, person) })
		},
	}
	t.flags(cmd)
	c.flags(cmd)
	return cmd
}

func personSwitch(use, short string, disabled bool) *cobra.Command {
	var c consent
	cmd := &cobra.Command{
		Use:   use,
		Short: short,
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return changePerson(cmd, args[0], c, func(_ *planner, person *oncall.Person) error {
				person.Disabled = disabled
				return nil
			})
		},
	}
	c.flags(cmd)
	return cmd
}

func personRemove() *cobra.Command {
	var c consent
	cmd := &cobra.Command{
		Use:   "remove ID",
		Short: tr("remove a person who has never been in a rota", "удалить того, кто ни разу не был в графике"),
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withPlanner(cmd, func(p *planner) error {
				id, err := p.person(args[0])
				if err != nil {
					return err
				}
				return p.commit(edit.Edit{Remove: &edit.Key{Kind: edit.Person, ID: id}}, c, nil)
			})
		},
	}
	c.flags(cmd)
	return cmd
}

// ringTime sets the ring time of new devices.
func ringTime(devices []oncall.Device, ring time.Duration, trusted bool) []oncall.Device {
	for i := range devices {
		devices[i].RingTime, devices[i].Trusted = ring, trusted
	}
	return devices
}
