package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/cmd/internal/app"
	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/clientele"
	"github.com/butlerspb/vahta/oncall"
)

// cardIndex is what the commands about clients work with.
type cardIndex struct {
	planner // words and times; its rota is not there

	clients desk.Clients
	cards   clientele.View
	zone    oncall.Zone
}

// withCards runs f on the cards of the running server, or of the record.
func withCards(cmd *cobra.Command, f func(*cardIndex) error) error {
	language, err := lang(cmd)
	if err != nil {
		return err
	}
	l, here, err := loadCompany(cmd)
	if err != nil {
		return err
	}
	clients, done, err := app.OpenClients(cmd.Context(), l.Config, clock)
	if err != nil {
		return err
	}
	c := &cardIndex{
		planner: planner{cmd: cmd, out: cmd.OutOrStdout(), lang: language, now: clock().UTC().Truncate(time.Second)},
		clients: clients, zone: oncall.ZoneOf(here.zone),
	}
	c.view.Roster = here.roster
	if c.cards, err = clients.View(cmd.Context()); err == nil {
		err = f(c)
	}
	if err != nil {
		_ = done() // the first fault is the one to show
		return c.explain(err)
	}
	return done()
}

// explain puts what an edit is refused for into words.
func (c *cardIndex) explain(err error) error {
	if clash, ok := errors.AsType[*dispatch.RotaConflict](err); ok {
		return fmt.Errorf(c.tr("somebody has edited the card meanwhile; look at it and edit again (%w)", "карточку тем временем изменили; посмотрите её и повторите (%w)"), clash)
	}
	if errors.Is(err, dispatch.ErrAway) {
		return fmt.Errorf(c.tr("the record can not be reached now, so nothing can be edited; calls are matched as before (%w)",
			"запись сейчас недоступна, поэтому править нельзя; звонки узнаются как прежде (%w)"), err)
	}
	return err
}

func clientCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "client",
		Short: tr("clients: people, numbers, addresses, contracts", "клиенты: люди, номера, адреса, договоры"),
		Long: tr(`Whom a call or a message belongs to, and what was promised. Cards are records: an edit is in force on all nodes at once,
is kept in the log of edits, and changes nothing of tickets that are open already.

A whole card is edited as a file: vahta client show ID --json > card.json, then vahta client import card.json.`,
			`Чей это звонок или письмо и что обещано. Карточки хранятся в записи: правка сразу действует на всех узлах, остаётся в
журнале правок и не меняет уже открытых тикетов.

Карточку целиком правят файлом: vahta client show ID --json > card.json, затем vahta client import card.json.`),
		Example: `  vahta client add romashka --name "ООО «Ромашка»" --number "+7 812 555-00-00" --domain romashka.example
  vahta client contact romashka petrov --name "Пётр Петров" --number "+7 921 555-01-23" --address telegram:123456789 --duty
  vahta client find "8 921 555 01 23"
  vahta client import clients.csv
  vahta client merge romashka-2 romashka`,
	}
	cmd.AddCommand(clientList(), clientShow(), clientFind(), clientAdd(), clientSet(), clientContact(), clientForget(), clientRemove(), clientMerge(),
		clientStrangers(), clientAdopt(), clientImport(), clientExport(), clientHistory(), clientTakeout(), clientErase())
	return cmd
}

// cards makes a command about cards.
func cards(use, en, ru string, args cobra.PositionalArgs, run func(*cardIndex, []string) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: tr(en, ru), Args: args,
		RunE: func(cmd *cobra.Command, args []string) error {
			return withCards(cmd, func(c *cardIndex) error { return run(c, args) })
		},
	}
}

// card returns a client by id; one that was merged is the other.
func (c *cardIndex) card(id string) (client.Organisation, error) {
	for range c.cards.Organisations {
		for _, o := range c.cards.Organisations {
			if o.ID != id {
				continue
			}
			if o.MergedInto == "" {
				return o.Clone(), nil
			}
			fmt.Fprintf(c.cmd.ErrOrStderr(), c.tr("note: %s was merged into %s\n", "замечание: %s объединён с %s\n"), id, o.MergedInto)
			id = o.MergedInto
			break
		}
	}
	return client.Organisation{}, fmt.Errorf(c.tr("there is no client %q; `vahta client list` shows who there is", "клиента %q нет; список: `vahta client list`"), id)
}

func clientList() *cobra.Command {
	var asJSON bool
	cmd := cards("list", "list clients", "показать клиентов", cobra.NoArgs, func(c *cardIndex, _ []string) error {
		if asJSON {
			v := c.cards
			v.Organisations = slices.Clone(v.Organisations)
			for i, o := range v.Organisations {
				v.Organisations[i] = o.Veil()
			}
			return c.json(v)
		}
		w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, c.tr("ID\tNAME\tPEOPLE\tASSETS\tCONTRACT\tNUMBERS", "ID\tНАЗВАНИЕ\tЛЮДИ\tАКТИВЫ\tДОГОВОР\tНОМЕРА"))
		n := 0
		for _, o := range c.cards.Organisations {
			if o.MergedInto != "" {
				continue
			}
			n++
			name := printable(o.Name)
			if o.VIP {
				name += " (VIP)"
			}
			fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%s\t%s\n", o.ID, name, len(o.Contacts), len(o.Assets), orDash(printable(o.Contract.ID)), orDash(join(o.Numbers)))
		}
		if n == 0 {
			c.say("no clients; `vahta client add ID --name NAME` adds one", "клиентов нет; добавить: `vahta client add ID --name НАЗВАНИЕ`")
			return nil
		}
		if err := w.Flush(); err != nil {
			return err
		}
		for _, t := range c.cards.Twins {
			c.say("%s and %s may be one: both have %s; `vahta client merge %s %s`", "%s и %s, возможно, одно: у обоих %s; `vahta client merge %s %s`",
				t.A, t.B, join(t.Why), t.B, t.A)
		}
		return nil
	})
	jsonFlag(cmd, &asJSON)
	return cmd
}

