package dispatch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch/ticket"
)

// ChannelCalendar brings the tickets of recurring tasks.
const ChannelCalendar Channel = "calendar"

// Recurring is a task that comes again and again: an audit, a check of backups.
// Each time it becomes a ticket of class task that wakes nobody.
type Recurring struct {
	ID       string `yaml:"id"`
	Text     string `yaml:"text"`
	Client   string `yaml:"client"`   // id of the client that it is for; empty = our own
	Assignee string `yaml:"assignee"` // who has it; empty = whoever takes it
	Every    string `yaml:"every"`    // day, weekday (Monday to Friday), week or month
	On       string `yaml:"on"`       // of a week: mon to sun; of a month: 1 to 31, of a shorter one its last day
	At       string `yaml:"at"`       // wall clock of the company's zone, such as 09:00
}

// recurringFaults checks recurring tasks, each with the path of its field.
func recurringFaults(list []Recurring) (faults []error) {
	seen := map[string]bool{}
	for i, r := range list {
		fault := func(field, format string, args ...any) {
			faults = append(faults, fmt.Errorf("recurring[%d].%s: %w", i, field, fmt.Errorf(format, args...)))
		}
		if r.ID == "" || seen[r.ID] {
			fault("id", "%q: required, and may be used once", r.ID)
		}
		seen[r.ID] = true
		if strings.TrimSpace(r.Text) == "" {
			fault("text", "required: what is to be done")
		}
		if _, _, err := r.clock(); err != nil {
			fault("at", "%w", err)
		}
		switch r.Every {
		case "day", "weekday":
			if r.On != "" {
				fault("on", "%q: only a week or a month has a day", r.On)
			}
		case "week":
			if !slices.Contains(weekdays(), r.On) {
				fault("on", "%q: want a weekday, %s", r.On, strings.Join(weekdays(), ", "))
			}
		case "month":
			if n, err := strconv.Atoi(r.On); err != nil || n < 1 || n > 31 {
				fault("on", "%q: want a day of the month, 1 to 31", r.On)
			}
		default:
			fault("every", "%q: want day, weekday, week or month", r.Every)
		}
	}
	return faults
}

func weekdays() []string { return []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} }

// clock is the time of day.
func (r Recurring) clock() (hour, minute int, err error) {
	t, err := time.Parse("15:04", r.At)
	if err != nil {
		return 0, 0, fmt.Errorf("%q: want a time of day such as 09:00", r.At)
	}
	return t.Hour(), t.Minute(), nil
}

// on reports whether the task comes on a day.
func (r Recurring) on(day time.Time) bool {
	switch r.Every {
	case "day":
		return true
	case "weekday":
		return day.Weekday() != time.Saturday && day.Weekday() != time.Sunday
	case "week":
		return weekdays()[day.Weekday()] == r.On
	case "month":
		n, _ := strconv.Atoi(r.On)
		last := day.AddDate(0, 1, -day.Day()).Day()
		return day.Day() == min(n, last)
	}
	return false
}

// recurLate is how far back a time is made up for that nobody was there at.
const recurLate = 24 * time.Hour

// due returns the last time of the task not after now, in the zone's wall clock;
// ok is false when that is too long ago.
func (r Recurring) due(now time.Time, zone *time.Location) (at time.Time, ok bool) {
	hour, minute, err := r.clock()
	if err != nil {
		return time.Time{}, false
	}
	today := now.In(zone)
	for back := range 2 {
		day := time.Date(today.Year(), today.Month(), today.Day()-back, 12, 0, 0, 0, zone)
		at := time.Date(day.Year(), day.Month(), day.Day(), hour, minute, 0, 0, zone)
		if r.on(day) && !at.After(now) && now.Sub(at) < recurLate {
			return at, true
		}
	}
	return time.Time{}, false
}

// recurEvery is how often the calendar of recurring tasks is looked at.
const recurEvery = 30 * time.Second

// recur opens the tickets of recurring tasks until ctx ends.
func (d *Dispatcher) recur(ctx context.Context) {
	tick := time.NewTicker(recurEvery)
	defer tick.Stop()
	done := map[string]time.Time{} // by task: the last time that has its ticket
	told := false
	for {
		var err error
		d.survive(func() { err = d.recurOnce(ctx, done) })
		if err != nil && !told && ctx.Err() == nil && !errors.Is(err, ErrAway) {
			d.log.Error("a recurring task has no ticket yet; it is tried again", "err", err)
		}
		told = err != nil
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// recurOnce opens the tickets that are due. Of several nodes one does: the
// signal's key is the task and its time.
func (d *Dispatcher) recurOnce(ctx context.Context, done map[string]time.Time) error {
	var faults []error
	for _, r := range d.cfg.Recurring {
		at, ok := r.due(d.wall(), d.numbers.zone)
		if !ok || done[r.ID].Equal(at) {
			continue
		}
		by := Author{Person: byVahta, Channel: ChannelCalendar, At: d.now().UTC(), Key: r.ID + "/" + at.UTC().Format(time.RFC3339)}
		sig := Signal{Channel: ChannelCalendar, Key: by.Key, At: by.At, Raw: []byte(r.Text)}
		_, err := d.openFrom(ctx, sig, by, NewTicket{Class: ticket.Task, Org: r.Client, Text: r.Text, Assignee: r.Assignee})
		if err != nil {
			faults = append(faults, fmt.Errorf("open the ticket of recurring task %s: %w", r.ID, err))
			continue
		}
		done[r.ID] = at
	}
	return errors.Join(faults...)
}
