package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/cmd/internal/app"
	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/casework"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/dispatch/triage"
	"github.com/butlerspb/vahta/oncall"
)

// clerk is what the commands about the work on tickets work with.
type clerk struct {
	planner // words, people, times; its rota is not there

	cases desk.Cases
	book  *triage.Catalogue
	zone  oncall.Zone
	by    string // --by
}

// withClerk runs f on the tickets of the running server, or on the record.
func withClerk(cmd *cobra.Command, f func(*clerk) error) error {
	language, err := lang(cmd)
	if err != nil {
		return err
	}
	l, here, err := loadCompany(cmd)
	if err != nil {
		return err
	}
	book, err := app.Catalogue(l.Config)
	if book == nil {
		return err
	}
	if err != nil {
		fmt.Fprintf(cmd.ErrOrStderr(), tr("warning: %v\n", "внимание: %v\n"), err)
	}
	cases, done, err := desk.OpenCases(cmd.Context(), l.Config.Data, l.Config.Database(), app.CasesOnRecord(l.Config))
	if err != nil {
		return err
	}
	c := &clerk{
		planner: planner{cmd: cmd, out: cmd.OutOrStdout(), lang: language, now: clock().UTC().Truncate(time.Second)},
		cases:   cases, book: book, zone: oncall.ZoneOf(here.zone),
	}
	c.view.Roster = here.roster
	c.by, _ = cmd.Flags().GetString("by") // a command that changes nothing has none
	return finish(f(c), done)
}

// work makes a command about the work on a ticket.
func work(use, en, ru string, args cobra.PositionalArgs, run func(*clerk, []string) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: tr(en, ru), Args: args,
		RunE: func(cmd *cobra.Command, args []string) error {
			return withClerk(cmd, func(c *clerk) error { return run(c, args) })
		},
	}
}

// deed makes a command that changes a ticket: it is somebody's act.
func deed(use, en, ru string, args cobra.PositionalArgs, run func(*clerk, []string) error) *cobra.Command {
	cmd := work(use, en, ru, args, run)
	cmd.Flags().String("by", "", tr("who does it; default: you", "кто это делает; по умолчанию вы"))
	return cmd
}

// carry gives an order about a ticket.
func (c *clerk) carry(number string, o casework.Order) (casework.Done, error) {
	by, err := c.doer()
	if err != nil {
		return casework.Done{}, err
	}
	o.Ticket, o.By = number, by
	return c.cases.Carry(c.cmd.Context(), o)
}

// do brings one decision to a ticket's log.
func (c *clerk) do(number string, b ticket.Body) (casework.Done, error) {
	doing, err := casework.NewDoing(b)
	if err != nil {
		return casework.Done{}, err
	}
	return c.carry(number, casework.Order{Do: doing})
}

// done says what was done, when it was.
func (c *clerk) done(d casework.Done, err error, en, ru string, args ...any) error {
	if err != nil {
		return err
	}
	c.say("%s: "+en, "%s: "+ru, append([]any{d.Ticket.Number}, args...)...)
	c.sayTold(d.Told)
	for _, child := range d.Children {
		c.say("  passed on to %s", "  передано в %s", child.Number)
	}
	return nil
}

// sayTold says which messages go out.
func (c *clerk) sayTold(list []dispatch.Told) {
	for _, t := range list {
		who := printable(t.To.Address)
		if t.To.Name != "" {
			who = printable(t.To.Name) + " <" + who + ">"
		}
		c.say("  goes to %s by %s", "  уходит: %s, канал %s", orDash(strings.TrimSpace(who)), t.To.Channel)
	}
}

// moment shows an instant by the company's clock.
func (c *clerk) moment(t time.Time) string { return c.show(t, c.zone) }

// ahead reads a time that is to come: 04:00 is the next one, 2h is from now.
func (c *clerk) ahead(flag, text string) (time.Time, error) { return c.near(flag, text, 1) }

// behind reads a time that has been: 23:50 is the last one, 2h is ago.
func (c *clerk) behind(flag, text string) (time.Time, error) { return c.near(flag, text, -1) }

func (c *clerk) near(flag, text string, direction int) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if d, err := parseSpan(text); err == nil {
		return c.now.Add(time.Duration(direction) * d), nil
	}
	t, err := c.instant(flag, text, c.zone, time.Time{})
	if err != nil {
		return t, err
	}
	clockOnly := len(text) <= len("15:04:05") && strings.Contains(text, ":")
	if clockOnly && (direction > 0 && !t.After(c.now) || direction < 0 && t.After(c.now)) {
		t = c.zone.Resolve(oncall.CivilAt(t, c.zone).AddDays(direction), oncall.First)
	}
	return t, nil
}

// person finds somebody of ours; empty stays empty.
func (c *clerk) ours(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	return c.person(text)
}

// contacts reads addresses such as email:ivan@romashka.example; the channel is left out where the address shows it.
func contacts(list []string) ([]ticket.Contact, error) {
	var out []ticket.Contact
	for _, text := range list {
		channel, address, ok := strings.Cut(text, ":")
		switch {
		case ok && channel != "" && address != "":
		case strings.Contains(text, "@"):
			channel, address = "email", text
		case strings.HasPrefix(text, "+"):
			channel, address = "call", text
		default:
			return nil, fmt.Errorf(tr("%q: write email:ivan@example.com, sms:+79215550123, telegram:12345, or an address alone", "%q: напишите email:ivan@example.com, sms:+79215550123, telegram:12345 или один адрес"), text)
		}
		out = append(out, ticket.Contact{Channel: channel, Address: address})
	}
	return out, nil
}

// oneOf checks a word against those that are possible.
func (c *clerk) oneOf(what, word string, all ...string) error {
	if slices.Contains(all, word) {
		return nil
	}
	return fmt.Errorf(c.tr("%s %q: choose %s", "%s %q: выберите %s"), what, word, strings.Join(all, ", "))
}
