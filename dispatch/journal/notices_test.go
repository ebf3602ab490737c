package journal

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
)

// page is a page about ticket 1, due at t0.
func page(name string) dispatch.Notice {
	return dispatch.Notice{ID: name, Kind: dispatch.NoticePage, Channel: dispatch.ChannelVoice, Ref: dispatch.Ref{ID: id(1)}, DueAt: t0}
}

// worker does what an outbox does on one node.
type worker struct {
	t *testing.T
	s *Store
}

// claim takes what is due and looks what comes next.
func (w worker) claim(now time.Time) (list []dispatch.Notice) {
	w.t.Helper()
	list, err := w.s.ClaimNotices(w.t.Context(), dispatch.NoticePage, now, time.Minute, 10)
	must(w.t, err)
	_, err = w.s.NextNotice(w.t.Context(), dispatch.NoticePage)
	must(w.t, err)
	return list
}

func (w worker) deliver(d dispatch.Delivery) {
	w.t.Helper()
	must(w.t, w.s.Commit(w.t.Context(), dispatch.Change{Delivery: &d}))
}

func names(list []dispatch.Notice) []string {
	var s []string
	for _, n := range list {
		s = append(s, n.ID)
	}
	slices.Sort(s)
	return s
}

// pair runs two nodes before one store, with ticket 1 in it.
func pair(t *testing.T) (in *faulty, a, b worker) {
	t.Helper()
	in = newFaulty()
	one, _ := start(t, config(t), Deps{}, in)
	two, _ := start(t, config(t), Deps{}, in)
	must(t, one.Commit(t.Context(), opening(1)))
	return in, worker{t, one}, worker{t, two}
}

// What another node has delivered, or delivers just now, is not handed out
// again in an outage, and is not kept.
func TestNoticesOfTheOtherNode(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, a, b := pair(t)
		now := t0.Add(time.Second)
		must(t, a.s.Commit(t.Context(), dispatch.Change{Notices: []dispatch.Notice{page("done"), page("postponed")}}))
		for _, n := range b.claim(now) {
			if n.ID == "postponed" {
				b.deliver(dispatch.Delivery{Notice: n, Result: dispatch.ResultPostponed, At: now, RetryAt: now.Add(time.Hour)})
				continue
			}
			b.deliver(dispatch.Delivery{Notice: n, Result: dispatch.ResultDelivered, Final: true, At: now})
		}
		must(t, a.s.Commit(t.Context(), dispatch.Change{Notices: []dispatch.Notice{page("under way")}}))
		if got := names(b.claim(now)); !slices.Equal(got, []string{"under way"}) {
			t.Fatalf("claimed %v", got)
		}
		if got := a.claim(now); len(got) != 0 {
			t.Fatalf("claimed %v", names(got))
		}
		must(t, a.s.Commit(t.Context(), dispatch.Change{Notices: []dispatch.Notice{page("fresh")}}))
		in.set(before)
		must(t, a.s.Commit(t.Context(), note(1, "turn")))
		if got := names(a.claim(now)); !slices.Equal(got, []string{"fresh"}) {
			t.Errorf("claimed %v", got)
		}
		a.s.mu.Lock()
		defer a.s.mu.Unlock()
		if n := len(a.s.notices); n != 1 {
			t.Errorf("keeps %d notices", n)
		}
	})
}

// What this node delivers, or has still to deliver, is kept through an outage,
// and what another node has left lying comes back.
func TestNoticesOfThisNode(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, a, b := pair(t)
		now := t0.Add(time.Second)
		must(t, a.s.Commit(t.Context(), dispatch.Change{Notices: []dispatch.Notice{page("left")}}))
		if got := names(b.claim(now)); !slices.Equal(got, []string{"left"}) {
			t.Fatalf("claimed %v", got)
		}
		a.claim(now) // learns that it is another's
		now = now.Add(2 * time.Minute)
		must(t, a.s.Commit(t.Context(), dispatch.Change{Notices: []dispatch.Notice{page("again"), page("long")}}))
		got := a.claim(now)
		if !slices.Equal(names(got), []string{"again", "left", "long"}) {
			t.Fatalf("claimed %v", names(got))
		}
		for _, n := range got {
			if n.ID == "again" {
				a.deliver(dispatch.Delivery{Notice: n, Result: dispatch.ResultNoAnswer, At: now, RetryAt: now.Add(10 * time.Second)})
			}
		}
		must(t, a.s.Commit(t.Context(), dispatch.Change{Notices: []dispatch.Notice{page("fresh")}}))
		_, err := a.s.NextNotice(t.Context(), dispatch.NoticePage)
		must(t, err)
		in.set(before)
		must(t, a.s.Commit(t.Context(), note(1, "turn")))
		for _, step := range []struct {
			after time.Duration
			want  []string
		}{{0, []string{"fresh"}}, {11 * time.Second, []string{"again"}}, {61 * time.Second, []string{"fresh", "left", "long"}}} {
			if got := names(a.claim(now.Add(step.after))); !slices.Equal(got, step.want) {
				t.Errorf("after %v: claimed %v, want %v", step.after, got, step.want)
			}
		}
	})
}

// busy is a store that gets another change while it is asked what comes next.
type busy struct {
	*faulty

	meanwhile func()
}

func (b *busy) NextNotice(ctx context.Context, kind dispatch.NoticeKind) (time.Time, error) {
	next, err := b.faulty.NextNotice(ctx, kind)
	if do := b.meanwhile; do != nil {
		b.meanwhile = nil
		do()
	}
	return next, err
}

// An answer that is older than the notice says nothing of it.
func TestNoticeThatComesBesideTheQuestion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in := &busy{faulty: newFaulty()}
		s, _ := start(t, config(t), Deps{}, in)
		w := worker{t, s}
		must(t, s.Commit(t.Context(), opening(1)))
		in.meanwhile = func() {
			must(t, s.Commit(t.Context(), dispatch.Change{Notices: []dispatch.Notice{page("fresh")}}))
		}
		w.claim(t0)
		in.set(before)
		must(t, s.Commit(t.Context(), note(1, "turn")))
		if got := names(w.claim(t0)); !slices.Equal(got, []string{"fresh"}) {
			t.Errorf("claimed %v", got)
		}
	})
}

// A page begun in one outage fails in the next one: it is tried again.
func TestNoticeUnderWayThroughTwoOutages(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in := newFaulty()
		s, _ := start(t, config(t), Deps{}, in)
		w := worker{t, s}
		must(t, s.Commit(t.Context(), opening(1)))
		must(t, s.Commit(t.Context(), dispatch.Change{Notices: []dispatch.Notice{page("long")}}))
		in.set(before)
		must(t, s.Commit(t.Context(), note(1, "turn")))
		got := w.claim(t0)
		if len(got) != 1 {
			t.Fatalf("claimed %v", names(got))
		}
		in.set(none)
		settled(t, s)
		if again := w.claim(t0.Add(time.Second)); len(again) != 0 { // the store holds it for this node now
			t.Fatalf("claimed %v", names(again))
		}
		in.set(before)
		must(t, s.Commit(t.Context(), note(1, "turn")))
		w.deliver(dispatch.Delivery{Notice: got[0], Result: dispatch.ResultNoAnswer, At: t0, RetryAt: t0.Add(10 * time.Second)})
		if again := w.claim(t0.Add(10 * time.Second)); len(again) != 1 || again[0].Attempt != 2 {
			t.Errorf("claimed %+v", again)
		}
	})
}
