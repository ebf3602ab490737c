package store

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/butlerspb/vahta/dispatch"
)

// What went out to a person by a channel is shown to whoever is about to send
// more; what is refused leaves nothing.
func suiteSends(t *testing.T, s record) {
	t.Helper()
	var seen []dispatch.Send
	see := func(answer bool) func([]dispatch.Send) bool {
		return func(sent []dispatch.Send) bool { seen = sent; return answer }
	}
	send := func(n int, person string, channel dispatch.Channel) dispatch.Send {
		return dispatch.Send{
			Notice: fmt.Sprint("n", n), Person: person, Channel: channel, Ticket: fmt.Sprint("t", n), Page: n, Party: "org:romashka",
			At: t0.Add(time.Duration(n) * time.Minute),
		}
	}
	for n := range 4 {
		must(t, s.Admit(t.Context(), send(n, "anna", dispatch.ChannelVoice), t0, see(n != 2)))
	}
	must(t, s.Admit(t.Context(), send(9, "anna", "sms"), t0, see(true)))
	must(t, s.Admit(t.Context(), send(8, "boris", dispatch.ChannelVoice), t0, see(true)))
	if len(seen) != 0 {
		t.Errorf("another person's: %+v", seen)
	}
	must(t, s.Admit(t.Context(), send(3, "anna", dispatch.ChannelVoice), t0.Add(time.Minute), see(true))) // the same notice again
	if d := cmp.Diff([]dispatch.Send{send(1, "anna", dispatch.ChannelVoice), send(3, "anna", dispatch.ChannelVoice)}, seen); d != "" {
		t.Error(d)
	}
	must(t, s.Admit(t.Context(), send(5, "anna", dispatch.ChannelVoice), t0, see(false)))
	if len(seen) != 2 {
		t.Errorf("what is too old to be asked for has not gone: %+v", seen)
	}
}

// A send that is taken back is shown to nobody: no other one goes with it, and a
// newer one of the same notice stays.
func suiteSendsTakenBack(t *testing.T, s record) {
	t.Helper()
	send := func(notice, person string, channel dispatch.Channel, after time.Duration) dispatch.Send {
		return dispatch.Send{Notice: notice, Person: person, Channel: channel, Ticket: "t1", Page: 1, Party: "org:romashka", At: t0.Add(after)}
	}
	yes := func([]dispatch.Send) bool { return true }
	seen := func(person string, channel dispatch.Channel) (names []string) {
		must(t, s.Admit(t.Context(), send("look", person, channel, 0), t0, func(sent []dispatch.Send) bool {
			names = nil
			for _, one := range sent {
				names = append(names, one.Notice)
			}
			return false
		}))
		return names
	}
	a, b := send("a", "anna", dispatch.ChannelVoice, 0), send("b", "anna", dispatch.ChannelVoice, time.Second)
	sms, boris := send("a", "anna", "sms", 0), send("a", "boris", dispatch.ChannelVoice, 0)
	for _, one := range []dispatch.Send{a, b, sms, boris} {
		must(t, s.Admit(t.Context(), one, t0, yes))
	}
	must(t, s.TakeBack(t.Context(), a))
	must(t, s.TakeBack(t.Context(), a)) // once more is no fault
	old := b
	old.At = t0
	must(t, s.TakeBack(t.Context(), old)) // it has gone out anew since
	for _, c := range []struct {
		got  []string
		want string
	}{{seen("anna", dispatch.ChannelVoice), "[b]"}, {seen("anna", "sms"), "[a]"}, {seen("boris", dispatch.ChannelVoice), "[a]"}} {
		if fmt.Sprint(c.got) != c.want {
			t.Errorf("counted are %v, want %s", c.got, c.want)
		}
	}
}

