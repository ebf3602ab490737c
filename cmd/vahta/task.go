package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

func taskCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "task",
		Short: tr("the tasks of all tickets: what is due, who has it", "задачи всех заявок: что к какому сроку и за кем"),
		Long: tr(`Tasks belong to tickets and outlive them: recommendations of reports, what is to be done later, and what the calendar opens
(dispatch.recurring). They are added by vahta ticket task.`,
			`Задача принадлежит заявке и переживает её: рекомендации отчётов, отложенное и то, что открывает календарь (dispatch.recurring).
Добавляет их vahta ticket task.`),
		Example: `  vahta task list --owner anna --due 3d
  vahta task done VH-26-000010 1 "` + tr("copied, checked", "скопировано, проверено") + `"
  vahta task assign VH-26-000010 1 boris --due 2026-12-31`,
	}
	cmd.AddCommand(taskList(), taskRecurring(), taskAssign(),
		taskEnd("done", "done", "it is done", "сделана"),
		taskEnd("refuse", "refused", "the client does not want it", "клиент отказался"),
		taskEnd("drop", "dropped", "it is not needed any more", "больше не нужна"))
	return cmd
}

func taskList() *cobra.Command {
	var f dispatch.TaskFilter
	var due string
	var asJSON bool
	cmd := work("list", "list the open tasks of all tickets, what is due first on top", "открытые задачи всех заявок, сначала ближайшие по сроку", cobra.NoArgs,
		func(c *clerk, _ []string) (err error) {
			if f.DueBefore, err = c.ahead("due", due); err != nil {
				return err
			}
			if f.Owner != "client" {
				if f.Owner, err = c.ours(f.Owner); err != nil {
					return err
				}
			}
			list, err := c.cases.Tasks(c.cmd.Context(), f)
			switch {
			case err != nil:
				return err
			case asJSON:
				return c.json(list)
			}
			if err := c.printTasks(list); err != nil || f.Owner == "client" || due != "" {
				return err
			}
			return c.printOpened(f)
		})
	fl := cmd.Flags()
	fl.BoolVar(&f.All, "all", false, tr("those that have ended, too", "и законченные"))
	fl.StringVar(&f.Owner, "owner", "", tr("only of this person, or client", "только этого человека или client"))
	fl.StringVar(&f.Org, "client", "", tr("only of this client", "только этого клиента"))
	fl.StringVar(&due, "due", "", tr("only what is due before: 3d, 2026-12-31", "только со сроком раньше: 3d, 2026-12-31"))
	fl.IntVar(&f.Limit, "limit", 100, tr("how many at most", "не больше скольких"))
	jsonFlag(cmd, &asJSON)
	return cmd
}

func (c *clerk) printTasks(list []dispatch.TaskRow) error {
	if len(list) == 0 {
		c.say("no tasks", "задач нет")
		return nil
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, c.tr("TICKET\tTASK\tDUE\tOWNER\tSTATE\tSORT\tCLIENT\tTEXT", "ЗАЯВКА\tЗАДАЧА\tСРОК\tКТО\tСОСТОЯНИЕ\tВИД\tКЛИЕНТ\tТЕКСТ"))
	for _, t := range list {
		when := "–"
		if !t.Due.IsZero() {
			when = c.moment(t.Due.Truncate(time.Minute))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", t.Number, t.Task, when, c.owner(t.Owner), c.taskState(t, c.now), c.taskSort(t.Sort), orDash(t.Org), printable(t.Text))
	}
	return w.Flush()
}

// owner is who has a task.
func (c *clerk) owner(id string) string {
	if id == "client" {
		return c.tr("client", "клиент")
	}
	return c.name(id)
}

// taskState says where a task stands.
func (c *clerk) taskState(t dispatch.TaskRow, now time.Time) string {
	switch {
	case t.Result != "":
		return c.taskResult(t.Result)
	case !t.Due.IsZero() && t.Due.Before(now):
		return c.tr("overdue", "просрочена")
	}
	return c.tr("open", "открыта")
}

func (c *clerk) taskResult(result string) string {
	switch result {
	case "done":
		return c.tr("done", "сделана")
	case "refused":
		return c.tr("refused", "отказ клиента")
	case "dropped":
		return c.tr("dropped", "не нужна")
	}
	return result
}

func (c *clerk) taskSort(sort string) string {
	switch sort {
	case dispatch.TaskRecommendation:
		return c.tr("recommendation", "рекомендация")
	case dispatch.TaskFollowUp:
		return c.tr("follow-up", "отложенное")
	case dispatch.TaskRootCause:
		return c.tr("root cause", "первопричина")
	}
	return sort
}

// Bounds of what is shown of tickets that are tasks by themselves.
const (
	openSeen   = 500 // open tickets that are looked at
	openedMost = 50  // those that are shown
)

// printOpened shows the open tickets that are tasks by themselves: those that the calendar has opened.
func (c *clerk) printOpened(f dispatch.TaskFilter) error {
	var list []ticket.Ticket
	err := withDesk(c.cmd, func(ctx context.Context, d desk.Desk, _ company) (err error) {
		list, err = d.Tickets(ctx, dispatch.TicketFilter{OpenOnly: true, Org: f.Org, Limit: openSeen})
		return err
	})
	list = slices.DeleteFunc(list, func(t ticket.Ticket) bool {
		return t.Class != ticket.Task || f.Owner != "" && t.Assignee != f.Owner && t.Acknowledged.By != f.Owner
	})
	if err != nil || len(list) == 0 {
		return err
	}
	c.say("\nTickets that are tasks (recurring ones, and those opened with --class task):", "\nЗаявки-задачи (регулярные и открытые с --class task):")
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	for _, t := range list[:min(len(list), openedMost)] {
		s, err := c.cases.Look(c.cmd.Context(), t.Number.String())
		if err != nil {
			return err
		}
		text, _, _ := strings.Cut(strings.TrimSpace(s.Opened.Text), "\n")
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", t.Number, c.moment(t.OpenedAt.Truncate(time.Minute)), c.name(cmp.Or(t.Assignee, t.Acknowledged.By)), orDash(printable(t.Client.OrgName)), printable(text))
	}
	return w.Flush()
}

func taskRecurring() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "recurring", Short: tr("list the tasks that the calendar opens", "показать задачи, которые открывает календарь"), Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withClerk(cmd, func(c *clerk) error {
				l, err := load(cmd)
				if err != nil {
					return err
				}
				return c.printRecurring(l.Config.Dispatch.Recurring, asJSON)
			})
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

// recurringJSON is a recurring task as programs read it.
type recurringJSON struct {
	ID       string `json:"id"`
	Text     string `json:"text"`
	Client   string `json:"client,omitempty"`
	Assignee string `json:"assignee,omitempty"`
	Every    string `json:"every"`
	On       string `json:"on,omitempty"`
	At       string `json:"at"`
}

func (c *clerk) printRecurring(list []dispatch.Recurring, asJSON bool) error {
	if asJSON {
		out := make([]recurringJSON, len(list))
		for i, r := range list {
			out[i] = recurringJSON(r)
		}
		return c.json(out)
	}
	if len(list) == 0 {
		c.say("no recurring tasks; the setting dispatch.recurring has them", "регулярных задач нет; их задаёт настройка dispatch.recurring")
		return nil
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, c.tr("ID\tWHEN\tWHO\tCLIENT\tTEXT", "ID\tКОГДА\tКТО\tКЛИЕНТ\tТЕКСТ"))
	for _, r := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", r.ID, c.rhythm(r), c.name(r.Assignee), orDash(r.Client), printable(r.Text))
	}
	return w.Flush()
}

