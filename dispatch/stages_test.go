package dispatch_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/sla"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// A ticket is stabilised by what works again and how that was checked; within 72
// hours the client's call reopens nothing by itself, but the desk can, and people
// are paged unless somebody takes it.
func TestStabiliseAndReopen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBureau(t, store.NewMemory(), nil)
		ref := b.served("a", "89211234567")
		var refused *ticket.IllegalError
		if err := b.Amend(t.Context(), ref, anna(), ticket.Moved{To: ticket.Stabilised}); !errors.As(err, &refused) {
			t.Errorf("moved without a check: %v", err)
		}
		if _, err := b.Stabilise(t.Context(), ref, anna(), ticket.Restored{Statement: "Работает"}); !errors.As(err, &refused) {
			t.Errorf("stabilised without a check: %v", err)
		}
		if err := b.Reopen(t.Context(), ref, anna(), ticket.Reopened{Reason: "снова"}); !errors.As(err, &refused) {
			t.Errorf("reopened what is open: %v", err)
		}
		_, err := b.Stabilise(t.Context(), ref, anna(), ticket.Restored{Statement: "Работает", Check: "вход в 1С"})
		must(t, err)
		must(t, b.CloseUnreported(t.Context(), ref, anna(), "", "проверка"))
		b.until(time.Hour)
		must(t, b.Reopen(t.Context(), ref, boris(), ticket.Reopened{Reason: "снова"}))
		tk, err := b.Ticket(t.Context(), ref.ID)
		must(t, err)
		if !tk.Open() || tk.Acknowledged.By != "boris" || tk.Cycle != 1 {
			t.Errorf("reopened %+v", tk)
		}
		b.see("")
		if k1 := b.clock(ref, sla.FirstContactClock, 1); k1.Cycle != 0 && k1.Start.Before(b.start.Add(time.Hour)) {
			t.Errorf("K1 of the new cycle %+v", k1)
		}
		must(t, b.CloseUnreported(t.Context(), ref, boris(), "", "проверка"))
		b.until(2 * time.Hour)
		must(t, b.Reopen(t.Context(), ref, dispatch.Author{}, ticket.Reopened{Reason: "сигнал"}))
		b.until(2*time.Hour + time.Minute)
		if got := b.phones.pages(); !strings.HasPrefix(got, "2h0m0s boris") {
			t.Errorf("pages %q, want whoever had it first", got)
		}
	})
}

// Whoever is given a ticket without being asked is paged; who has agreed is not.
// Each has his own working time.
func TestAssignAndHandOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBureau(t, store.NewMemory(), map[string][]answer{"boris": {{5 * time.Second, dispatch.ResultAcknowledged, nil}}})
		ref := b.served("a", "89211234567")
		must(t, b.Amend(t.Context(), ref, anna(), ticket.Moved{To: ticket.Diagnosis}))
		b.until(11 * time.Minute)
		var refused *ticket.IllegalError
		if err := b.Assign(t.Context(), ref, anna(), "nobody", ""); !errors.As(err, &refused) {
			t.Errorf("assigned to nobody: %v", err)
		}
		if err := b.HandOver(t.Context(), ref, anna(), "vera", " "); !errors.As(err, &refused) {
			t.Errorf("handed over without a word: %v", err)
		}
		must(t, b.Assign(t.Context(), ref, anna(), "boris", "знает 1С"))
		b.until(12 * time.Minute)
		b.see("11m0s boris")
		b.until(31 * time.Minute)
		must(t, b.HandOver(t.Context(), ref, boris(), "vera", "диск заменён, идёт восстановление"))
		b.until(32 * time.Minute)
		b.see("11m0s boris, 30m0s boris")
		must(t, b.Amend(t.Context(), ref, dispatch.Author{Person: "vera"}, ticket.Moved{To: ticket.Hot}))
		b.expect("log", b.told(ref, ticket.KindOpened, ticket.KindAccepted, ticket.KindCallEnded, ticket.KindMessaged, ticket.KindSent, ticket.KindAttempted, ticket.KindWarned), `
			59s vahta timed anna call 40s
			59s anna stage_moved diagnosis
			11m0s vahta timed anna stage 10m1s
			11m0s anna assigned boris
			31m0s vahta timed boris stage 20m0s
			31m0s boris handed_over boris → vera
			32m0s vera stage_moved hot
			32m0s vahta timed vera stage 1m0s`)
	})
}

