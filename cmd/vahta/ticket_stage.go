package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/dispatch/casework"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

func ticketStage() *cobra.Command {
	return deed("stage NUMBER STAGE [REASON…]", "move the ticket: diagnosis, hot, root_cause, report", "перевести заявку на этап: diagnosis, hot, root_cause, report",
		cobra.MinimumNArgs(2), func(c *clerk, args []string) error {
			b := ticket.Moved{Reason: strings.Join(args[2:], " ")}
			if err := b.To.UnmarshalText([]byte(args[1])); err != nil {
				return err
			}
			d, err := c.do(args[0], b)
			return c.done(d, err, "stage %s", "этап %s", b.To)
		})
}

func ticketStabilise() *cobra.Command {
	var b ticket.Restored
	cmd := deed("stabilise NUMBER --statement … --check …", "say that the main function works again, and what has shown it", "отметить, что основная функция работает и чем это проверено",
		cobra.ExactArgs(1), func(c *clerk, args []string) error {
			d, err := c.carry(args[0], casework.Order{Restored: &b})
			return c.done(d, err, "stabilised", "стабилизирована")
		})
	f := cmd.Flags()
	f.StringVar(&b.Statement, "statement", "", tr("what works again", "что снова работает"))
	f.StringVar(&b.Check, "check", "", tr("how it was checked", "чем проверено"))
	f.StringVar(&b.Loss, "loss", "", tr("what data is lost, and from which point it was restored", "что потеряно и на какой момент восстановлено"))
	f.StringVar(&b.Risks, "risks", "", tr("what may still go wrong", "что ещё может пойти не так"))
	return cmd
}

func ticketConfirm() *cobra.Command {
	var b ticket.ClientConfirmed
	cmd := deed("confirm NUMBER", "say that the client has confirmed that it works", "отметить, что клиент подтвердил: работает",
		cobra.ExactArgs(1), func(c *clerk, args []string) error {
			d, err := c.do(args[0], b)
			return c.done(d, err, "the client has confirmed", "клиент подтвердил")
		})
	cmd.Flags().StringVar(&b.With, "with", "", tr("who of the client", "кто со стороны клиента"))
	return cmd
}

func ticketPause() *cobra.Command {
	var b ticket.Paused
	var reason, from, until string
	cmd := deed("pause NUMBER --reason REASON --until WHEN", "let the clocks that may pause stand still: stabilisation, root cause, report", "приостановить часы, которые можно: стабилизация, причина, отчёт",
		cobra.ExactArgs(1), func(c *clerk, args []string) (err error) {
			b.Reason = ticket.PauseReason(reason)
			if b.From, err = c.behind("from", from); err != nil {
				return err
			}
			if b.Until, err = c.ahead("until", until); err != nil {
				return err
			}
			d, err := c.do(args[0], b)
			return c.done(d, err, "paused as %s until %s", "пауза %s до %s", d.Name, c.moment(b.Until))
		})
	f := cmd.Flags()
	f.StringVar(&reason, "reason", "", tr("client (a question was sent), third_party, no_access or agreed_window", "client (задан вопрос), third_party, no_access или agreed_window"))
	f.StringVar(&until, "until", "", tr("when it ends by itself: 30m, 09:00, \"tomorrow 09:00\"", "когда кончится сама: 30m, 09:00, \"завтра 09:00\""))
	f.StringVar(&from, "from", "", tr("when it began; default now", "когда началась; по умолчанию сейчас"))
	f.StringVar(&b.Note, "note", "", tr("what is waited for", "чего ждём"))
	_ = cmd.MarkFlagRequired("reason") // the flag is there
	_ = cmd.MarkFlagRequired("until")  // the flag is there
	return cmd
}

func ticketResume() *cobra.Command {
	return deed("resume NUMBER [PAUSE]", "end a pause; without PAUSE, all", "закончить паузу; без PAUSE — все", cobra.RangeArgs(1, 2), func(c *clerk, args []string) error {
		b := ticket.Resumed{Reason: "desk"}
		if len(args) > 1 {
			b.Pause = args[1]
		}
		d, err := c.do(args[0], b)
		return c.done(d, err, "resumed", "часы идут")
	})
}

func ticketReopen() *cobra.Command {
	return deed("reopen NUMBER [REASON…]", "begin anew: the trouble is back", "начать заново: беда вернулась", cobra.MinimumNArgs(1), func(c *clerk, args []string) error {
		d, err := c.do(args[0], ticket.Reopened{Reason: strings.Join(args[1:], " ")})
		return c.done(d, err, "reopened", "открыта снова")
	})
}

func ticketCancel() *cobra.Command {
	return deed("cancel NUMBER REASON…", "end a ticket that was none: a false alarm, a test, spam", "отменить: ложная тревога, проверка, спам", cobra.MinimumNArgs(2), func(c *clerk, args []string) error {
		d, err := c.do(args[0], ticket.Moved{To: ticket.Cancelled, Reason: strings.Join(args[1:], " ")})
		return c.done(d, err, "cancelled", "отменена")
	})
}