// Of many who ask at once whether they may send, as many may as the answer
// allows: each is shown those before him.
func suiteSendRace(t *testing.T, s record) {
	t.Helper()
	var wg sync.WaitGroup
	for n := range 30 {
		wg.Go(func() {
			one := dispatch.Send{Notice: fmt.Sprint("n", n), Person: "anna", Channel: dispatch.ChannelVoice, Ticket: "t", At: t0}
			if err := s.Admit(t.Context(), one, t0, func(sent []dispatch.Send) bool { return len(sent) < 3 }); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	sent := 0
	must(t, s.Admit(t.Context(), dispatch.Send{Notice: "x", Person: "anna", Channel: dispatch.ChannelVoice}, t0, func(list []dispatch.Send) bool {
		sent = len(list)
		return false
	}))
	if sent != 3 {
		t.Errorf("%d were admitted, want 3", sent)
	}
}

// Events that were given up are listed until they are sent again; pages never
// are.
func suiteDeadLetters(t *testing.T, s record) {
	t.Helper()
	ctx := t.Context()
	event := func(id, to string) dispatch.Notice {
		return dispatch.Notice{
			ID: id, Kind: dispatch.NoticeEvent, Channel: dispatch.ChannelWebhook, To: to, Ref: dispatch.Ref{ID: "t1", Number: "VH-26-000001"},
			Body: []byte(`{"type":"ticket.opened"}`), DueAt: t0,
		}
	}
	page := dispatch.Notice{ID: "p", Kind: dispatch.NoticePage, Channel: dispatch.ChannelVoice, To: "anna", DueAt: t0}
	must(t, s.Commit(ctx, dispatch.Change{Notices: []dispatch.Notice{event("e1", "crm"), event("e2", "crm"), event("e3", "bi"), event("e4", "bi"), page}}))
	fail := func(kind dispatch.NoticeKind, after time.Duration, cause string) {
		list, err := s.ClaimNotices(ctx, kind, t0.Add(after), time.Minute, 1)
		must(t, err)
		must(t, s.Commit(ctx, dispatch.Change{Delivery: &dispatch.Delivery{
			Notice: list[0], Result: dispatch.ResultFailed, Err: cause, Final: cause != "", RetryAt: t0.Add(after), At: t0.Add(after), Took: time.Second,
		}}))
	}
	fail(dispatch.NoticeEvent, 0, "") // e1 is tried twice
	fail(dispatch.NoticeEvent, time.Minute, "gone")
	fail(dispatch.NoticeEvent, 2*time.Minute, "too old")
	fail(dispatch.NoticeEvent, 3*time.Minute, "too old")
	fail(dispatch.NoticePage, 0, "no trunk")
	list, err := s.Dead(ctx, dispatch.DeadFilter{})
	must(t, err)
	letter := func(id, to, cause string, attempts int, after time.Duration) dispatch.DeadLetter {
		return dispatch.DeadLetter{
			ID: id, Channel: dispatch.ChannelWebhook, To: to, Type: "ticket.opened", Ticket: "VH-26-000001", MadeAt: t0,
			DeadAt: t0.Add(after + time.Second), Attempts: attempts, Cause: cause,
		}
	}
	e1, e2, e3 := letter("e1", "crm", "gone", 2, time.Minute), letter("e2", "crm", "too old", 1, 2*time.Minute), letter("e3", "bi", "too old", 1, 3*time.Minute)
	if d := cmp.Diff([]dispatch.DeadLetter{e3, e2, e1}, list); d != "" {
		t.Error(d)
	}
	for name, c := range map[string]struct {
		f    dispatch.DeadFilter
		want []dispatch.DeadLetter
	}{
		"of one receiver": {dispatch.DeadFilter{To: "crm"}, []dispatch.DeadLetter{e2, e1}},
		"by id":           {dispatch.DeadFilter{IDs: []string{"e1", "e3", "nothing"}}, []dispatch.DeadLetter{e3, e1}},
		"the newest":      {dispatch.DeadFilter{Limit: 1}, []dispatch.DeadLetter{e3}},
		"of nobody":       {dispatch.DeadFilter{To: "nobody"}, nil},
	} {
		list, err := s.Dead(ctx, c.f)
		must(t, err)
		if d := cmp.Diff(c.want, list); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}

	again := t0.Add(time.Hour)
	n, err := s.Revive(ctx, dispatch.DeadFilter{To: "crm"}, again)
	must(t, err)
	list, err = s.Dead(ctx, dispatch.DeadFilter{})
	must(t, err)
	if n != 2 || len(list) != 1 || list[0].ID != "e3" {
		t.Errorf("%d sent again, left %+v", n, list)
	}
	due, err := s.ClaimNotices(ctx, dispatch.NoticeEvent, again, time.Minute, 10)
	must(t, err)
	fresh := 0
	for _, one := range due {
		if one.To == "crm" && one.Attempt == 1 && one.DueAt.Equal(again) {
			fresh++
		}
	}
	if fresh != 2 {
		t.Errorf("claimed %+v", due)
	}
}

// When many pages and timers are due at once, the most urgent go first; among
// equals, and for all else, it is who waits longest.
func suiteUrgency(t *testing.T, s record) {
	t.Helper()
	var c dispatch.Change
	for i, urgency := range []int{4, 0, 2, 0} {
		at := t0.Add(time.Duration(i) * time.Minute)
		page := dispatch.Notice{ID: fmt.Sprint("p", i), Kind: dispatch.NoticePage, Channel: dispatch.ChannelVoice, To: "anna", DueAt: at, Urgency: urgency}
		event := page
		event.ID, event.Kind = fmt.Sprint("e", i), dispatch.NoticeEvent
		c.Notices = append(c.Notices, page, event)
		c.Timers = append(c.Timers, dispatch.Timer{Ticket: fmt.Sprint("t", i), Kind: dispatch.TimerPage, DueAt: at, Gen: 1, Urgency: urgency})
	}
	must(t, s.Commit(t.Context(), c))
	now := t0.Add(time.Hour)
	order := func(kind dispatch.NoticeKind) (ids string) {
		list, err := s.ClaimNotices(t.Context(), kind, now, time.Minute, 10)
		must(t, err)
		for _, n := range list {
			ids += n.ID + " "
		}
		return ids
	}
	if got := order(dispatch.NoticePage); got != "p1 p3 p2 p0 " {
		t.Errorf("pages %s", got)
	}
	if got := order(dispatch.NoticeEvent); got != "e0 e1 e2 e3 " {
		t.Errorf("events %s", got)
	}
	first, err := s.ClaimTimers(t.Context(), now, time.Minute, 3)
	must(t, err)
	if got := fmt.Sprint(first[0].Ticket, first[1].Ticket, first[2].Ticket); got != "t1t3t2" {
		t.Errorf("timers %s", got)
	}
	moved := first[2]
	moved.Gen, moved.Urgency, moved.DueAt = 2, 9, t0
	must(t, s.Commit(t.Context(), dispatch.Change{Timers: []dispatch.Timer{moved}}))
	rest, err := s.ClaimTimers(t.Context(), now, time.Minute, 3)
	must(t, err)
	if len(rest) != 2 || rest[0].Ticket != "t0" || rest[1].Ticket != "t2" {
		t.Errorf("left %+v", rest)
	}
}

// The links of a chain go out one after another, whatever becomes of the first
// one; other chains, and what is of none, do not wait.
func suiteChains(t *testing.T, s record) {
	t.Helper()
	var c dispatch.Change
	for i, chain := range []string{"crm x", "crm y", "crm x", "", "crm x"} {
		c.Notices = append(c.Notices, dispatch.Notice{
			ID: fmt.Sprint("n", 9-i), Kind: dispatch.NoticeEvent, Channel: dispatch.ChannelWebhook, To: "crm", DueAt: t0.Add(time.Duration(i) * time.Second), Chain: chain,
		})
	}
	must(t, s.Commit(t.Context(), c))
	now := t0.Add(time.Minute)
	claim := func() (ids string) {
		list, err := s.ClaimNotices(t.Context(), dispatch.NoticeEvent, now, 10*time.Second, 10)
		must(t, err)
		for _, n := range list {
			ids += n.ID + " "
		}
		return ids
	}
	settle := func(id string, d dispatch.Delivery) {
		d.Notice = dispatch.Notice{ID: id, Kind: dispatch.NoticeEvent, Attempt: 1}
		d.At = now
		must(t, s.Commit(t.Context(), dispatch.Change{Delivery: &d}))
	}
	due := func() time.Duration {
		next, err := s.NextNotice(t.Context(), dispatch.NoticeEvent)
		must(t, err)
		if next.IsZero() {
			return -1
		}
		return next.Sub(now)
	}
	if got := claim(); got != "n9 n8 n6 " {
		t.Errorf("at first %s", got)
	}
	settle("n8", dispatch.Delivery{Final: true, Result: dispatch.ResultDelivered})
	settle("n6", dispatch.Delivery{Final: true, Result: dispatch.ResultDelivered})
	if got := claim(); got != "" || due() != 10*time.Second {
		t.Errorf("while the first one is under way %s, next after %v", got, due())
	}
	settle("n9", dispatch.Delivery{RetryAt: now.Add(time.Hour), Result: dispatch.ResultFailed})
	if got := claim(); got != "" || due() != time.Hour {
		t.Errorf("while the first one waits %s, next after %v", got, due())
	}
	now = now.Add(2 * time.Hour)
	if got := claim(); got != "n9 " {
		t.Errorf("when its time has come %s", got)
	}
	settle("n9", dispatch.Delivery{Final: true, Result: dispatch.ResultFailed})
	if got := claim(); got != "n7 " {
		t.Errorf("then %s", got)
	}
	settle("n7", dispatch.Delivery{Final: true, Result: dispatch.ResultDelivered})
	if got := claim(); got != "n5 " {
		t.Errorf("and then %s", got)
	}
	settle("n5", dispatch.Delivery{Final: true, Result: dispatch.ResultDelivered})
	if due() != -1 {
		t.Errorf("something waits: %v", due())
	}
}
