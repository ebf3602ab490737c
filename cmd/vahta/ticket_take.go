package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/casework"
	"github.com/butlerspb/vahta/dispatch/sla"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

func ticketAck() *cobra.Command {
	return deed("ack NUMBER", "take the ticket: paging stops", "взять заявку: обзвон прекращается", cobra.ExactArgs(1), func(c *clerk, args []string) error {
		before, err := c.cases.Look(c.cmd.Context(), args[0])
		if err != nil {
			return err
		}
		d, err := c.do(args[0], ticket.Acknowledged{How: string(dispatch.ChannelCLI)})
		if err != nil {
			return err
		}
		s, err := c.cases.Look(c.cmd.Context(), args[0])
		if err != nil {
			return err
		}
		holder := c.name(s.Ticket.Acknowledged.By)
		if before.Ticket.Acknowledged == s.Ticket.Acknowledged {
			c.say("%s: %s has it already", "%s: уже взята, за ней %s", d.Ticket.Number, holder)
		} else {
			c.say("%s: %s has it, paging stops", "%s: взята, обзвон прекращается; за ней %s", d.Ticket.Number, holder)
		}
		c.printNext(s.Clocks)
		return nil
	})
}

// sayNext says which promise of a ticket falls due first.
func (c *clerk) sayNext(number string) error {
	s, err := c.cases.Look(c.cmd.Context(), number)
	if err == nil {
		c.printNext(s.Clocks)
	}
	return err
}

func (c *clerk) printNext(clocks []sla.Clock) {
	if k, ok := nextDue(clocks); ok {
		c.say("  next: %s by %s, %s", "  дальше: %s до %s, %s", c.clockName(k), c.moment(k.Due.Truncate(time.Minute)), c.left(k))
	}
}

// nextDue is the promise that falls due first of those that run.
func nextDue(clocks []sla.Clock) (sla.Clock, bool) {
	run := slices.DeleteFunc(slices.Clone(clocks), func(k sla.Clock) bool { return !k.Runs() || k.Due.IsZero() || k.Paused })
	if len(run) == 0 {
		return sla.Clock{}, false
	}
	return slices.MinFunc(run, func(a, b sla.Clock) int { return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.Name, b.Name)) }), true
}

// left says how much time a promise that runs has left.
func (c *clerk) left(k sla.Clock) string {
	if k.Remaining() < 0 {
		return c.tr("late by ", "опоздание ") + c.hours(-k.Remaining())
	}
	return c.tr("left ", "осталось ") + c.hours(k.Remaining())
}

func ticketNote() *cobra.Command {
	return deed("note NUMBER TEXT…", "add a note to the ticket's timeline", "добавить заметку в хронологию", cobra.MinimumNArgs(2), func(c *clerk, args []string) error { //nolint:mnd // NUMBER TEXT
		d, err := c.do(args[0], ticket.Noted{Text: strings.Join(args[1:], " ")})
		return c.done(d, err, "the note is on record", "заметка записана")
	})
}

func ticketClose() *cobra.Command {
	var why string
	cmd := deed("close NUMBER [REASON…]", "close the ticket; a critical one needs its root cause and a report that was sent", "закрыть заявку; критической нужны первопричина и отправленный отчёт",
		cobra.MinimumNArgs(1), func(c *clerk, args []string) error {
			d, err := c.do(args[0], ticket.Moved{To: ticket.Closed, Reason: strings.Join(args[1:], " "), Unreported: why})
			return c.done(d, err, "closed", "закрыта")
		})
	cmd.Flags().StringVar(&why, "without-report", "", tr("why a critical ticket is closed without a root cause or a report; stays on record", "почему критическую заявку закрывают без первопричины или отчёта; остаётся в журнале"))
	return cmd
}

// namedMost is how many people a hint names.
const namedMost = 8

// doer is who does what a command asks for: --by, or whoever is logged in. The error says how to tell.
func (c *clerk) doer() (casework.Author, error) {
	by := casework.Author{Person: c.author(c.by).Person, Channel: dispatch.ChannelCLI, From: "user " + whoRuns(), Language: c.lang}
	p, ok := c.view.Roster.Person(by.Person)
	if ok && !p.Disabled {
		return by, nil
	}
	var people []string
	for _, p := range c.view.Roster.People {
		if !p.Disabled {
			people = append(people, fmt.Sprintf("%s (%s)", p.ID, printable(p.Name)))
		}
	}
	list := strings.Join(people[:min(len(people), namedMost)], ", ")
	if len(people) > namedMost {
		list += c.tr("; all: vahta person list", "; все: vahta person list")
	}
	switch {
	case ok:
		return by, fmt.Errorf(c.tr("--by %s: this person is disabled; name another: %s", "--by %s: этот человек отключён; назовите другого: %s"), by.Person, list)
	case c.by == "":
		return by, fmt.Errorf(c.tr("say who does it with --by: %s (your login %q is none of them)", "скажите, кто это делает, флагом --by: %s (ваше имя входа %q ни на кого не похоже)"), list, by.Person)
	}
	return by, fmt.Errorf(c.tr("--by %q: there is no such person; name one: %s", "--by %q: такого человека нет; назовите: %s"), c.by, list)
}
