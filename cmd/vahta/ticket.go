package main

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/cmd/internal/app"
	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/journal"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall"
)

// company shows instants in its zone and people by their names.
type company struct {
	zone   *time.Location
	roster oncall.Roster
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
	l, err := load(cmd)
	if err != nil {
		return nil, company{}, err
	}
	zone, err := time.LoadLocation(l.Config.Dispatch.Zone)
	if err != nil {
		return nil, company{}, fmt.Errorf("dispatch.zone: %w", err)
	}
	return l, company{zone, rosterOf(cmd.Context(), l)}, nil
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
		warnOfJournal(cmd, filepath.Join(l.Config.Data, "journal"))
	}
	return finish(f(cmd.Context(), d, here), done)
}

// warnOfJournal tells, when no server runs, of calls that the database has not got yet.
func warnOfJournal(cmd *cobra.Command, path string) {
	switch n, err := journal.Waiting(path); {
	case err != nil:
		fmt.Fprintf(cmd.ErrOrStderr(), "warning: %v\n", err)
	case n > 0:
		fmt.Fprintf(cmd.ErrOrStderr(), "warning: no server runs, and %d change(s) of tickets and calls wait in %s: what you see lacks them until `vahta serve` runs\n", n, path)
	}
}

func ticketCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "ticket", Short: tr("work on tickets, from the first signal to the report", "вести заявки — от первого сигнала до отчёта")}
	cmd.AddCommand(ticketNew(), ticketTriage(), ticketChecklist(), ticketRunbook(), ticketContact(), ticketPlan(), ticketTell(), ticketUpdate(),
		ticketStage(), ticketStabilise(), ticketConfirm(), ticketPause(), ticketResume(), ticketReopen(), ticketCancel(),
		ticketMerge(), ticketUnmerge(), ticketSplit(), ticketLink(), ticketAssign(), ticketHandover(), ticketJoin(),
		ticketSession(), ticketReveal(), ticketTime(), ticketTask(), ticketRCA(), ticketExplain(), ticketClocks(), ticketTimeline())
	cmd.AddCommand(ticketList(), ticketShow(), ticketPage(),
		decide("ack NUMBER", "take the ticket: paging stops", desk.Acknowledge, 1),
		decide("note NUMBER TEXT…", "add a note to the ticket's timeline", desk.Note, 2),
		decide("close NUMBER [REASON…]", "close the ticket", desk.Close, 1))
	return cmd
}

func ticketList() *cobra.Command {
	var all bool
	var limit int
	cmd := &cobra.Command{
		Use:   "list",
		Short: "list open tickets, newest first",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withDesk(cmd, func(ctx context.Context, d desk.Desk, c company) error {
				ts, err := d.Tickets(ctx, dispatch.TicketFilter{OpenOnly: !all, Limit: limit})
				if err != nil {
					return err
				}
				if len(ts) == 0 {
					_, err = fmt.Fprintln(cmd.OutOrStdout(), "no tickets; --all shows closed ones too")
					return err
				}
				w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, "NUMBER\tOPENED\tPRIORITY\tSTAGE\tCLIENT\tTAKEN BY\tFIRST CONTACT")
				for _, t := range ts {
					contact := "–"
					if !t.ContactAt.IsZero() {
						contact = fmt.Sprintf("%.0f s", math.Ceil(t.ContactAt.Sub(t.OpenedAt).Seconds())) // never rounded into a promise
					}
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", t.Number, c.show(t.OpenedAt),
						t.Priority, stage(t), orDash(t.Client.OrgName), c.name(t.Acknowledged.By), contact)
				}
				return w.Flush()
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "closed tickets too")
	cmd.Flags().IntVar(&limit, "limit", 100, "most tickets to list")
	return cmd
}

// stage is where a ticket stands, with what cannot wait.
func stage(t ticket.Ticket) string {
	if t.OwesCall() {
		return t.Stage.String() + ", CALL BACK"
	}
	return t.Stage.String()
}

// callBack heads a ticket whose client was cut off and has not been talked to since.
var callBack = map[string]string{ //nolint:gochecknoglobals // words
	"en": "CALL BACK %s: the call was cut, and nobody has talked to the client since.\n\n",
	"ru": "ПЕРЕЗВОНИТЬ %s: разговор оборвался, и с клиентом с тех пор никто не говорил.\n\n",
}

func ticketShow() *cobra.Command {
	return &cobra.Command{
		Use:   "show NUMBER",
		Short: "show a ticket with its timeline and calls",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			language, err := lang(cmd)
			if err != nil {
				return err
			}
			return withDesk(cmd, func(ctx context.Context, d desk.Desk, _ company) error {
				v, err := d.Ticket(ctx, args[0], language)
				if err != nil {
					return err
				}
				w := cmd.OutOrStdout()
				if v.Ticket.OwesCall() {
					fmt.Fprintf(w, callBack[language], v.Ticket.CallBack.Number)
				}
				fmt.Fprint(w, v.Timeline)
				for _, c := range v.Calls {
					if c.Detail.Recording.Path != "" {
						fmt.Fprintf(w, "\n%s  %s\n", c.ID, c.Detail.Recording.Path)
					}
				}
				return nil
			})
		},
	}
}

func decide(use, short string, action desk.Action, least int) *cobra.Command {
	var by string
	cmd := &cobra.Command{
		Use:   use,
		Short: short,
		Args:  cobra.MinimumNArgs(least),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withDesk(cmd, func(ctx context.Context, d desk.Desk, _ company) error {
				return d.Decide(ctx, args[0], desk.Decision{Action: action, By: by, Text: strings.Join(args[1:], " ")})
			})
		},
	}
	cmd.Flags().StringVar(&by, "by", "", "who decides: the id of a person")
	_ = cmd.MarkFlagRequired("by") // the flag exists, it was made a line above
	return cmd
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}