// Whom a ticket is given to that nobody has is paged at once, before the ladder
// goes on.
func TestAssignWhilePaging(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBureau(t, store.NewMemory(), map[string][]answer{"vera": {{5 * time.Second, dispatch.ResultAcknowledged, nil}}})
		o, err := b.OpenCall(t.Context(), call("a", "89211234567"))
		must(t, err)
		b.lost("a", o.Ref)
		b.until(10 * time.Second)
		must(t, b.Assign(t.Context(), o.Ref, boris(), "vera", "её клиент"))
		b.until(5 * time.Minute)
		b.see("0s anna, 10s vera")
		if tk, err := b.Ticket(t.Context(), o.ID); err != nil || tk.Acknowledged.By != "vera" {
			t.Errorf("acknowledged %+v %v", tk.Acknowledged, err)
		}
	})
}

// A ticket is opened by hand once, however often its form is sent; a client and a
// person that are not known are refused.
func TestOpenByHand(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBureau(t, store.NewMemory(), nil)
		by := anna()
		by.Key = "new-1"
		want := dispatch.NewTicket{Class: ticket.Request, Org: "romashka", Text: "Нужен аудит", Assignee: "anna"}
		one, err := b.Open(t.Context(), by, want)
		must(t, err)
		two, err := b.Open(t.Context(), by, want)
		must(t, err)
		tk, err := b.Ticket(t.Context(), one.ID)
		must(t, err)
		if one != two || tk.Priority != ticket.Normal || tk.Client.OrgName != "ООО «Ромашка»" || tk.Acknowledged.By != "anna" || tk.Policy == "" {
			t.Errorf("%v, %v: %+v", one, two, tk)
		}
		for _, wrong := range []dispatch.NewTicket{{Text: " "}, {Text: "x", Org: "nobody"}, {Text: "x", Assignee: "nobody"}} {
			if _, err := b.Open(t.Context(), anna(), wrong); err == nil {
				t.Errorf("opened %+v", wrong)
			}
		}
		emergency, err := b.Open(t.Context(), dispatch.Author{Person: "boris"}, dispatch.NewTicket{Text: "шифровальщик", Category: ticket.Security})
		must(t, err)
		b.until(time.Minute)
		if got := b.phones.pages(); !strings.HasPrefix(got, "0s anna") {
			t.Errorf("pages %q of %s", got, emergency.Number)
		}
	})
}

