package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/cmd/internal/app"
	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/journal"
	"github.com/butlerspb/vahta/dispatch/library"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall"
)

// company shows instants in its zone and people by their names.
type company struct {
	zone   *time.Location
	roster oncall.Roster
	lang   string
}

// tr chooses a text by --lang.
func (c company) tr(en, ru string) string {
	if c.lang == "ru" {
		return ru
	}
	return en
}

func (c company) show(t time.Time) string { return t.In(c.zone).Format("2006-01-02 15:04:05 MST") }

// name returns who has the id; somebody who is no longer in the file stays an id.
func (c company) name(id string) string {
	if p, ok := c.roster.Person(id); ok {
		return p.Name
	}
	return orDash(id)
}

// loadCompany reads the configuration of a command that shows people and instants.
func loadCompany(cmd *cobra.Command) (*config.Loaded, company, error) {
	language, err := lang(cmd)
	if err != nil {
		return nil, company{}, err
	}
	l, err := load(cmd)
	if err != nil {
		return nil, company{}, err
	}
	zone, err := time.LoadLocation(l.Config.Dispatch.Zone)
	if err != nil {
		return nil, company{}, fmt.Errorf("dispatch.zone: %w", err)
	}
	return l, company{zone, rosterOf(cmd.Context(), l), language}, nil
}

// rosterOf returns who there is by the rota in force; the file knows only who was there when it began.
func rosterOf(ctx context.Context, l *config.Loaded) oncall.Roster {
	r, done, err := app.OpenRota(ctx, l.Config, clock)
	if err != nil {
		return l.Config.Roster
	}
	defer func() { _ = done() }() // only looked at
	v, err := r.View(ctx)
	if err != nil {
		return l.Config.Roster
	}
	return v.Roster
}

// withDesk runs f on the desk of the configured data folder.
func withDesk(cmd *cobra.Command, f func(context.Context, desk.Desk, company) error) error {
	l, here, err := loadCompany(cmd)
	if err != nil {
		return err
	}
	source := l.Config.Source()
	source.Roster = here.roster
	d, done, err := desk.Open(cmd.Context(), l.Config.Data, l.Config.Database(), app.ToClients(l.Config), source)
	if err != nil {
		return err
	}
	if _, served := d.(*desk.Remote); !served {
		warnOfJournal(cmd, here, filepath.Join(l.Config.Data, "journal"))
	}
	return finish(f(cmd.Context(), d, here), done)
}

// warnOfJournal tells, when no server runs, of calls that the database has not got yet.
func warnOfJournal(cmd *cobra.Command, here company, path string) {
	switch n, err := journal.Waiting(path); {
	case err != nil:
		fmt.Fprintf(cmd.ErrOrStderr(), say(here.lang, "warning: %v\n", "внимание: %v\n"), err)
	case n > 0:
		fmt.Fprintf(cmd.ErrOrStderr(), say(here.lang, "warning: no server runs, and %d change(s) of tickets and calls wait in %s: what you see lacks them until `vahta serve` runs\n",
			"внимание: сервер не запущен, а изменений заявок и звонков, которые ждут в %[2]s: %[1]d; пока не заработает `vahta serve`, их здесь не видно\n"), n, path)
	}
}

func ticketCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "ticket", Short: tr("work on tickets, from the first signal to the report", "вести заявки — от первого сигнала до отчёта")}
	cmd.AddCommand(ticketNew(), ticketTriage(), ticketChecklist(), ticketRunbook(), ticketContact(), ticketPlan(), ticketTell(), ticketUpdate(),
		ticketStage(), ticketStabilise(), ticketConfirm(), ticketPause(), ticketResume(), ticketReopen(), ticketCancel(),
		ticketMerge(), ticketUnmerge(), ticketSplit(), ticketLink(), ticketAssign(), ticketHandover(), ticketJoin(),
		ticketSession(), ticketReveal(), ticketTime(), ticketTask(), ticketRCA(), ticketExplain(), ticketClocks(), ticketTimeline(), ticketFile())
	cmd.AddCommand(ticketList(), ticketShow(), ticketPage(), ticketAck(), ticketNote(), ticketClose())
	return cmd
}

