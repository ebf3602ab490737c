package outbox

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
)

func recall(id string) dispatch.Notice {
	return dispatch.Notice{ID: id, Kind: dispatch.NoticeRecall, Channel: dispatch.ChannelVoice, To: "+79215550123", DueAt: time.Now()}
}

// A client is tried at once, then 15 s apart: three times at least, five at
// most, and no more once he has answered.
func TestRecallTries(t *testing.T) {
	t.Parallel()
	refused := errors.New("refused")
	for name, c := range map[string]struct {
		result dispatch.Result
		err    error
		from   int // the try that ends so; those before are not answered
		want   int
	}{
		"never answers":         {dispatch.ResultNoAnswer, refused, 1, 5},
		"never answers, no err": {dispatch.ResultNoAnswer, nil, 1, 5},
		"answers at once":       {dispatch.ResultDelivered, nil, 1, 1},
		"answers, nothing said": {"", nil, 1, 1},
		"answers in the end":    {dispatch.ResultDelivered, nil, 4, 4},
		"declines":              {dispatch.ResultDeclined, refused, 1, 3},
		"declines at last":      {dispatch.ResultDeclined, refused, 4, 4},
		"no such number":        {dispatch.ResultFailed, fmt.Errorf("gone: %w", dispatch.ErrPermanent), 1, 3},
		"failed after the word": {dispatch.ResultDelivered, refused, 1, 5},
		"no longer needed":      {dispatch.ResultWithdrawn, nil, 2, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := &far{}
				r.on = func(_ context.Context, n dispatch.Notice) (dispatch.Result, error) {
					wait(5 * time.Second)
					if n.Attempt < c.from {
						return dispatch.ResultNoAnswer, refused
					}
					return c.result, c.err
				}
				s, w, _ := serve(t, nil, r)
				put(t, s, w, recall("r"))
				wait(time.Hour)
				all := []string{"0s r/1", "20s r/2", "40s r/3", "1m0s r/4", "1m20s r/5"}
				if got, want := r.seen(), "["+strings.Join(all[:c.want], " ")+"]"; got != want {
					t.Errorf("%s, want %s", got, want)
				}
				if next, _ := s.NextNotice(t.Context(), dispatch.NoticeRecall); !next.IsZero() {
					t.Errorf("still waiting for %v", next)
				}
			})
		})
	}
}

// Pages that fill their lane delay no client, and clients no page.
func TestRecallsHaveTheirOwnLane(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &far{on: func(ctx context.Context, _ dispatch.Notice) (dispatch.Result, error) {
			<-ctx.Done()
			return "", context.Cause(ctx)
		}}
		s, w, _ := serve(t, func(cfg *Config) { cfg.Pages, cfg.Recalls = 1, 1 }, r)
		page := func(id string) dispatch.Notice {
			return dispatch.Notice{ID: id, Kind: dispatch.NoticePage, Channel: dispatch.ChannelVoice, DueAt: time.Now()}
		}
		put(t, s, w, page("p1"), page("p2"))
		wait(time.Second)
		put(t, s, w, recall("r1"), recall("r2"))
		wait(time.Second)
		if got := r.seen(); got != "[0s p1/1 1s r1/1]" && got != "[0s p2/1 1s r1/1]" && got != "[0s p1/1 1s r2/1]" {
			t.Error(got)
		}
		wait(2 * time.Minute)
		if got := r.seen(); !strings.Contains(got, "r2/1") || strings.Count(got, " p")+strings.Count(got, "[") > 2 {
			t.Error(got)
		}
	})
}

// A node that stops uses up no tries: the notice waits for the next one.
func TestPostponedRecallCountsNoTry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &far{}
		r.on = func(context.Context, dispatch.Notice) (dispatch.Result, error) {
			if time.Since(r.start) < 30*time.Second {
				return dispatch.ResultPostponed, errors.New("draining")
			}
			return dispatch.ResultNoAnswer, errors.New("no answer")
		}
		s, w, _ := serve(t, nil, r)
		put(t, s, w, recall("r"))
		wait(time.Hour)
		if got := r.seen(); !strings.Contains(got, "29s r/1 30s r/1 45s r/2 1m0s r/3 1m15s r/4 1m30s r/5]") {
			t.Error(got)
		}
	})
}

// poison is a desk that breaks on some notices.
type poison struct{ desk }

func (p poison) StillNeeded(ctx context.Context, n dispatch.Notice) (dispatch.Notice, bool) {
	if strings.HasPrefix(n.ID, "poison") {
		panic("poison")
	}
	return p.desk.StillNeeded(ctx, n)
}

// A notice that breaks the desk costs its place until it has broken, and the
// others nothing.
func TestABrokenDeskStopsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		r := &far{start: time.Now(), on: func(context.Context, dispatch.Notice) (dispatch.Result, error) { return dispatch.ResultDelivered, nil }}
		cfg := Default()
		cfg.Pages = 2
		w, err := New(cfg, Deps{Source: s, Desk: poison{desk{s}}, Notifiers: map[dispatch.Channel]dispatch.Notifier{dispatch.ChannelVoice: r}})
		must(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- w.Run(ctx) }()
		for i := range 100 {
			put(t, s, w, dispatch.Notice{ID: fmt.Sprint("poison", i), Kind: dispatch.NoticePage, Channel: dispatch.ChannelVoice, DueAt: time.Now()})
		}
		put(t, s, w, dispatch.Notice{ID: "good", Kind: dispatch.NoticePage, Channel: dispatch.ChannelVoice, DueAt: time.Now()})
		wait(time.Second)
		if got := r.seen(); got != "[0s good/1]" {
			t.Error(got)
		}
		cancel()
		must(t, <-ended)
	})
}

// shiftDesk has every call about a shift tried again after five minutes.
type shiftDesk struct{ desk }

func (d shiftDesk) RecordDelivery(ctx context.Context, one dispatch.Delivery) error {
	if one.Notice.Kind == dispatch.NoticeShift && one.Notice.Attempt < 3 {
		one.Final, one.RetryAt = false, one.At.Add(one.Took+5*time.Minute)
	}
	return d.desk.RecordDelivery(ctx, one)
}

// Calls about shifts that fill their lane delay no page, and their desk decides
// whether they are tried again.
func TestShiftsHaveTheirOwnLane(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		r := &far{start: time.Now(), on: func(context.Context, dispatch.Notice) (dispatch.Result, error) {
			wait(30 * time.Second)
			return dispatch.ResultNoAnswer, nil
		}}
		cfg := Default()
		cfg.Shifts = 1
		w, err := New(cfg, Deps{Source: s, Desk: shiftDesk{desk{s}}, Notifiers: map[dispatch.Channel]dispatch.Notifier{dispatch.ChannelVoice: r}})
		must(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- w.Run(ctx) }()
		put(t, s, w, dispatch.Notice{ID: "s", Kind: dispatch.NoticeShift, Channel: dispatch.ChannelVoice, DueAt: time.Now()})
		wait(time.Second)
		put(t, s, w, dispatch.Notice{ID: "p", Kind: dispatch.NoticePage, Channel: dispatch.ChannelVoice, DueAt: time.Now()})
		wait(time.Hour)
		if got := r.seen(); got != "[0s s/1 1s p/1 5m30s s/2 11m0s s/3]" {
			t.Error(got)
		}
		cancel()
		must(t, <-ended)
	})
}
