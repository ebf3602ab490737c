package main

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/casework"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

func ticketPlan() *cobra.Command {
	var b ticket.Planned
	var w dispatch.PlanWord
	var eta string
	var tell bool
	var to []string
	cmd := deed("plan NUMBER", "write the plan, tell it to the client; without flags, show it", "составить план, сообщить его клиенту; без флагов — показать",
		cobra.ExactArgs(1), func(c *clerk, args []string) error {
			var err error
			if b.ETA, err = c.ahead("eta", eta); err != nil {
				return err
			}
			if b.Engineer, err = c.ours(b.Engineer); err != nil {
				return err
			}
			written := b.Hypothesis != "" || len(b.Actions) > 0 || b.Fallback != "" || eta != "" || b.Engineer != ""
			if !written && !tell && !w.Spoken {
				return c.showPlan(args[0])
			}
			if written {
				d, err := c.savePlan(args[0], b)
				if err := c.done(d, err, "plan, version %d, is saved; it is not told yet", "план, версия %d, сохранён; клиенту ещё не сообщён", d.Version); err != nil {
					return err
				}
			}
			if !tell && !w.Spoken {
				return nil
			}
			if w.To, err = contacts(to); err != nil {
				return fmt.Errorf("--to: %w", err)
			}
			d, err := c.carry(args[0], casework.Order{TellPlan: &w})
			if w.Spoken {
				return c.done(d, err, "the plan was read out to the client", "план зачитан клиенту")
			}
			return c.done(d, err, "the plan goes to the client", "план отправляется клиенту")
		})
	f := cmd.Flags()
	f.StringVar(&b.Hypothesis, "hypothesis", "", tr("what the trouble probably is, or where: “ransomware”, “in the disk array of the server”", "предположительная причина или место: «вирус-шифровальщик», «в дисковом массиве сервера»"))
	f.StringArrayVar(&b.Actions, "action", nil, tr("what will be done; may be repeated", "что будет сделано; можно повторять"))
	f.StringVar(&b.Fallback, "fallback", "", tr("what will be done if that fails", "что будет, если не поможет"))
	f.StringVar(&eta, "eta", "", tr("when it will work again: 2h, 04:00", "когда заработает: 2h, 04:00"))
	f.StringVar(&b.Engineer, "engineer", "", tr("who answers for it; default you", "кто отвечает; по умолчанию вы"))
	f.StringVar(&b.Reason, "reason", "", tr("why a plan that the client knows changes", "почему меняется план, который клиент уже знает"))
	f.BoolVar(&tell, "tell", false, tr("send it to the client", "отправить клиенту"))
	f.BoolVar(&w.Spoken, "read-out", false, tr("it was read out on the phone", "зачитан по телефону"))
	f.StringVar(&w.With, "with", "", tr("to whom it was read out", "кому зачитан"))
	f.StringArrayVar(&to, "to", nil, tr("an address instead of those on record: email:…, sms:…", "адрес вместо записанных: email:…, sms:…"))
	return cmd
}

// savePlan writes a version of the plan; what a flag does not say stays as the version before has it.
func (c *clerk) savePlan(number string, b ticket.Planned) (casework.Done, error) {
	s, err := c.cases.Look(c.cmd.Context(), number)
	if err != nil {
		return casework.Done{}, err
	}
	if n := len(s.Plans); n > 0 {
		b = inherit(b, s.Plans[n-1].Planned, c.now)
	}
	return c.do(number, b)
}

// inherit fills what a new version of the plan does not say from the version before; a time that has passed is no promise.
func inherit(b, last ticket.Planned, now time.Time) ticket.Planned {
	b.Hypothesis = cmp.Or(b.Hypothesis, last.Hypothesis)
	b.Fallback = cmp.Or(b.Fallback, last.Fallback)
	b.Engineer = cmp.Or(b.Engineer, last.Engineer)
	if len(b.Actions) == 0 {
		b.Actions = last.Actions
	}
	if b.ETA.IsZero() && last.ETA.After(now) {
		b.ETA = last.ETA
	}
	return b
}

