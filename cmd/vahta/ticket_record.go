package main

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/dispatch/casework"
	"github.com/butlerspb/vahta/dispatch/sla"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

func ticketSession() *cobra.Command {
	var b ticket.Connected
	var end bool
	cmd := deed("session NUMBER [SESSION] [NOTE…]", "open a remote session with --way, close it with --close; without flags, list them", "открыть удалённый сеанс (--way), закрыть (--close); без флагов — показать",
		cobra.MinimumNArgs(1), func(c *clerk, args []string) error {
			switch {
			case end:
				o := ticket.Disconnected{}
				if len(args) > 1 {
					o.Session, o.Note = args[1], strings.Join(args[2:], " ")
				}
				d, err := c.do(args[0], o)
				return c.done(d, err, "session %s is closed", "сеанс %s закрыт", d.Name)
			case b.Way != "":
				d, err := c.do(args[0], b)
				return c.done(d, err, "session %s is open", "сеанс %s открыт", d.Name)
			}
			s, err := c.cases.Look(c.cmd.Context(), args[0])
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
			for _, x := range s.Sessions {
				until := c.tr("open", "открыт")
				if !x.Ended.IsZero() {
					until = c.hours(x.Ended.Sub(x.At))
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", x.Session, c.moment(x.At), until, c.name(x.By), x.Way, orDash(printable(x.Asset)))
			}
			return w.Flush()
		})
	f := cmd.Flags()
	f.StringVar(&b.Way, "way", "", tr("vpn, rdp, anydesk, ssh, console …", "vpn, rdp, anydesk, ssh, console …"))
	f.StringVar(&b.Asset, "asset", "", tr("to what", "к чему"))
	f.StringVar(&b.Purpose, "purpose", "", tr("what for", "зачем"))
	f.BoolVar(&end, "close", false, tr("close it; its time is written down", "закрыть; время запишется"))
	return cmd
}

func ticketReveal() *cobra.Command {
	var o casework.Revealing
	cmd := deed("reveal NUMBER ASSET --reason …", "show how to get to an asset, and where its secret is kept; the audit hears of it", "показать доступ к активу и где хранится секрет; запись попадает в аудит",
		cobra.ExactArgs(2), func(c *clerk, args []string) error {
			o.Asset = args[1]
			d, err := c.carry(args[0], casework.Order{Reveal: &o})
			if err != nil {
				return err
			}
			a := d.Access
			c.say("%s: %s %s, login %s, secret in %s", "%s: %s %s, вход %s, секрет в %s", printable(a.Asset), a.Way, orDash(printable(a.Where)), orDash(printable(a.Login)), orDash(printable(a.Secret)))
			return nil
		})
	cmd.Flags().StringVar(&o.Access, "access", "", tr("which access; may be left out when there is one", "какой доступ; не нужно, если он один"))
	cmd.Flags().StringVar(&o.Reason, "reason", "", tr("what for", "зачем"))
	return cmd
}

func ticketTime() *cobra.Command {
	var b ticket.Timed
	var from, to, settle string
	cmd := deed("time NUMBER [NOTE…]", "list working time; add it with --from and --to, confirm it with --settle", "показать трудозатраты; добавить (--from, --to), подтвердить (--settle)",
		cobra.MinimumNArgs(1), func(c *clerk, args []string) (err error) {
			b.Note = strings.Join(args[1:], " ")
			switch {
			case settle != "":
				entry, length, ok := strings.Cut(settle, "=")
				counts, err := parseSpan(length)
				if !ok || err != nil {
					return fmt.Errorf(c.tr("--settle %q: write ENTRY=45m, or ENTRY=0s to drop it", "--settle %q: напишите ЗАПИСЬ=45m или ЗАПИСЬ=0s, чтобы не считать"), settle)
				}
				d, err := c.do(args[0], ticket.TimeSettled{Entry: entry, Time: counts, Note: b.Note})
				return c.done(d, err, "%s counts as %s", "%s засчитано как %s", entry, c.hours(counts))
			case from != "":
				if b.From, err = c.behind("from", from); err != nil {
					return err
				}
				if b.To = c.now; to != "" {
					if b.To, err = c.behind("to", to); err != nil {
						return err
					}
				}
				if b.Person, err = c.ours(b.Person); err != nil {
					return err
				}
				d, err := c.do(args[0], b)
				return c.done(d, err, "time entry %s", "запись времени %s", d.Name)
			}
			return c.showTimes(args[0])
		})
	f := cmd.Flags()
	f.StringVar(&from, "from", "", tr("when it began: 02:10, 45m (ago)", "начало: 02:10, 45m (назад)"))
	f.StringVar(&to, "to", "", tr("when it ended; default now", "конец; по умолчанию сейчас"))
	f.StringVar(&b.Person, "person", "", tr("whose; default yours", "чьё; по умолчанию ваше"))
	f.StringVar(&settle, "settle", "", tr("what counts of an entry: ENTRY=45m", "что засчитать: ЗАПИСЬ=45m"))
	return cmd
}

func (c *clerk) showTimes(number string) error {
	s, err := c.cases.Look(c.cmd.Context(), number)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	var total time.Duration
	for _, x := range s.Times {
		total += x.Counts
		state := c.tr("not confirmed", "не подтверждено")
		if x.Settled {
			state = c.tr("confirmed by ", "подтвердил ") + c.name(x.SettledBy)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", x.Entry, c.name(x.Person), c.span(x.From, x.To, c.zone), c.hours(x.Counts), x.Source, state)
	}
	fmt.Fprintf(w, "\t\t\t%s\n", c.hours(total))
	return w.Flush()
}

func ticketTask() *cobra.Command {
	var b ticket.Tasked
	var due, priority, ended string
	var effort time.Duration
	cmd := deed("task NUMBER [TEXT…]", "list the tasks; add one; end one with --done, --refused or --dropped", "показать задачи; добавить; закончить: --done, --refused, --dropped",
		cobra.MinimumNArgs(1), func(c *clerk, args []string) (err error) {
			b.Text = strings.Join(args[1:], " ")
			for _, result := range []string{"done", "refused", "dropped"} {
				if ended, _ = c.cmd.Flags().GetString(result); ended != "" { // the flags are made below
					d, err := c.do(args[0], ticket.TaskDone{Task: ended, Result: result, Note: b.Text})
					return c.done(d, err, "task %s: %s", "задача %s: %s", ended, c.taskResult(result))
				}
			}
			if b.Text == "" {
				return c.showTasks(args[0])
			}
			if b.Due, err = c.ahead("due", due); err != nil {
				return err
			}
			if priority != "" {
				if err := b.Priority.UnmarshalText([]byte(priority)); err != nil {
					return fmt.Errorf("--priority: %w", err)
				}
			}
			if b.Owner != "" && b.Owner != "client" {
				if b.Owner, err = c.person(b.Owner); err != nil {
					return err
				}
			}
			b.Effort = effort
			d, err := c.do(args[0], b)
			return c.done(d, err, "task %s", "задача %s", d.Name)
		})
	f := cmd.Flags()
	f.StringVar(&b.Sort, "sort", "", tr("recommendation (of the report), follow_up or rca; default follow_up", "recommendation (в отчёт), follow_up или rca; по умолчанию follow_up"))
	f.StringVar(&b.Owner, "owner", "", tr("who does it: a person, or client", "кто делает: человек или client"))
	f.StringVar(&due, "due", "", tr("until when: 3d, 2026-12-31", "срок: 3d, 2026-12-31"))
	f.StringVar(&priority, "priority", "", tr("critical, high, normal or low", "critical, high, normal или low"))
	f.DurationVar(&effort, "effort", 0, tr("how much work it is: 4h", "сколько работы: 4h"))
	f.String("done", "", tr("the task that is done", "сделанная задача"))
	f.String("refused", "", tr("the task that the client does not want", "задача, от которой клиент отказался"))
	f.String("dropped", "", tr("the task that is not needed any more", "задача, которая больше не нужна"))
	return cmd
}

func (c *clerk) showTasks(number string) error {
	s, err := c.cases.Look(c.cmd.Context(), number)
	if err != nil {
		return err
	}
	if len(s.Todo) == 0 {
		c.say("no tasks", "задач нет")
		return nil
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	for _, t := range s.Todo {
		state := c.tr("due ", "срок ") + c.moment(t.Due)
		if t.Due.IsZero() {
			state = c.tr("no date", "без срока")
		}
		if !t.Ended.IsZero() {
			state = c.taskResult(t.Result) + " " + c.moment(t.Ended)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", t.Task, c.taskSort(t.Sort), c.owner(t.Owner), state, printable(t.Text))
	}
	return w.Flush()
}

func ticketRCA() *cobra.Command {
	var b ticket.RootCaused
	var draft bool
	cmd := deed("rca NUMBER", "write down the root cause; without flags, show it", "записать первопричину; без флагов — показать", cobra.ExactArgs(1), func(c *clerk, args []string) error {
		s, err := c.cases.Look(c.cmd.Context(), args[0])
		if err != nil {
			return err
		}
		var last ticket.RootCaused
		if n := len(s.RootCauses); n > 0 {
			last = s.RootCauses[n-1].Body
		}
		if b.Cause == "" && b.Class == "" && len(b.Whys)+len(b.Factors)+len(b.Evidence) == 0 && b.NotCaught == "" && b.Fixed == "" {
			c.printRootCause(last)
			return nil
		}
		b = merged(b, last)
		if err := atLeast(c, "cause", b.Cause); err != nil {
			return err
		}
		b.Complete = !draft
		d, err := c.do(args[0], b)
		if draft {
			return c.done(d, err, "the root cause is a draft", "первопричина — черновик")
		}
		return c.done(d, err, "the root cause is recorded", "первопричина записана")
	})
	f := cmd.Flags()
	f.StringVar(&b.Cause, "cause", "", tr("the cause", "причина"))
	f.StringVar(&b.Class, "class", "", strings.Join(ticket.CauseClasses(), ", "))
	f.StringArrayVar(&b.Whys, "why", nil, tr("why, and why that: up to five; may be repeated", "почему, и почему это: до пяти; можно повторять"))
	f.StringArrayVar(&b.Factors, "factor", nil, tr("what contributed; may be repeated", "что способствовало; можно повторять"))
	f.StringVar(&b.NotCaught, "not-caught", "", tr("why it was not seen earlier", "почему не заметили раньше"))
	f.StringArrayVar(&b.Evidence, "evidence", nil, tr("what proves it; may be repeated", "чем доказано; можно повторять"))
	f.StringVar(&b.Fixed, "fixed", "", tr("what was mended for good", "что устранено насовсем"))
	f.BoolVar(&draft, "draft", false, tr("not complete yet", "ещё не закончено"))
	return cmd
}

// merged lays a version of the root cause over the one before.
func merged(b, last ticket.RootCaused) ticket.RootCaused {
	pick := func(to *string, from string) {
		if *to == "" {
			*to = from
		}
	}
	pick(&b.Cause, last.Cause)
	pick(&b.Class, last.Class)
	pick(&b.NotCaught, last.NotCaught)
	pick(&b.Fixed, last.Fixed)
	for _, p := range []struct {
		to   *[]string
		from []string
	}{{&b.Whys, last.Whys}, {&b.Factors, last.Factors}, {&b.Evidence, last.Evidence}} {
		if len(*p.to) == 0 {
			*p.to = slices.Clone(p.from)
		}
	}
	return b
}

func (c *clerk) printRootCause(b ticket.RootCaused) {
	if b.Cause == "" {
		c.say("the root cause is not known yet", "первопричина ещё не найдена")
		return
	}
	line := func(en, ru, text string) {
		if text != "" {
			fmt.Fprintf(c.out, "%s: %s\n", c.tr(en, ru), printable(text))
		}
	}
	line("cause", "причина", b.Cause)
	line("class", "класс", b.Class)
	for _, why := range b.Whys {
		line("why", "почему", why)
	}
	for _, factor := range b.Factors {
		line("contributed", "способствовало", factor)
	}
	line("not seen earlier", "не заметили раньше", b.NotCaught)
	for _, e := range b.Evidence {
		line("evidence", "доказано", e)
	}
	line("mended", "устранено", b.Fixed)
}

func ticketExplain() *cobra.Command {
	var b ticket.Explained
	cmd := deed("explain NUMBER CLOCK TEXT…", "explain why a promise was not kept; the report needs it", "объяснить, почему срок не выдержан; это нужно отчёту", cobra.MinimumNArgs(3), func(c *clerk, args []string) error {
		b.Clock, b.Text = sla.Name(args[1]), strings.Join(args[2:], " ")
		all := make([]string, 0, len(sla.Names()))
		for _, n := range sla.Names() {
			all = append(all, string(n))
		}
		if err := c.oneOf(c.tr("clock", "часы"), args[1], all...); err != nil {
			return err
		}
		d, err := c.do(args[0], b)
		return c.done(d, err, "%s is explained", "%s: объяснено", args[1])
	})
	cmd.Flags().IntVar(&b.Report, "report", 0, tr("whose first contact", "чей первый контакт"))
	return cmd
}

func ticketClocks() *cobra.Command {
	var asJSON bool
	cmd := work("clocks NUMBER", "how the promises stand: K1 to K6", "как идут сроки: от K1 до K6", cobra.ExactArgs(1), func(c *clerk, args []string) error {
		s, err := c.cases.Look(c.cmd.Context(), args[0])
		if err != nil {
			return err
		}
		if asJSON {
			return c.json(s.Clocks)
		}
		w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
		for _, k := range s.Clocks {
			if k.Verdict == sla.Idle {
				continue
			}
			name := c.clockName(k)
			limit, left := c.tr("no promise", "без обещания"), "–"
			switch {
			case k.Days > 0:
				limit = fmt.Sprintf(c.tr("%d business days", "%d раб. дн."), k.Days)
			case k.Limit > 0:
				limit = c.hours(k.Limit)
			}
			switch {
			case k.Paused:
				left = c.tr("paused", "пауза")
			case k.Runs() && !k.Due.IsZero():
				left = c.left(k)
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", name, c.verdict(k), limit, c.hours(k.Elapsed), left)
		}
		return w.Flush()
	})
	jsonFlag(cmd, &asJSON)
	return cmd
}

func (c *clerk) clockName(k sla.Clock) string {
	name, ok := map[sla.Name][2]string{
		sla.FirstContactClock: {"K1 first contact", "K1 первый контакт"},
		sla.PlanClock:         {"K2 plan", "K2 план"},
		sla.StabiliseClock:    {"K3 stabilisation", "K3 стабилизация"},
		sla.UpdateClock:       {"K4 next update", "K4 следующее слово"},
		sla.RootCauseClock:    {"K5 root cause", "K5 первопричина"},
		sla.ReportClock:       {"K6 report", "K6 отчёт"},
	}[k.Name]
	if !ok {
		return string(k.Name)
	}
	text := c.tr(name[0], name[1])
	if k.Report > 1 {
		text += fmt.Sprintf(" #%d", k.Report)
	}
	return text
}

func (c *clerk) verdict(k sla.Clock) string {
	switch k.Verdict {
	case sla.Running:
		return c.tr("runs", "идёт")
	case sla.Met:
		return c.tr("met", "выдержан")
	case sla.Breached:
		return c.tr("BREACHED", "НАРУШЕН")
	case sla.Void:
		return c.tr("void", "снят")
	case sla.Idle:
	}
	return c.tr("has not begun", "не начат")
}