// Calls, sessions and stages make time entries that do not overlap; the engineer
// confirms them, and the contract's smallest piece is counted.
func TestWorkTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBureau(t, store.NewMemory(), nil)
		ref := b.served("a", "89211234567")
		must(t, b.Amend(t.Context(), ref, anna(), ticket.Moved{To: ticket.Diagnosis}))
		b.until(5 * time.Minute)
		e, err := b.Do(t.Context(), ref, anna(), ticket.Connected{Asset: "srv", Way: "rdp"})
		must(t, err)
		if s := e.Body.(ticket.Connected).Session; s != "s1" {
			t.Errorf("session %q", s)
		}
		b.until(12 * time.Minute)
		must(t, b.Amend(t.Context(), ref, anna(), ticket.Disconnected{}))
		b.until(15 * time.Minute)
		_, err = b.Do(t.Context(), ref, anna(), ticket.Connected{Way: "ssh"})
		must(t, err)
		b.until(20 * time.Minute)
		_, err = b.Do(t.Context(), ref, boris(), ticket.Timed{From: b.start, To: b.start.Add(time.Hour)})
		var refused *ticket.IllegalError
		if !errors.As(err, &refused) {
			t.Errorf("time that is not over: %v", err)
		}
		must(t, b.CloseUnreported(t.Context(), ref, anna(), "готово", "проверка"))
		must(t, b.Amend(t.Context(), ref, anna(), ticket.TimeSettled{Entry: "session-s1", Time: 7 * time.Minute}))
		if err := b.Amend(t.Context(), ref, anna(), ticket.TimeSettled{Entry: "none"}); !errors.As(err, &refused) {
			t.Errorf("settled nothing: %v", err)
		}
		dossier, err := b.Dossier(t.Context(), ref)
		must(t, err)
		var sum time.Duration
		for i, x := range dossier.Times {
			sum += x.To.Sub(x.From)
			for _, y := range dossier.Times[i+1:] {
				if x.From.Before(y.To) && y.From.Before(x.To) {
					t.Errorf("%+v and %+v overlap", x.Timed, y.Timed)
				}
			}
		}
		if sum != 19*time.Minute+41*time.Second {
			t.Errorf("%v of work, anna was at it for 19m41s", sum)
		}
		i := slices.IndexFunc(dossier.Times, func(x ticket.TimeEntry) bool { return x.Entry == "session-s1" })
		if got := dossier.Times[i].Counts; got != 15*time.Minute {
			t.Errorf("7 minutes count as %v, the contract says quarters of an hour", got)
		}
	})
}

// Sessions that are open while stages pass, and that overlap, count once.
func TestSessionsCountOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBureau(t, store.NewMemory(), nil)
		ref := b.served("a", "89211234567")
		must(t, b.Amend(t.Context(), ref, anna(), ticket.Moved{To: ticket.Diagnosis}))
		b.until(5 * time.Minute)
		must(t, b.Amend(t.Context(), ref, anna(), ticket.Connected{Way: "rdp"}))
		b.until(10 * time.Minute)
		must(t, b.Amend(t.Context(), ref, anna(), ticket.Connected{Way: "console"}))
		b.until(20 * time.Minute)
		must(t, b.Amend(t.Context(), ref, anna(), ticket.Restored{Statement: "1С работает", Check: "вход"}))
		must(t, b.Amend(t.Context(), ref, anna(), ticket.Disconnected{Session: "s2"}))
		b.until(25 * time.Minute)
		must(t, b.Amend(t.Context(), ref, anna(), ticket.Disconnected{Session: "s1"}))
		dossier, err := b.Dossier(t.Context(), ref)
		must(t, err)
		var sum, remote time.Duration
		for i, x := range dossier.Times {
			sum += x.To.Sub(x.From)
			if x.Source == "session" {
				remote += x.To.Sub(x.From)
			}
			for _, y := range dossier.Times[i+1:] {
				if x.From.Before(y.To) && y.From.Before(x.To) {
					t.Errorf("%+v and %+v overlap", x.Timed, y.Timed)
				}
			}
		}
		if remote != 20*time.Minute {
			t.Errorf("%v of remote work, want 20m: the stage takes none of it", remote)
		}
		if most := 25 * time.Minute; sum > most || sum < most-time.Minute {
			t.Errorf("%v of work, anna was at it for %v", sum, most)
		}
	})
}

