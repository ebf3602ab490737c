package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/dispatch/casework"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/dispatch/triage"
)

func ticketNew() *cobra.Command {
	var n casework.Opening
	var class, category, priority, from string
	cmd := deed("new TEXT…", "open a ticket by hand: what came on no channel", "открыть заявку вручную: то, что не пришло ни по одному каналу",
		cobra.MinimumNArgs(1), func(c *clerk, args []string) error {
			n.Text, n.Class, n.Category, n.Language = strings.Join(args, " "), ticket.Class(class), ticket.Category(category), c.lang
			if err := c.oneOf("--class", class, "", "warning", "request", "task"); err != nil {
				return err
			}
			if err := c.oneOf("--category", category, "", "service_down", "security", "data_loss", "network_down"); err != nil {
				return err
			}
			if priority != "" {
				if err := n.Priority.UnmarshalText([]byte(priority)); err != nil {
					return fmt.Errorf("--priority: %w", err)
				}
			}
			if from != "" {
				list, err := contacts([]string{from})
				if err != nil {
					return fmt.Errorf("--from: %w", err)
				}
				n.From = list[0]
			}
			var err error
			if n.Assignee, err = c.ours(n.Assignee); err != nil {
				return err
			}
			d, err := c.carry("", casework.Order{Open: &n})
			if err != nil {
				return err
			}
			c.say("%s is opened", "%s: открыта", d.Ticket.Number)
			return c.sayNext(d.Ticket.Number)
		})
	f := cmd.Flags()
	f.StringVar(&n.Org, "client", "", tr("the client's id", "клиент: идентификатор"))
	f.StringVar(&from, "from", "", tr("who asks: a number, a mail address, or channel:address", "кто обратился: номер, почта или канал:адрес"))
	f.StringVar(&n.From.Name, "name", "", tr("the name of who asks", "имя обратившегося"))
	f.StringVar(&class, "class", "", tr("warning, request or task; default an incident", "warning, request или task; по умолчанию авария"))
	f.StringVar(&category, "category", "", tr("service_down, security, data_loss or network_down", "service_down, security, data_loss или network_down"))
	f.StringVar(&priority, "priority", "", tr("critical, high, normal or low; default critical for an incident", "critical, high, normal или low; у аварии по умолчанию critical"))
	f.StringVar(&n.Line, "line", "", tr("the line whose people serve it; default the first", "линия, чьи люди её ведут; по умолчанию первая"))
	f.StringVar(&n.Assignee, "assign", "", tr("who has it from the start", "за кем она сразу"))
	return cmd
}

func ticketTriage() *cobra.Command {
	var b ticket.Triaged
	var category, impact, urgency, priority, reason string
	var misjudged bool
	cmd := deed("triage NUMBER", "judge the scale of the trouble; without flags, show what is suggested", "оценить масштаб беды; без флагов — показать подсказки",
		cobra.ExactArgs(1), func(c *clerk, args []string) error {
			b.Category, b.Impact, b.Urgency = ticket.Category(category), ticket.Level(impact), ticket.Level(urgency)
			judged := category != "" || impact != "" || urgency != "" || len(b.Services)+len(b.Assets) > 0 || b.Summary != ""
			if !judged && priority == "" {
				s, err := c.cases.Look(c.cmd.Context(), args[0])
				if err != nil {
					return err
				}
				return c.printTriage(s)
			}
			if judged {
				d, err := c.do(args[0], b)
				if err := c.done(d, err, "triage is recorded", "оценка записана"); err != nil {
					return err
				}
			}
			if priority == "" {
				return nil
			}
			p := ticket.Prioritised{Reason: reason, Misjudged: misjudged}
			if err := p.Priority.UnmarshalText([]byte(priority)); err != nil {
				return fmt.Errorf("--priority: %w", err)
			}
			d, err := c.do(args[0], p)
			return c.done(d, err, "priority %s", "приоритет %s", priority)
		})
	f := cmd.Flags()
	f.StringVar(&category, "category", "", tr("the red button: service_down, security, data_loss or network_down", "красная кнопка: service_down, security, data_loss или network_down"))
	f.StringVar(&impact, "impact", "", tr("low, medium or high: how many can not work", "low, medium или high: сколько людей не работает"))
	f.StringVar(&urgency, "urgency", "", tr("low, medium or high: how fast it gets worse", "low, medium или high: как быстро становится хуже"))
	f.StringArrayVar(&b.Services, "service", nil, tr("what is affected, in the client's words; may be repeated", "что затронуто, словами клиента; можно повторять"))
	f.StringArrayVar(&b.Assets, "asset", nil, tr("an asset of the client; may be repeated", "актив клиента; можно повторять"))
	f.StringVar(&b.Summary, "summary", "", tr("the trouble in a sentence", "беда одной фразой"))
	f.StringVar(&priority, "priority", "", tr("critical, high, normal or low", "critical, high, normal или low"))
	f.StringVar(&reason, "reason", "", tr("why the priority is lowered", "почему приоритет понижен"))
	f.BoolVar(&misjudged, "misjudged", false, tr("it was so from the start: clocks run from the first signal", "так было с самого начала: часы идут от первого сигнала"))
	return cmd
}