func clientShow() *cobra.Command {
	var asJSON bool
	cmd := cards("show ID", "show a card", "показать карточку", cobra.ExactArgs(1), func(c *cardIndex, args []string) error {
		o, err := c.card(args[0])
		if err != nil {
			return err
		}
		o = o.Veil()
		if asJSON {
			return c.json(o)
		}
		text, err := config.PrintYAML(o)
		if err != nil {
			return err
		}
		fmt.Fprint(c.out, text)
		return nil
	})
	jsonFlag(cmd, &asJSON)
	return cmd
}

func clientFind() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "find NUMBER|ADDRESS|NAME",
		Short: tr("tell whom a number or an address belongs to", "сказать, чей это номер или адрес"),
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := load(cmd)
			if err != nil {
				return err
			}
			return withCards(cmd, func(c *cardIndex) error {
				text := strings.Join(args, " ")
				book, _ := client.NewBook(c.cards.Organisations, l.Config.Dispatch.Numbering) // faults are told where cards are edited
				m := matchOf(book, text)
				if asJSON {
					return c.json(m)
				}
				if m.Level == client.Unknown {
					return fmt.Errorf(c.tr("nobody lists %q; `vahta client adopt` puts it on a card", "%q ни у кого нет; записать в карточку: `vahta client adopt`"), text)
				}
				fmt.Fprintf(c.out, "%s\t%s\t%s\n", m.Org, printable(m.OrgName), orDash(printable(m.ContactName)))
				for _, other := range m.Others {
					c.say("or %s", "или %s", printable(other))
				}
				return nil
			})
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

// matchOf reads a text as an address, a number or a name.
func matchOf(book *client.Book, text string) client.Match {
	var a client.Address
	if a.UnmarshalText([]byte(text)) == nil {
		return book.MatchAddress(a.Channel, a.Value)
	}
	if m := book.MatchAddress(client.ChannelCall, text); m.Level != client.Unknown {
		return m
	}
	slug := client.Slug(text)
	for _, o := range book.Organisations() {
		if slug != "" && o.MergedInto == "" && strings.Contains(client.Slug(o.Name), slug) {
			return client.Match{Level: client.Known, Org: o.ID, OrgName: o.Name}
		}
	}
	return client.Match{}
}

func clientStrangers() *cobra.Command {
	var asJSON bool
	cmd := cards("strangers", "list callers and writers who are on no card", "показать звонивших и писавших, кого нет в карточках", cobra.NoArgs, func(c *cardIndex, _ []string) error {
		list, err := c.clients.Strangers(c.cmd.Context())
		if err != nil {
			return err
		}
		if asJSON {
			return c.json(list)
		}
		if len(list) == 0 {
			c.say("nobody", "никого")
			return nil
		}
		w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, c.tr("CHANNEL\tADDRESS\tNAME\tLAST\tTICKETS", "КАНАЛ\tАДРЕС\tИМЯ\tПОСЛЕДНИЙ РАЗ\tТИКЕТЫ"))
		for _, s := range list {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", s.Channel, printable(s.Address), orDash(printable(s.Name)), c.show(s.Last.Truncate(time.Minute), c.zone), join(s.Tickets))
		}
		return w.Flush()
	})
	jsonFlag(cmd, &asJSON)
	return cmd
}

func clientHistory() *cobra.Command {
	var asJSON bool
	var limit int
	cmd := cards("history [ID]", "list the edits of cards", "показать правки карточек", cobra.MaximumNArgs(1), func(c *cardIndex, args []string) error {
		id := ""
		if len(args) > 0 {
			id = args[0]
		}
		list, err := c.clients.History(c.cmd.Context(), id, limit)
		if err != nil {
			return err
		}
		if asJSON {
			return c.json(list)
		}
		w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, c.tr("REVISION\tWHEN\tBY\tVIA\tWHAT\tREASON", "ПРАВКА\tКОГДА\tАВТОР\tКАК\tЧТО\tПОЧЕМУ"))
		for _, e := range list {
			fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\n", e.Revision, c.show(e.At.Truncate(time.Minute), c.zone), printable(e.By.Person), e.By.Channel, c.what(e), orDash(printable(e.Reason)))
		}
		return w.Flush()
	})
	cmd.Flags().IntVar(&limit, "limit", 20, tr("how many at most", "не больше скольких"))
	jsonFlag(cmd, &asJSON)
	return cmd
}
