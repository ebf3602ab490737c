package watchdog

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"
)

// ask puts a question that may take no longer than its budget, whether or not who
// is asked heeds the context. While one hangs it is not put again: nothing piles up
// behind a fault.
func ask[T any](ctx context.Context, w *Watchdog, what string, question func(context.Context) (T, error)) (answer T, err error) {
	now := w.cfg.Now()
	if since, hangs := w.put(what, now); hangs {
		return answer, fmt.Errorf("no answer to the question for %s since %v", what, now.Sub(since).Round(time.Second))
	}
	type result struct {
		answer T
		err    error
	}
	ctx, cancel := context.WithTimeout(ctx, w.cfg.AskBudget)
	defer cancel()
	done := make(chan result, 1)
	go func() {
		var r result
		defer func() {
			if fault := recover(); fault != nil {
				w.log.Error("a question of the watchdog broke off; the next look follows", "cause", what, "err", fmt.Sprint(fault), "stack", string(debug.Stack()))
				r.err = fmt.Errorf("the question for %s broke off: %v", what, fault)
			}
			w.answered(what)
			done <- r
		}()
		r.answer, r.err = question(ctx)
	}()
	select {
	case r := <-done:
		return r.answer, r.err
	case <-ctx.Done():
	}
	select {
	case r := <-done: // it heeds the context, and says why it has no answer
		return r.answer, r.err
	default:
		return answer, fmt.Errorf("no answer to the question for %s within %v", what, w.cfg.AskBudget)
	}
}

// put notes that a question is put, unless the last one still has no answer.
func (w *Watchdog) put(what string, now time.Time) (since time.Time, hangs bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if since, hangs = w.asked[what]; !hangs {
		w.asked[what] = now
	}
	return since, hangs
}

func (w *Watchdog) answered(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.asked, what)
}
