package dispatch_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
)

// Recurring tasks become tickets at their times, once for all nodes and all
// starts; a time at which nobody was there is made up for within a day.
func TestRecurringTasks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		tasks := func(c *dispatch.Config) {
			c.Recurring = []dispatch.Recurring{
				{ID: "backups", Text: "Проверить резервные копии", Client: "romashka", Assignee: "anna", Every: "weekday", At: "09:00"},
				{ID: "audit", Text: "Аудит", Every: "month", On: "31", At: "10:00"},
				{ID: "log", Text: "Журналы", Every: "week", On: "sun", At: "03:30"},
			}
		}
		one := newBureau(t, s, nil, tasks) // Saturday 1 January 2000, 03:00 in Moscow
		newBureau(t, s, nil, tasks)
		one.until(54 * time.Hour) // Monday 09:00
		one.stop()
		wait(13 * time.Hour)
		newBureau(t, s, nil, tasks)
		wait(time.Minute)
		synctest.Wait()
		list, err := one.ListTickets(t.Context(), dispatch.TicketFilter{})
		must(t, err)
		var got []string
		for _, tk := range list {
			got = append(got, fmt.Sprintf("%s %s %s %s %s", tk.OpenedAt.In(moscow(t)).Format("Mon 15:04"), tk.Class, tk.Priority, tk.Client.Org, tk.Assignee))
		}
		slices.Sort(got)
		want := []string{
			"Mon 09:00 task normal romashka anna", "Sat 03:00 task normal  ", "Sat 03:00 task normal romashka anna", // of Friday, made up for
			"Sun 03:30 task normal  ",
		}
		if !slices.Equal(got, want) {
			t.Errorf("tickets %q, want %q", got, want)
		}
		one.see("")
	})
}

func moscow(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Moscow")
	must(t, err)
	return zone
}

// A calendar that can not be read is refused with the path of each fault.
func TestRecurringFaults(t *testing.T) {
	t.Parallel()
	cfg := dispatch.Default()
	cfg.Recurring = []dispatch.Recurring{
		{ID: "a", Text: "x", Every: "day", At: "9"},
		{ID: "a", Text: " ", Every: "week", On: "monday", At: "09:00"},
		{Text: "x", Every: "month", On: "32", At: "09:00"},
		{ID: "b", Text: "x", Every: "day", On: "mon", At: "09:00"},
		{ID: "c", Text: "x", Every: "year", At: "09:00"},
	}
	err := cfg.Validate()
	if err == nil {
		t.Fatal("accepted")
	}
	for _, says := range []string{
		"recurring[0].at", "recurring[1].id", "recurring[1].text", "recurring[1].on", "recurring[2].id", "recurring[2].on", "recurring[3].on", "recurring[4].every",
	} {
		if !strings.Contains(err.Error(), says) {
			t.Errorf("%v does not say %q", err, says)
		}
	}
}