// A task is reminded of a day before it is due and when it is, also after its
// ticket was closed, until it is done.
func TestTasksAreRemindedOf(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBureau(t, store.NewMemory(), nil)
		ref := b.served("a", "89211234567")
		set := func(due time.Duration) string {
			e, err := b.Do(t.Context(), ref, anna(), ticket.Tasked{Sort: dispatch.TaskRecommendation, Text: "SMART", Owner: "client", Due: b.start.Add(due)})
			must(t, err)
			return e.Body.(ticket.Tasked).Task
		}
		one, two := set(72*time.Hour), set(96*time.Hour)
		must(t, b.CloseUnreported(t.Context(), ref, anna(), "", "проверка"))
		b.until(50 * time.Hour)
		must(t, b.Amend(t.Context(), ref, anna(), ticket.TaskDone{Task: two, Result: "done"}))
		var refused *ticket.IllegalError
		for _, again := range []ticket.TaskDone{{Task: two, Result: "done"}, {Task: "9", Result: "done"}, {Task: one, Result: "perhaps"}} {
			if err := b.Amend(t.Context(), ref, anna(), again); !errors.As(err, &refused) {
				t.Errorf("%+v: %v", again, err)
			}
		}
		b.until(200 * time.Hour)
		b.expect("log", b.told(ref, append(slices.Clone(ofCalls), ticket.KindMoved)...), `
			59s anna tasked 1
			59s anna tasked 2
			48h0m0s vahta clock_warned task:1 due-1d [client] late 0s
			50h0m0s anna task_done 2 done
			72h0m0s vahta clock_warned task:1 due [client] late 0s`)
	})
}

// What is left of a span when others are taken out of it never overlaps them, and
// with them covers the whole.
func TestWithoutProperty(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		minute := func(name string) int { return rapid.IntRange(0, 60).Draw(rt, name) }
		from := minute("from")
		whole := [2]int{from, from + minute("length")}
		var others [][2]int
		for range rapid.IntRange(0, 5).Draw(rt, "others") {
			f := minute("f")
			others = append(others, [2]int{f, f + minute("l")})
		}
		covered := func(list [][2]int, m int) bool {
			return slices.ContainsFunc(list, func(s [2]int) bool { return s[0] <= m && m < s[1] })
		}
		pieces := dispatch.Without(whole, others)
		for m := range 130 {
			inside := whole[0] <= m && m < whole[1]
			if covered(pieces, m) != (inside && !covered(others, m)) {
				rt.Fatalf("minute %d of %v without %v: %v", m, whole, others, pieces)
			}
		}
	})
}

// A ticket that is no emergency any more is paged about by nobody, also by an
// alarm that is under way; the clocks of the lower priority go on in the log.
func TestDowngradeStopsAlarms(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBureau(t, store.NewMemory(), nil)
		ref := b.served("a", "89211234567")
		b.until(45*time.Minute + 5*time.Second)
		before := b.phones.pages()
		if !strings.Contains(before, "45m0s anna") {
			t.Fatalf("pages %q", before)
		}
		var refused *ticket.IllegalError
		if err := b.Amend(t.Context(), ref, anna(), ticket.Prioritised{Priority: ticket.Normal}); !errors.As(err, &refused) {
			t.Errorf("downgraded without a reason: %v", err)
		}
		must(t, b.Amend(t.Context(), ref, anna(), ticket.Prioritised{Priority: ticket.Normal, Reason: "один принтер"}))
		b.until(5 * time.Hour)
		if got := b.phones.pages(); got != before {
			t.Errorf("pages %q, before the downgrade %q", got, before)
		}
	})
}

// Two nodes work on one ticket at the same time: each decision is made on the
// ticket as it is, none is lost.
func TestTwoNodesAtOneTicket(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		nodes := []*bureau{newNode(t, s, "a", nil), newNode(t, s, "b", nil)}
		ref := nodes[0].served("a", "89211234567")
		versions := make(chan int, 20)
		for i := range 20 {
			go func() {
				p := plan(nodes[0].start.Add(10 * time.Hour))
				p.Reason = "новые данные"
				v, err := nodes[i%2].SavePlan(t.Context(), ref, anna(), p)
				if err != nil {
					t.Error(err)
				}
				versions <- v
			}()
		}
		var got []int
		for range 20 {
			got = append(got, <-versions)
		}
		slices.Sort(got)
		for i, v := range got {
			if v != i+1 {
				t.Fatalf("versions %v", got)
			}
		}
		dossier, err := nodes[1].Dossier(t.Context(), ref)
		must(t, err)
		if len(dossier.Plans) != 20 {
			t.Errorf("%d plans on record", len(dossier.Plans))
		}
	})
}
