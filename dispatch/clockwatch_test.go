package dispatch_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/sla"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// calls of a ticket that are of no interest to a transcript of its clocks.
var ofCalls = []ticket.Kind{
	ticket.KindOpened, ticket.KindAccepted, ticket.KindCallEnded, ticket.KindTimed, ticket.KindMessaged, ticket.KindSent, ticket.KindUnsent,
}

// Nobody makes a plan: the holder is reminded at 30 minutes, more people hear of
// it later, and the breach is on record. Each level is told once.
func TestPlanIsLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hears := []answer{{5 * time.Second, dispatch.ResultAcknowledged, nil}}
		b := newBureau(t, store.NewMemory(), map[string][]answer{"anna": hears, "boris": hears}, func(c *dispatch.Config) {
			c.EventChannels = []dispatch.Subscriber{{Channel: dispatch.ChannelEmail, To: "hook", Kinds: []string{"clock.warning", "clock.breached"}}}
		})
		ref := b.served("a", "89211234567")
		b.until(2 * time.Hour)
		b.expect("log", b.told(ref, append(slices.Clone(ofCalls), ticket.KindAttempted)...), `
			30m0s vahta clock_warned plan 30m [anna] late 0s
			45m0s vahta clock_warned plan 45m [anna boris] late 0s
			55m0s vahta clock_warned plan 55m [anna boris] late 0s
			1h0m0s vahta clock_warned plan breach [anna boris] late 0s`)
		if got := len(b.mail.sent); got != 4 {
			t.Errorf("%d events to the subscriber", got)
		}
		if tk, err := b.Ticket(t.Context(), ref.ID); err != nil || tk.Acknowledged.By != "anna" || tk.Reopened != 0 {
			t.Errorf("warnings took the ticket away: %+v %v", tk, err)
		}
	})
}

// A plan in time, a hot phase with a promised word that is broken, and calm once
// it is stabilised.
func TestWordIsPromised(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBureau(t, store.NewMemory(), map[string][]answer{
			"anna": {{5 * time.Second, dispatch.ResultAcknowledged, nil}}, "boris": {{time.Second, dispatch.ResultAcknowledged, nil}},
		})
		ref := b.served("a", "89211234567")
		b.until(20 * time.Minute)
		_, err := b.SavePlan(t.Context(), ref, anna(), plan(b.start.Add(10*time.Hour)))
		must(t, err)
		_, err = b.TellPlan(t.Context(), ref, anna(), dispatch.PlanWord{Spoken: true, With: "Иван"})
		must(t, err)
		must(t, b.Amend(t.Context(), ref, anna(), ticket.Moved{To: ticket.Hot}))
		b.until(40 * time.Minute)
		_, _, err = b.Update(t.Context(), ref, anna(), dispatch.UpdateWord{Text: "Контроллер заменён.", Next: b.start.Add(50 * time.Minute)})
		must(t, err)
		b.until(51 * time.Minute)
		_, _, err = b.Update(t.Context(), ref, anna(), dispatch.UpdateWord{Text: "База проверяется."})
		must(t, err)
		b.until(60 * time.Minute)
		told, err := b.Stabilise(t.Context(), ref, anna(), ticket.Restored{Statement: "1С работает.", Check: "вошли десять человек"})
		must(t, err)
		b.until(3 * time.Hour)
		b.expect("log", b.told(ref, append(slices.Clone(ofCalls), ticket.KindAttempted)...), `
			20m0s anna planned 1 complete true
			20m0s anna plan_told 1
			20m0s anna stage_moved plan_sent
			20m0s anna stage_moved hot
			40m0s anna updated
			45m0s vahta clock_warned next_update due-5m [anna] late 0s
			50m0s vahta clock_warned next_update breach [anna boris] late 0s
			51m0s anna updated
			1h0m0s anna stabilised`)
		if len(told) != 1 {
			t.Errorf("the client was not told that it works: %+v", told)
		}
		if c := b.clock(ref, sla.StabiliseClock, 0); c.Stop.IsZero() || c.Elapsed != time.Hour {
			t.Errorf("K3 %+v", c)
		}
		if got := b.mail.texts(); len(got) != 4 || !strings.HasSuffix(got[1], "Контроллер заменён.\n\nСледующее сообщение: до 03:50.") ||
			!strings.HasSuffix(got[3], "Работа восстановлена. 1С работает.") {
			t.Errorf("mail %q", got)
		}
	})
}

// The process is down while levels fall due: each is told once afterwards, marked
// late, and people are called once.
func TestLevelsAfterAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		b := newBureau(t, s, nil)
		ref := b.served("a", "89211234567")
		done := b.served("b", "89217654321")
		b.until(20 * time.Minute)
		b.stop()
		wait(30 * time.Minute)
		again := newBureau(t, s, map[string][]answer{
			"anna": {{5 * time.Second, dispatch.ResultAcknowledged, nil}}, "boris": {{time.Second, dispatch.ResultAcknowledged, nil}},
		})
		again.start = b.start
		must(t, again.CloseUnreported(t.Context(), done, anna(), "ложная тревога", "проверка"))
		again.until(52 * time.Minute)
		again.expect("log", again.told(ref, append(slices.Clone(ofCalls), ticket.KindAttempted)...), `
			50m0s vahta clock_warned plan 30m [] late 20m0s
			50m0s vahta clock_warned plan 45m [anna boris] late 5m0s`)
		if got := again.phones.pages(); got != "0s anna, 0s boris" && got != "0s boris, 0s anna" {
			t.Errorf("pages %q", got)
		}
		log, err := again.Events(t.Context(), done)
		must(t, err)
		warned := slices.ContainsFunc(log, func(e ticket.Event) bool {
			return e.Body.Kind() == ticket.KindWarned && e.At.After(b.start.Add(50*time.Minute))
		})
		if warned {
			t.Error("a closed ticket was warned of")
		}
	})
}

