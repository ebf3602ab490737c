package dispatch_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// unreached returns what the ticket's log says of people that were paged in vain.
func unreached(t *testing.T, h *house, ref dispatch.Ref) (list []ticket.NobodyReached, at []time.Time) {
	t.Helper()
	log, err := h.Events(t.Context(), ref)
	must(t, err)
	for _, e := range log {
		if b, ok := e.Body.(ticket.NobodyReached); ok {
			list, at = append(list, b), append(at, e.At)
		}
	}
	return list, at
}

// Nobody can be reached, by whatever way it fails: within three minutes it is
// on record, once, and paging goes on.
func TestNobodyReached(t *testing.T) {
	t.Parallel()
	for name, all := range map[string]answer{
		"nobody answers":         {20 * time.Second, dispatch.ResultNoAnswer, nil},
		"mailboxes answer":       {40 * time.Second, dispatch.ResultNoAck, nil},
		"no operator takes it":   {0, "", fmt.Errorf("no trunk: %w", dispatch.ErrPermanent)},
		"a page never ends":      {time.Hour, dispatch.ResultNoAnswer, nil},
		"everybody is engaged":   {time.Second, dispatch.ResultBusy, nil},
		"everybody passes it on": {time.Second, dispatch.ResultEscalate, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := open(t, store.NewMemory(), map[string][]answer{"anna": {all}, "boris": {all}, "static": {all}})
				o, err := h.OpenCall(t.Context(), call("a", "89211234567"))
				must(t, err)
				h.lose(t, o, "a", dispatch.CallAbandoned)
				began := time.Now()
				wait(2 * time.Minute)
				if list, _ := unreached(t, h, o.Ref); len(list) != 0 {
					t.Errorf("too early: %+v", list)
				}
				wait(28 * time.Minute)
				list, at := unreached(t, h, o.Ref)
				if len(list) != 1 || at[0].Sub(began) > 3*time.Minute || list[0].Pages == 0 || list[0].Since.Sub(began) > time.Second {
					t.Fatalf("%+v at %v, paging began at %v", list, at, began)
				}
				if pages := strings.Count(h.phones.pages(), ","); pages < list[0].Pages {
					t.Errorf("paging stopped: %d pages, %d when nobody was reached", pages, list[0].Pages)
				}
			})
		})
	}
}

// Somebody who acknowledges in time was reached; when his client loses another
// call later, it is a new matter.
func TestSomebodyReached(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := open(t, store.NewMemory(), map[string][]answer{"anna": {
			{10 * time.Second, dispatch.ResultNoAnswer, nil},
			{5 * time.Second, dispatch.ResultAcknowledged, nil},
			{time.Second, dispatch.ResultNoAnswer, nil},
		}})
		o, err := h.OpenCall(t.Context(), call("a", "89211234567"))
		must(t, err)
		h.lose(t, o, "a", dispatch.CallAbandoned)
		wait(time.Hour)
		if list, _ := unreached(t, h, o.Ref); len(list) != 0 {
			t.Errorf("%+v", list)
		}
		again, err := h.OpenCall(t.Context(), call("b", "89211234567"))
		must(t, err)
		if !again.Joined {
			t.Fatal("the second call did not join")
		}
		began := time.Now()
		h.lose(t, again, "b", dispatch.CallAbandoned)
		wait(30 * time.Minute)
		list, at := unreached(t, h, o.Ref)
		if len(list) != 1 || at[0].Sub(began) > 3*time.Minute || list[0].Since.Before(began) {
			t.Errorf("%+v at %v", list, at)
		}
	})
}

// Paging stands still for half an hour, with pages ringing, waiting and due.
// Then it starts: what was resolved meanwhile wakes nobody, what is open is
// paged once, important clients first, and marked late.
func TestPagingStoppedHalfAnHour(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		silent := map[string][]answer{"anna": {{time.Hour, "", nil}}, "boris": {{time.Hour, "", nil}}, "static": {{time.Hour, "", nil}}}
		h := open(t, s, silent)
		var refs []dispatch.Ref
		for i := range 6 {
			id := fmt.Sprint("c", i)
			o, err := h.OpenCall(t.Context(), call(id, fmt.Sprintf("8921123456%d", i)))
			must(t, err)
			refs = append(refs, o.Ref)
			if i < 4 {
				h.lose(t, o, id, dispatch.CallAbandoned) // the others' ladders go on while everything stops
			}
			wait(time.Second)
		}
		h.stop()
		// While nothing pages, somebody else takes one, and closes another.
		desk, err := dispatch.New(dispatch.Default(), dispatch.Deps{Store: s, Archive: s, Directory: company(t)})
		must(t, err)
		must(t, desk.Acknowledge(t.Context(), refs[0], "vera", "cli", time.Now()))
		must(t, desk.CloseUnreported(t.Context(), refs[1], dispatch.Author{Person: "vera"}, "false alarm", "проверка"))
		wait(30 * time.Minute)

		h = open(t, s, map[string][]answer{"anna": {{5 * time.Second, dispatch.ResultAcknowledged, nil}}})
		wait(time.Second)
		about, twice := map[dispatch.Ref]int{}, map[string]int{}
		for _, n := range h.phones.notices() {
			if n.Alarm != "" {
				continue // a clock's, to whoever has the ticket
			}
			about[n.Ref]++
			if key := n.Ref.Number + " " + n.To; twice[key] > 0 {
				t.Errorf("paged twice: %s", key)
			} else {
				twice[key]++
			}
			if late := n.Late >= 27*time.Minute; late != (n.Ref == refs[2] || n.Ref == refs[3]) {
				t.Errorf("a page about %s is late by %v", n.Ref.Number, n.Late)
			}
		}
		for i, ref := range refs {
			if paged := about[ref] > 0; paged != (i >= 2) {
				t.Errorf("ticket %d was paged %d times", i, about[ref])
			}
		}
	})
}
