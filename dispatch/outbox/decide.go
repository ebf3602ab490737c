package outbox

import (
	"errors"
	"time"

	"github.com/butlerspb/vahta/dispatch"
)

// RetryAfterError is an error that knows when the far side wants the next try.
type RetryAfterError interface {
	error
	RetryAfter() time.Duration
}

// settle decides what one try means: done, given up, or when to try again. It
// is pure; jitter is in [0, 1).
func settle(cfg Config, n dispatch.Notice, result dispatch.Result, err error, at time.Time, took time.Duration, jitter float64) dispatch.Delivery {
	d := dispatch.Delivery{Notice: n, Result: result, At: at, Took: took, Final: true}
	if n.Kind == dispatch.NoticeRecall {
		return settleRecall(cfg, d, err)
	}
	if err == nil {
		if d.Result == "" {
			d.Result = dispatch.ResultDelivered
		}
		return d
	}
	d.Err = err.Error()
	if d.Result == "" {
		d.Result = dispatch.ResultFailed
	}
	end := at.Add(took)
	once := n.Kind == dispatch.NoticePage || n.Kind == dispatch.NoticeShift
	if once || errors.Is(err, dispatch.ErrPermanent) || end.Sub(n.DueAt) >= cfg.age(n.Kind) {
		return d
	}
	pause := backoff(cfg, n.Attempt, jitter)
	if after, ok := errors.AsType[RetryAfterError](err); ok {
		pause = max(pause, min(after.RetryAfter(), cfg.MaxRetry))
	}
	d.Final, d.RetryAt = false, end.Add(pause)
	if n.Kind == dispatch.NoticeClient && d.RetryAt.Sub(n.DueAt) > cfg.ClientAge {
		d.Final, d.RetryAt = true, time.Time{} // it would come too late: another channel must carry it
	}
	return d
}

// age is how long a notice of a kind is tried.
func (c Config) age(k dispatch.NoticeKind) time.Duration {
	if k == dispatch.NoticeClient {
		return c.ClientAge
	}
	return c.MaxAge
}

// How often a client whose call was cut is tried. Nobody is given up before the
// fewest, whatever the operator says of his number; who declines is not asked
// again after them.
const (
	fewestRecalls = 3
	mostRecalls   = 5
)

// settleRecall decides what one try to reach a client means.
func settleRecall(cfg Config, d dispatch.Delivery, err error) dispatch.Delivery {
	if d.Result == "" && err == nil {
		d.Result = dispatch.ResultDelivered
	}
	if d.Result == "" || err != nil && d.Result == dispatch.ResultDelivered {
		d.Result = dispatch.ResultFailed
	}
	if err != nil {
		d.Err = err.Error()
	}
	if d.Result == dispatch.ResultDelivered || d.Result == dispatch.ResultWithdrawn {
		return d
	}
	if d.Result == dispatch.ResultPostponed { // not tried: this node stops, another one will
		d.Final, d.RetryAt = false, d.At.Add(d.Took+cfg.Poll)
		return d
	}
	hopeless := errors.Is(err, dispatch.ErrPermanent) || d.Result == dispatch.ResultDeclined
	if d.Notice.Attempt >= mostRecalls || hopeless && d.Notice.Attempt >= fewestRecalls {
		return d
	}
	d.Final, d.RetryAt = false, d.At.Add(d.Took+cfg.RecallPause)
	return d
}

// postpone puts a notice off whose receiver fails, or gives it up with age.
func postpone(cfg Config, n dispatch.Notice, now, again time.Time) dispatch.Delivery {
	d := dispatch.Delivery{Notice: n, Result: dispatch.ResultPostponed, At: now, RetryAt: again}
	if now.Sub(n.DueAt) >= cfg.MaxAge {
		d.Result, d.Final, d.Err = dispatch.ResultFailed, true, "given up: its receiver has failed for too long"
	}
	return d
}

// backoff returns the pause after the nth failure: it doubles from FirstRetry
// up to MaxRetry, less up to a quarter.
func backoff(cfg Config, n int, jitter float64) time.Duration {
	pause := cfg.FirstRetry
	for range n - 1 {
		if pause >= cfg.MaxRetry/2 {
			pause = cfg.MaxRetry
			break
		}
		pause *= 2
	}
	const spread = 0.25
	return pause - time.Duration(spread*jitter*float64(pause))
}
