package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

var (
	_ dispatch.TaskList = (*SQL)(nil)
	_ dispatch.TaskList = (*Memory)(nil)
)

// taskPage is how many tasks a list without a limit has.
const taskPage = 100

// writeTasks brings the list of tasks in line with the events.
func (e *encoded) writeTasks(ctx context.Context, w *writer) error {
	for _, ev := range e.Events {
		var err error
		switch b := ev.Body.(type) {
		case ticket.Tasked:
			_, err = w.exec(ctx, `INSERT INTO tasks (ticket, task, sort, words, priority, owner, set_at, due_at, ended_at, result)
				VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, '') ON CONFLICT (ticket, task) DO UPDATE SET sort = excluded.sort, words = excluded.words,
				priority = excluded.priority, owner = excluded.owner, due_at = excluded.due_at, ended_at = 0, result = ''`,
				ev.Ticket, b.Task, b.Sort, b.Text, int64(b.Priority), b.Owner, micros(ev.At), micros(b.Due))
		case ticket.TaskDone:
			_, err = w.exec(ctx, `UPDATE tasks SET ended_at = ?, result = ? WHERE ticket = ? AND task = ?`, micros(ev.At), b.Result, ev.Ticket, b.Task)
		}
		if err != nil {
			return fmt.Errorf("write task of ticket %s: %w", ev.Ticket, err)
		}
	}
	return nil
}

// Tasks implements dispatch.TaskList.
func (s *SQL) Tasks(ctx context.Context, f dispatch.TaskFilter) ([]dispatch.TaskRow, error) {
	where, args := []string{"1 = 1"}, []any{}
	only := func(clause string, arg any) {
		where, args = append(where, clause), append(args, arg)
	}
	if !f.All {
		where = append(where, "k.ended_at = 0")
	}
	if f.Owner != "" {
		only("k.owner = ?", f.Owner)
	}
	if f.Org != "" {
		only("t.org = ?", f.Org)
	}
	if f.Ticket != "" {
		only("k.ticket = ?", f.Ticket)
	}
	if !f.DueBefore.IsZero() {
		where = append(where, "k.due_at > 0")
		only("k.due_at < ?", micros(f.DueBefore))
	}
	query := `SELECT k.ticket, t.year, t.seq, t.org, k.task, k.sort, k.words, k.priority, k.owner, k.set_at, k.due_at, k.ended_at, k.result
		FROM tasks AS k JOIN tickets AS t ON t.id = k.ticket WHERE ` + strings.Join(where, " AND ") + `
		ORDER BY CASE WHEN k.due_at = 0 THEN 1 ELSE 0 END, k.due_at, k.set_at, k.ticket, k.task LIMIT ?`
	args = append(args, cmp.Or(max(0, f.Limit), taskPage))
	return ask(ctx, s, func(ctx context.Context, db *bun.DB) (list []dispatch.TaskRow, err error) {
		rows, err := db.QueryContext(ctx, query, args...)
		if err != nil {
			return nil, fmt.Errorf("list tasks: %w", err)
		}
		defer rows.Close() //nolint:errcheck // its error is rows.Err
		for rows.Next() {
			var r dispatch.TaskRow
			var n ticket.Number
			var priority, set, due, ended int64
			err := rows.Scan(&r.ID, &n.Year, &n.Seq, &r.Org, &r.Task, &r.Sort, &r.Text, &priority, &r.Owner, &set, &due, &ended, &r.Result)
			if err != nil {
				return nil, fmt.Errorf("read task: %w", err)
			}
			r.Number, r.Priority = n.String(), ticket.Priority(priority)
			r.SetAt, r.Due, r.EndedAt = instant(set), instant(due), instant(ended)
			list = append(list, r)
		}
		return list, rows.Err()
	})
}

// Tasks implements dispatch.TaskList.
func (m *Memory) Tasks(ctx context.Context, f dispatch.TaskFilter) ([]dispatch.TaskRow, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var list []dispatch.TaskRow
	for id, log := range m.db.events {
		of := m.db.tickets[id]
		for _, r := range tasksOf(of, log) {
			switch {
			case !f.All && !r.EndedAt.IsZero(), f.Owner != "" && r.Owner != f.Owner, f.Org != "" && r.Org != f.Org, f.Ticket != "" && r.ID != f.Ticket:
			case !f.DueBefore.IsZero() && (r.Due.IsZero() || !r.Due.Before(f.DueBefore)):
			default:
				list = append(list, r)
			}
		}
	}
	slices.SortFunc(list, func(a, b dispatch.TaskRow) int {
		never := func(t time.Time) int {
			if t.IsZero() {
				return 1
			}
			return 0
		}
		return cmp.Or(never(a.Due)-never(b.Due), a.Due.Compare(b.Due), a.SetAt.Compare(b.SetAt), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Task, b.Task))
	})
	return list[:min(len(list), cmp.Or(max(0, f.Limit), taskPage))], nil
}

// tasksOf reads the tasks of one log.
func tasksOf(t ticket.Ticket, log []ticket.Event) (list []dispatch.TaskRow) {
	find := func(task string) int {
		return slices.IndexFunc(list, func(r dispatch.TaskRow) bool { return r.Task == task })
	}
	for _, e := range log {
		switch b := e.Body.(type) {
		case ticket.Tasked:
			r := dispatch.TaskRow{
				Ref: dispatch.Ref{ID: t.ID, Number: t.Number.String()}, Org: t.Client.Org, Task: b.Task, Sort: b.Sort, Text: b.Text,
				Priority: b.Priority, Owner: b.Owner, SetAt: e.At, Due: instant(micros(b.Due)),
			}
			if i := find(b.Task); i >= 0 {
				r.SetAt, list[i] = list[i].SetAt, r
				list[i].SetAt = r.SetAt
			} else {
				list = append(list, r)
			}
		case ticket.TaskDone:
			if i := find(b.Task); i >= 0 {
				list[i].EndedAt, list[i].Result = e.At, b.Result
			}
		}
	}
	return list
}