func (c *clerk) printTriage(s casework.Sight) error {
	if s.Ticket.Category != "" {
		c.say("category: %s", "категория: %s", triage.Name(s.Ticket.Category, c.lang))
	}
	for _, h := range s.Suggested {
		c.say("suggested: %s — %s (“%s”)", "подсказка: %s — %s («%s»)", triage.Name(h.Category, c.lang), h.Title.In(c.lang), printable(h.Why))
		if h.Skill != "" {
			c.say("  specialist: vahta ticket page %s --skill %s", "  специалист: vahta ticket page %s --skill %s", s.Ticket.Number, h.Skill)
		}
	}
	if len(s.Suggested) == 0 && s.Ticket.Category == "" {
		c.say("nothing is suggested; the lists are: vahta ticket checklist --all", "подсказок нет; все списки: vahta ticket checklist --all")
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	for _, sh := range s.Sheets {
		fmt.Fprintf(w, c.tr("checklist\t%s\t%s\t%d of %d, owed %d\n", "список\t%s\t%s\t%d из %d, обязательных осталось %d\n"),
			sh.ID, sh.Title.In(c.lang), len(sh.Answers), len(sh.Questions), len(sh.Owed))
	}
	for _, r := range s.Routes {
		fmt.Fprintf(w, c.tr("runbook\t%s\t%s\t%d of %d\n", "порядок\t%s\t%s\t%d из %d\n"), r.ID, r.Title.In(c.lang), len(r.Taken), len(r.Steps))
	}
	return w.Flush()
}

func ticketChecklist() *cobra.Command {
	var all, sample bool
	cmd := deed("checklist NUMBER [LIST [QUESTION ANSWER…]]", "show a check list, or answer a question of it", "показать список вопросов или записать ответ",
		cobra.ArbitraryArgs, func(c *clerk, args []string) error {
			switch {
			case all:
				return c.catalogue()
			case sample:
				text, err := triage.Sample()
				fmt.Fprint(c.out, text)
				return err
			case len(args) == 0:
				return fmt.Errorf("%s", c.tr("name a ticket, or write --all", "назовите заявку или напишите --all"))
			case len(args) == 3:
				return fmt.Errorf("%s", c.tr("the answer is missing", "нет ответа"))
			case len(args) > 3:
				d, err := c.carry(args[0], casework.Order{Answer: &casework.Answering{List: args[1], Question: args[2], Typed: strings.Join(args[3:], " ")}})
				return c.done(d, err, "%s: answered", "%s: ответ записан", args[2])
			}
			s, err := c.cases.Look(c.cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if len(args) == 1 {
				for _, sh := range s.Sheets {
					c.printSheet(sh)
				}
				return nil
			}
			sh, ok := s.Sheet(c.book, args[1])
			if !ok {
				return fmt.Errorf(c.tr("there is no check list %q; all: vahta ticket checklist --all", "нет списка %q; все: vahta ticket checklist --all"), args[1])
			}
			c.printSheet(sh)
			return nil
		})
	cmd.Flags().BoolVar(&all, "all", false, tr("list all topics, check lists and runbooks", "показать все темы, списки вопросов и порядки действий"))
	cmd.Flags().BoolVar(&sample, "sample", false, tr("print what ships as a file, to start your own from (triage.file)", "вывести то, что поставляется, файлом — основа для своего (triage.file)"))
	cmd.Long = tr(`Without LIST: the lists that the texts of the ticket suggest, with what was answered. "!" marks what must be answered.
Answers: yes or no; a text; a name or an address of a machine; a time such as 02:10 (the last one) or "2026-12-31 02:10".`,
		`Без LIST — списки, которые подсказывают тексты заявки, с ответами. «!» — ответить обязательно.
Ответы: да или нет; текст; имя или адрес машины; время — 02:10 (последнее такое) или "2026-12-31 02:10".`)
	return cmd
}

// catalogue lists all that there is.
func (c *clerk) catalogue() error {
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	for _, t := range c.book.Topics {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", t.Category, t.Title.In(c.lang), strings.Join(t.Lists, " "), strings.Join(t.Runbooks, " "))
	}
	return w.Flush()
}

func (c *clerk) printSheet(sh casework.Sheet) {
	fmt.Fprintf(c.out, "%s · %s\n", sh.ID, sh.Title.In(c.lang))
	known := map[string]string{}
	for id, a := range sh.Answers {
		known[id] = a.Body.Answer
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	for _, q := range sh.Asked(known) {
		a, answered := sh.Answers[q.ID]
		mark := " "
		if q.Must && !answered {
			mark = "!"
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\n", mark, q.ID, q.Ask.In(c.lang))
		if answered {
			fmt.Fprintf(w, "\t\t→ %s\n", printable(q.Type.Show(a.Body.Answer, c.lang, c.zone.Location())))
		} else if !q.Hint.IsZero() {
			fmt.Fprintf(w, "\t\t(%s)\n", q.Hint.In(c.lang))
		}
	}
	_ = w.Flush() // a terminal that is gone leaves nobody to tell
}

func ticketRunbook() *cobra.Command {
	var o casework.Stepping
	var skipped, failed bool
	cmd := deed("runbook NUMBER [RUNBOOK [STEP [NOTE…]]]", "show a runbook, or tick a step of it", "показать порядок действий или отметить шаг",
		cobra.MinimumNArgs(1), func(c *clerk, args []string) error {
			if len(args) > 2 {
				o.Runbook, o.Step, o.Note = args[1], args[2], strings.Join(args[3:], " ")
				word := c.tr("done", "сделано")
				switch {
				case skipped:
					o.Result, word = "skipped", c.tr("skipped", "пропущено")
				case failed:
					o.Result, word = "failed", c.tr("failed", "не удалось")
				}
				d, err := c.carry(args[0], casework.Order{Step: &o})
				return c.done(d, err, "%s: %s", "%s: %s", o.Step, word)
			}
			s, err := c.cases.Look(c.cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if len(args) == 1 {
				return c.printTriage(s)
			}
			r, ok := s.Route(c.book, args[1])
			if !ok {
				return fmt.Errorf(c.tr("there is no runbook %q; all: vahta ticket checklist --all", "нет порядка действий %q; все: vahta ticket checklist --all"), args[1])
			}
			c.printRoute(r)
			return nil
		})
	cmd.Flags().BoolVar(&skipped, "skipped", false, tr("the step was left out; the note says why", "шаг пропущен; в примечании — почему"))
	cmd.Flags().BoolVar(&failed, "failed", false, tr("the step did not work; the note says how", "шаг не удался; в примечании — что вышло"))
	return cmd
}

func (c *clerk) printRoute(r casework.Route) {
	fmt.Fprintf(c.out, "%s · %s\n", r.ID, r.Title.In(c.lang))
	if !r.When.IsZero() {
		fmt.Fprintln(c.out, r.When.In(c.lang))
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	marks := map[string]string{"": "[ ]", "done": "[x]", "skipped": "[-]", "failed": "[!]"}
	for _, st := range r.Steps {
		taken := r.Taken[st.ID]
		fmt.Fprintf(w, "  %s\t%s\t%s\n", marks[taken.Body.Result], st.ID, st.Do.In(c.lang))
		if !st.Careful.IsZero() {
			fmt.Fprintf(w, "\t\t⚠ %s\n", st.Careful.In(c.lang))
		}
		if !st.Check.IsZero() {
			fmt.Fprintf(w, "\t\t✓ %s\n", st.Check.In(c.lang))
		}
		if taken.Body.Result != "" {
			fmt.Fprintf(w, "\t\t%s, %s %s\n", c.name(taken.By), c.moment(taken.At), printable(taken.Body.Note))
		}
	}
	_ = w.Flush() // a terminal that is gone leaves nobody to tell
}
