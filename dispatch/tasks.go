package dispatch

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch/sla"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// The sorts of tasks.
const (
	TaskRecommendation = "recommendation" // of the report: what the client should do, or have done
	TaskFollowUp       = "follow_up"
	TaskRootCause      = "rca"
)

// taskAhead is how long before a task is due its first reminder is.
const taskAhead = 24 * time.Hour

// task adds a task, changes one or ends it. Tasks outlive their ticket.
func (a *act) task(body ticket.Body) error {
	dossier, err := a.dossier()
	if err != nil {
		return err
	}
	find := func(name string) (ticket.Todo, bool) {
		i := slices.IndexFunc(dossier.Todo, func(t ticket.Todo) bool { return t.Task == name })
		if i < 0 {
			return ticket.Todo{}, false
		}
		return dossier.Todo[i], true
	}
	switch b := body.(type) {
	case ticket.Tasked:
		if b.Task == "" {
			b.Task = freeName("", func(name string) bool { _, ok := find(name); return ok })
		}
		if b.Sort == "" {
			b.Sort = TaskFollowUp
		}
		if strings.TrimSpace(b.Text) == "" {
			return a.refuse(b, "it says nothing")
		}
		if err := a.do(b); err != nil {
			return err
		}
		a.remind(b)
		return nil
	case ticket.TaskDone:
		todo, ok := find(b.Task)
		switch {
		case !ok:
			return a.refuse(b, "there is no task %q", b.Task)
		case !todo.Ended.IsZero():
			return a.refuse(b, "task %s has ended: %s", b.Task, todo.Result)
		case b.Result != "done" && b.Result != "refused" && b.Result != "dropped":
			return a.refuse(b, "%q is no result; use done, refused or dropped", b.Result)
		}
		if a.c.timer(taskTimer(b.Task)).Gen > 0 {
			a.change = a.change.without(TimerKey{a.c.Ticket.ID, taskTimer(b.Task)})
		}
	}
	return a.do(body)
}

// remind sets the timer of a task that has a due date.
func (a *act) remind(b ticket.Tasked) {
	timer := a.c.timer(taskTimer(b.Task))
	switch {
	case !b.Due.IsZero():
		at := b.Due.Add(-taskAhead)
		if at.Before(a.at) {
			at = b.Due
		}
		a.change = a.change.set(timer.moved(at))
	case timer.Gen > 0:
		a.change = a.change.without(TimerKey{a.c.Ticket.ID, timer.Kind})
	}
}

// TaskClock names the clock of a task in Warned: what is due is not a promise to
// the client.
func TaskClock(task string) sla.Name { return sla.Name(taskPrefix + task) }

// The levels of a task's reminders.
const (
	taskDueSoon = "due-1d"
	taskDue     = "due"
)

// wakeTask reminds of a task: a day before it is due, and when it is.
func (d *Dispatcher) wakeTask(ctx context.Context, c Case, kind TimerKind) (Change, error) {
	timer := c.timer(kind)
	if timer.Gen == 0 {
		return Change{}, nil
	}
	log, err := d.wholeLog(ctx, refOf(c.Ticket))
	if err != nil {
		return Change{}, err
	}
	dossier, err := ticket.Compile(log)
	if err != nil {
		return Change{}, err
	}
	key, now := TimerKey{c.Ticket.ID, kind}, d.now().UTC()
	i := slices.IndexFunc(dossier.Todo, func(t ticket.Todo) bool { return taskTimer(t.Task) == kind })
	if i < 0 || !dossier.Todo[i].Ended.IsZero() || dossier.Todo[i].Due.IsZero() {
		return Change{}.without(key), nil
	}
	todo := dossier.Todo[i]
	body := ticket.Warned{Clock: TaskClock(todo.Task), Level: taskDue, Late: lateness(timer.DueAt, now)}
	if todo.Owner != "" {
		body.To = []string{todo.Owner}
	}
	change := Change{}
	if todo.Due.After(now) {
		body.Level = taskDueSoon
		change = change.set(timer.moved(todo.Due))
	} else {
		change = change.without(key)
	}
	return c.take(change, ticket.Event{
		Ticket: c.Ticket.ID, At: now, By: byVahta, Key: fmt.Sprintf("task:%s:%s:%d", todo.Task, body.Level, todo.Due.UnixMicro()), Body: body,
	})
}