// A pause ends by itself, or by any word of the client; who begins one in the past
// must be a lead, and the client must know what is waited for.
func TestPauses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBureau(t, store.NewMemory(), nil)
		ref := b.served("a", "89211234567")
		p := ticket.Paused{Reason: ticket.WaitsForClient, Until: time.Now().Add(10 * time.Minute)}
		var refused *ticket.IllegalError
		if _, err := b.Pause(t.Context(), ref, anna(), p); !errors.As(err, &refused) {
			t.Errorf("waits for a client who was not asked: %v", err)
		}
		_, err := b.Tell(t.Context(), ref, anna(), dispatch.Word{Purpose: ticket.ForQuestion, Text: "Нужен пароль."})
		must(t, err)
		early := p
		early.From = time.Now().Add(-16 * time.Minute)
		if _, err := b.Pause(t.Context(), ref, anna(), early); !errors.As(err, &refused) {
			t.Errorf("began long ago: %v", err)
		}
		if _, err := b.Pause(t.Context(), ref, anna(), ticket.Paused{Reason: "lunch", Until: p.Until}); !errors.As(err, &refused) {
			t.Errorf("paused for lunch: %v", err)
		}
		name, err := b.Pause(t.Context(), ref, anna(), p)
		must(t, err)
		b.until(20 * time.Minute)
		p.Reason, p.Until = ticket.WaitsForVendor, time.Now().Add(time.Hour)
		second, err := b.Pause(t.Context(), ref, boris(), p)
		must(t, err)
		must(t, b.Resume(t.Context(), ref, anna(), second))
		if name != "p1" || second != "p2" {
			t.Errorf("pauses %s %s", name, second)
		}
		if err := b.Resume(t.Context(), ref, anna(), "p9"); !errors.As(err, &refused) {
			t.Errorf("ended a pause that is not: %v", err)
		}
		b.expect("log", b.told(ref, append(slices.Clone(ofCalls), ticket.KindAttempted)...), `
			59s anna paused p1 client
			10m59s vahta resumed p1 due
			20m0s boris paused p2 third_party
			20m0s anna resumed p2 desk`)
	})
}

// A ticket that nobody is to be woken for is warned of in the log alone.
func TestQuietTicketsPageNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBureau(t, store.NewMemory(), nil)
		ref, err := b.Open(t.Context(), anna(), dispatch.NewTicket{Class: ticket.Incident, Priority: ticket.High, Text: "принтер", Assignee: "anna"})
		must(t, err)
		b.until(5 * time.Hour)
		b.see("")
		b.expect("log", b.told(ref, ofCalls...), `
			0s anna acknowledged opened
			2h0m0s vahta clock_warned plan 120m [] late 0s
			3h0m0s vahta clock_warned plan 180m [] late 0s
			3h40m0s vahta clock_warned plan 220m [] late 0s
			4h0m0s vahta clock_warned plan breach [] late 0s`)
	})
}

// The clocks of the analysis tell who has the ticket and the shift lead, by day:
// a promise of days wakes nobody.
func TestRootCauseIsLate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answers map[string][]answer
		rings   string
	}{
		"both hear it":           {map[string][]answer{"anna": {{time.Second, dispatch.ResultAcknowledged, nil}}, "boris": {{time.Minute, dispatch.ResultNoAnswer, nil}}}, "anna boris"},
		"nobody but the lead is": {map[string][]answer{"anna": {{time.Second, dispatch.ResultUnreachable, nil}}, "boris": {{time.Second, dispatch.ResultAcknowledged, nil}}}, "anna boris"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBureau(t, store.NewMemory(), c.answers)
				ref := b.served("a", "89211234567")
				_, err := b.SavePlan(t.Context(), ref, anna(), plan(b.start.Add(10*time.Hour)))
				must(t, err)
				_, err = b.TellPlan(t.Context(), ref, anna(), dispatch.PlanWord{Spoken: true, With: "Иван"})
				must(t, err)
				b.until(time.Hour) // 04:00 in Moscow
				_, err = b.Stabilise(t.Context(), ref, anna(), ticket.Restored{Statement: "1С работает.", Check: "вошли десять человек"})
				must(t, err)
				b.until(8 * 24 * time.Hour)
				const day = 24 * time.Hour
				var warned []string
				log, err := b.Events(t.Context(), ref)
				must(t, err)
				for _, e := range log {
					if w, ok := e.Body.(ticket.Warned); ok && w.Clock == sla.RootCauseClock {
						slices.Sort(w.To)
						warned = append(warned, e.At.Sub(b.start).String()+" "+w.Level+" "+strings.Join(w.To, " "))
					}
				}
				// The business days end at 21:00 in Moscow: it is told the next morning.
				want := []string{(6*day + 6*time.Hour).String() + " due-1bd " + c.rings, (7*day + 6*time.Hour).String() + " breach " + c.rings}
				if !slices.Equal(warned, want) {
					t.Errorf("told %q\nwant %q", warned, want)
				}
				b.phones.mu.Lock()
				defer b.phones.mu.Unlock()
				calls := 0
				for i, n := range b.phones.seen {
					if !strings.HasPrefix(n.Alarm, "root_cause") {
						continue
					}
					calls++
					if local := b.phones.seenTimes[i].UTC().Add(3 * time.Hour); local.Hour() < 9 || local.Hour() >= 20 {
						t.Errorf("%s was called at %v in Moscow", n.Person.ID, local.Format(time.TimeOnly))
					}
				}
				if calls != 4 {
					t.Errorf("%d calls about it, want 4", calls)
				}
			})
		})
	}
}