func (c *clerk) showPlan(number string) error {
	s, err := c.cases.Look(c.cmd.Context(), number)
	if err != nil {
		return err
	}
	if len(s.Plans) == 0 {
		c.say("there is no plan yet", "плана ещё нет")
		return nil
	}
	p := s.Plans[len(s.Plans)-1]
	named := p.Planned
	named.Engineer = c.name(p.Engineer)
	told := c.tr("not told to the client", "клиенту не сообщён")
	if !p.ToldAt.IsZero() {
		told = c.tr("told ", "сообщён ") + c.moment(p.ToldAt)
	}
	c.say("version %d by %s, %s, %s", "версия %d, %s, %s, %s", p.Version, c.name(p.By), c.moment(p.At), told)
	if !p.Complete() {
		c.say("a draft: it needs --hypothesis, --action, --fallback and --eta", "черновик: нужны --hypothesis, --action, --fallback и --eta")
		return nil
	}
	fmt.Fprintln(c.out, printableLines(dispatch.PlanText(named, s.Ticket.Language, c.zone.Location(), c.now)))
	return nil
}

func ticketTell() *cobra.Command {
	var w dispatch.Word
	var question bool
	var to []string
	cmd := deed("tell NUMBER TEXT…", "write to the client, by the ways of the contract", "написать клиенту, по каналам договора",
		cobra.MinimumNArgs(2), func(c *clerk, args []string) (err error) {
			w.Purpose, w.Text = ticket.ForReply, strings.Join(args[1:], " ")
			if question {
				w.Purpose = ticket.ForQuestion
			}
			if w.To, err = contacts(to); err != nil {
				return fmt.Errorf("--to: %w", err)
			}
			d, err := c.carry(args[0], casework.Order{Tell: &w})
			return c.done(d, err, "the message goes out", "сообщение отправляется")
		})
	cmd.Flags().BoolVar(&question, "question", false, tr("an answer is waited for; clocks may be paused then", "ждём ответа; тогда часы можно приостановить"))
	cmd.Flags().StringVar(&w.Subject, "subject", "", tr("the subject", "тема"))
	cmd.Flags().IntVar(&w.Report, "report", 0, tr("whose requester; default all", "кому: номер обращения; по умолчанию всем"))
	cmd.Flags().StringArrayVar(&to, "to", nil, tr("an address instead of those on record: email:…, sms:…", "адрес вместо записанных: email:…, sms:…"))
	return cmd
}

func ticketUpdate() *cobra.Command {
	var u dispatch.UpdateWord
	var next string
	cmd := deed("update NUMBER TEXT…", "tell the client how it goes, and when the next word comes", "сообщить клиенту, как идут дела и когда будет следующее слово",
		cobra.MinimumNArgs(2), func(c *clerk, args []string) (err error) {
			u.Text = strings.Join(args[1:], " ")
			if u.Next, err = c.ahead("next", next); err != nil {
				return err
			}
			d, err := c.carry(args[0], casework.Order{Update: &u})
			return c.done(d, err, "the client is told", "клиенту сообщено")
		})
	cmd.Flags().StringVar(&next, "next", "", tr("when the next word is promised: 30m, 03:30; default by the contract", "когда обещано следующее слово: 30m, 03:30; по умолчанию по договору"))
	cmd.Flags().BoolVar(&u.Silent, "silent", false, tr("on the client's page only; nothing is sent", "только на странице клиента, без отправки"))
	return cmd
}

func ticketContact() *cobra.Command {
	var b ticket.Contacted
	var failed string
	cmd := deed("contact NUMBER [NOTE…]", "say that you have reached the client yourself, or tried to", "отметить, что вы сами связались с клиентом или пытались",
		cobra.MinimumNArgs(1), func(c *clerk, args []string) error {
			b.Note = strings.Join(args[1:], " ")
			if failed != "" {
				d, err := c.do(args[0], ticket.ContactTried{Report: b.Report, Channel: b.Channel, Ref: b.Ref, Result: failed})
				return c.done(d, err, "the try is recorded; first contact still waits", "попытка записана; первый контакт ещё впереди")
			}
			d, err := c.do(args[0], b)
			return c.done(d, err, "first contact is recorded", "первый контакт записан")
		})
	cmd.Flags().StringVar(&b.Channel, "channel", "call", tr("call, onsite, telegram …", "call, onsite, telegram …"))
	cmd.Flags().StringVar(&b.With, "with", "", tr("with whom", "с кем"))
	cmd.Flags().StringVar(&b.Ref, "call", "", tr("the call, if there is a record of it", "вызов, если он записан"))
	cmd.Flags().IntVar(&b.Report, "report", 0, tr("whose requester; default the first", "чьё обращение; по умолчанию первое"))
	cmd.Flags().StringVar(&failed, "failed", "", tr("it did not work: no_answer, busy, voicemail", "не получилось: no_answer, busy, voicemail"))
	return cmd
}