func ticketList() *cobra.Command {
	var all, asJSON bool
	f := dispatch.TicketFilter{}
	cmd := &cobra.Command{
		Use:   "list",
		Short: tr("list open tickets, newest first", "показать открытые заявки, новые сверху"),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withDesk(cmd, func(ctx context.Context, d desk.Desk, c company) error {
				f.OpenOnly = !all
				ts, err := d.Tickets(ctx, f)
				switch {
				case err != nil:
					return err
				case asJSON:
					return writeJSON(cmd.OutOrStdout(), ts)
				}
				return c.printTickets(cmd.OutOrStdout(), ts)
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, tr("closed tickets too", "и закрытые"))
	cmd.Flags().StringVar(&f.Org, "client", "", tr("only of this client", "только этого клиента"))
	cmd.Flags().IntVar(&f.Limit, "limit", 100, tr("most tickets to list", "не больше скольких"))
	jsonFlag(cmd, &asJSON)
	return cmd
}

func (c company) printTickets(out io.Writer, ts []ticket.Ticket) error {
	if len(ts) == 0 {
		_, err := fmt.Fprintln(out, c.tr("no tickets; --all shows closed ones too", "заявок нет; --all покажет и закрытые"))
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, c.tr("NUMBER\tOPENED\tPRIORITY\tSTAGE\tCLIENT\tTAKEN BY\tFIRST CONTACT", "НОМЕР\tОТКРЫТА\tПРИОРИТЕТ\tЭТАП\tКЛИЕНТ\tВЗЯЛ\tПЕРВЫЙ КОНТАКТ"))
	for _, t := range ts {
		contact := "–"
		if !t.ContactAt.IsZero() {
			contact = fmt.Sprintf("%.0f %s", math.Ceil(t.ContactAt.Sub(t.OpenedAt).Seconds()), c.tr("s", "с")) // never rounded into a promise
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", t.Number, c.show(t.OpenedAt),
			dispatch.InWords("priority", t.Priority.String(), c.lang), c.stage(t), orDash(printable(t.Client.OrgName)), c.name(t.Acknowledged.By), contact)
	}
	return w.Flush()
}

// stage is where a ticket stands, with what cannot wait.
func (c company) stage(t ticket.Ticket) string {
	word := dispatch.InWords("stage", t.Stage.String(), c.lang)
	if t.OwesCall() {
		return word + c.tr(", CALL BACK", ", ПЕРЕЗВОНИТЬ")
	}
	return word
}

// callBack heads a ticket whose client was cut off and has not been talked to since.
var callBack = map[string]string{ //nolint:gochecknoglobals // words
	"en": "CALL BACK %s: the call was cut, and nobody has talked to the client since.\n\n",
	"ru": "ПЕРЕЗВОНИТЬ %s: разговор оборвался, и с клиентом с тех пор никто не говорил.\n\n",
}

func ticketShow() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show NUMBER",
		Short: tr("show a ticket with its timeline and calls", "показать заявку с хронологией и звонками"),
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withDesk(cmd, func(ctx context.Context, d desk.Desk, c company) error {
				v, err := d.Ticket(ctx, args[0], c.lang)
				switch {
				case err != nil:
					return err
				case asJSON:
					return writeJSON(cmd.OutOrStdout(), ticketJSON{v, c.alike(ctx, cmd, v.Ticket.ID)})
				}
				w := cmd.OutOrStdout()
				if v.Ticket.OwesCall() {
					fmt.Fprintf(w, callBack[c.lang], v.Ticket.CallBack.Number)
				}
				fmt.Fprint(w, v.Timeline)
				for _, call := range v.Calls {
					if call.Detail.Recording.Path != "" {
						fmt.Fprintf(w, "\n%s  %s\n", call.ID, call.Detail.Recording.Path)
					}
				}
				c.showAlike(ctx, cmd, v.Ticket.ID)
				return nil
			})
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

// How much is shown beside a ticket, and how long it may take: the ticket is shown without it, too.
const (
	alikeMost = 3 // of each kind
	alikeTime = 2 * time.Second
)

// ticketJSON is a ticket as programs read it.
type ticketJSON struct {
	desk.View

	Similar library.Likeness `json:"similar,omitzero"`
}

// alike finds what is like a ticket, in time.
func (c company) alike(ctx context.Context, cmd *cobra.Command, id string) (like library.Likeness) {
	err := withLibrarian(cmd, func(r *librarian) (err error) { //nolint:contextcheck // the command carries it
		bound, cancel := context.WithTimeout(ctx, alikeTime)
		defer cancel()
		like, err = r.library.SimilarTo(bound, id, alikeMost)
		return err
	})
	if err != nil {
		fmt.Fprintf(cmd.ErrOrStderr(), c.tr("note: what is like this ticket was not found: %v\n", "замечание: похожее на эту заявку не найдено: %v\n"), spoken(err, c.lang))
	}
	return like
}

// showAlike shows what is like a ticket, and articles for it, when there are any.
func (c company) showAlike(ctx context.Context, cmd *cobra.Command, id string) {
	like := c.alike(ctx, cmd, id)
	if len(like.Articles)+len(like.Tickets) == 0 {
		return
	}
	out := cmd.OutOrStdout()
	fmt.Fprintln(out, c.tr("\nThis may help:", "\nМожет помочь:"))
	r := &librarian{planner: planner{cmd: cmd, out: out, lang: c.lang}, zone: oncall.ZoneOf(c.zone)}
	r.showHits(append(like.Articles, like.Tickets...))
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}