func ticketMerge() *cobra.Command {
	var o casework.Merging
	cmd := deed("merge NUMBER INTO", "make a ticket a pointer to another one; its requesters go along", "присоединить заявку к другой вместе с обратившимися", cobra.ExactArgs(2), func(c *clerk, args []string) error {
		o.Into = args[1]
		d, err := c.carry(args[0], casework.Order{Merge: &o})
		return c.done(d, err, "merged into %s", "присоединена к %s", args[1])
	})
	cmd.Flags().StringVar(&o.Reason, "reason", "", tr("why", "почему"))
	return cmd
}

func ticketUnmerge() *cobra.Command {
	return deed("unmerge NUMBER [REASON…]", "take a merge back", "отменить присоединение", cobra.MinimumNArgs(1), func(c *clerk, args []string) error {
		d, err := c.carry(args[0], casework.Order{Unmerge: &casework.Unmerging{Reason: strings.Join(args[1:], " ")}})
		return c.done(d, err, "a ticket of its own again", "снова сама по себе")
	})
}

func ticketSplit() *cobra.Command {
	return deed("split NUMBER SIGNAL", "make a ticket of its own of a signal, such as email/<id>", "выделить сигнал, например email/<id>, в свою заявку", cobra.ExactArgs(2), func(c *clerk, args []string) error {
		d, err := c.carry(args[0], casework.Order{Split: &casework.Splitting{Signal: args[1]}})
		return c.done(d, err, "opened for %s", "открыта для %s", args[1])
	})
}

func ticketLink() *cobra.Command {
	var end bool
	cmd := deed("link NUMBER RELATION OTHER", "relate two tickets: child_of, parent_of, follow_up_of, repeat_of, see_also", "связать заявки: child_of, parent_of, follow_up_of, repeat_of, see_also",
		cobra.ExactArgs(3), func(c *clerk, args []string) error {
			l := casework.Linking{Relation: ticket.Relation(args[1]), To: args[2], End: end}
			d, err := c.carry(args[0], casework.Order{Link: &l})
			if end {
				return c.done(d, err, "no longer %s %s", "больше не %s %s", args[1], args[2])
			}
			return c.done(d, err, "%s %s", "%s %s", args[1], args[2])
		})
	cmd.Flags().BoolVar(&end, "end", false, tr("end the relation", "разорвать связь"))
	return cmd
}

func ticketAssign() *cobra.Command {
	return deed("assign NUMBER PERSON [REASON…]", "give the ticket to somebody, who is told of it", "передать заявку человеку; ему сообщат", cobra.MinimumNArgs(2), func(c *clerk, args []string) error {
		to, err := c.person(args[1])
		if err != nil {
			return err
		}
		d, err := c.do(args[0], ticket.Assigned{To: to, Reason: strings.Join(args[2:], " ")})
		return c.done(d, err, "assigned to %s", "назначена: %s", c.name(to))
	})
}

func ticketHandover() *cobra.Command {
	return deed("handover NUMBER PERSON NOTE…", "hand the ticket over to somebody who has agreed, with what there is to know", "сдать заявку тому, кто согласился, и что ему надо знать",
		cobra.MinimumNArgs(3), func(c *clerk, args []string) error {
			to, err := c.person(args[1])
			if err != nil {
				return err
			}
			d, err := c.do(args[0], ticket.HandedOver{To: to, Note: strings.Join(args[2:], " ")})
			return c.done(d, err, "handed over to %s", "сдана: %s", c.name(to))
		})
}

func ticketJoin() *cobra.Command {
	var b ticket.TookPart
	cmd := deed("join NUMBER [PERSON]", "take part in the work beside who has it", "участвовать в работе вместе с ответственным", cobra.RangeArgs(1, 2), func(c *clerk, args []string) error {
		b.Person = c.author(c.by).Person
		if len(args) > 1 {
			id, err := c.person(args[1])
			if err != nil {
				return err
			}
			b.Person = id
		}
		d, err := c.do(args[0], b)
		if b.Left {
			return c.done(d, err, "%s has left", "%s больше не участвует", c.name(b.Person))
		}
		return c.done(d, err, "%s takes part", "участвует %s", c.name(b.Person))
	})
	cmd.Flags().StringVar(&b.Role, "role", "", tr("as what: a skill or a function", "в каком качестве"))
	cmd.Flags().BoolVar(&b.Left, "leave", false, tr("take part no more", "больше не участвовать"))
	return cmd
}

func ticketTimeline() *cobra.Command {
	cmd := ticketShow()
	cmd.Use, cmd.Short = "timeline NUMBER", tr("all that has happened, line by line", "всё, что произошло, по строкам")
	return cmd
}

// atLeast is an error when a needed word is missing.
func atLeast(c *clerk, flag, word string) error {
	if strings.TrimSpace(word) != "" {
		return nil
	}
	return fmt.Errorf(c.tr("--%s is missing", "нет --%s"), flag)
}