// rhythm says when a recurring task comes.
func (c *clerk) rhythm(r dispatch.Recurring) string {
	switch r.Every {
	case "day":
		return c.tr("every day ", "каждый день ") + r.At
	case "weekday":
		return c.tr("on weekdays ", "по будням ") + r.At
	case "week":
		i := max(0, slices.Index([]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}, r.On))
		return c.tr("every week, ", "каждую неделю, ") + weekdayNames[c.lang][i] + " " + r.At
	}
	return fmt.Sprintf(c.tr("every month, on the %s, %s", "каждый месяц, %s-го, %s"), r.On, r.At)
}

// taskEnd makes a command that ends a task.
func taskEnd(use, result, en, ru string) *cobra.Command {
	return deed(use+" NUMBER TASK [NOTE…]", "end a task: "+en, "закончить задачу: "+ru, cobra.MinimumNArgs(2), func(c *clerk, args []string) error { //nolint:mnd // NUMBER TASK
		d, err := c.do(args[0], ticket.TaskDone{Task: args[1], Result: result, Note: strings.Join(args[2:], " ")})
		return c.done(d, err, "task %s: %s", "задача %s: %s", args[1], c.taskResult(result))
	})
}

func taskAssign() *cobra.Command {
	var due string
	cmd := deed("assign NUMBER TASK PERSON", "give a task to a person, or to the client; with --due, another date", "отдать задачу человеку или клиенту (client); с --due — и другой срок",
		cobra.ExactArgs(3), func(c *clerk, args []string) (err error) { //nolint:mnd // three
			s, err := c.cases.Look(c.cmd.Context(), args[0])
			if err != nil {
				return err
			}
			i := slices.IndexFunc(s.Todo, func(t ticket.Todo) bool { return t.Task == args[1] })
			if i < 0 {
				return fmt.Errorf(c.tr("ticket %s has no task %q; `vahta ticket task %s` lists them", "в заявке %s нет задачи %q; список: `vahta ticket task %s`"), s.Ticket.Number, args[1], s.Ticket.Number)
			}
			todo := s.Todo[i]
			if !todo.Ended.IsZero() {
				return fmt.Errorf(c.tr("task %s has ended: %s", "задача %s уже закончена: %s"), args[1], c.taskResult(todo.Result))
			}
			b := todo.Tasked
			if b.Owner = args[2]; b.Owner != "client" {
				if b.Owner, err = c.person(b.Owner); err != nil {
					return err
				}
			}
			if c.cmd.Flags().Changed("due") {
				if b.Due, err = c.ahead("due", due); err != nil {
					return err
				}
			}
			d, err := c.do(args[0], b)
			return c.done(d, err, "task %s is with %s", "задача %s за: %s", args[1], c.owner(b.Owner))
		})
	cmd.Flags().StringVar(&due, "due", "", tr("until when: 3d, 2026-12-31; empty = no date", "срок: 3d, 2026-12-31; пусто — без срока"))
	return cmd
}
