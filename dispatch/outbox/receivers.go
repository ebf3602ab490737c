package outbox

import (
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/butlerspb/vahta/dispatch"
)

// receivers remembers how each receiver took what it was sent last. Events for
// one that fails wait, but for one at a time that tries whether it is back; so
// a dead endpoint costs one request per pause, however much waits for it. Each
// turn is logged once, and at most once a minute for a receiver that wavers.
// Pages are only logged: whether they go on is the escalation's decision. Of
// recalls, messages to clients and calls about shifts nothing is remembered:
// their receivers are clients, and people who may sleep.
type receivers struct {
	cfg Config
	log *slog.Logger

	mu   sync.Mutex
	list map[string]*receiver // guarded by mu; by channel and name
}

// receiver is one far side.
type receiver struct {
	pauses  int       // pauses since it began to fail; 0 = it is well
	tries   int       // tries that failed since then
	since   time.Time // when it began
	changed time.Time // the last failure that counted
	until   time.Time // nothing is sent before
	probing bool      // one try is under way
	told    bool      // the log says that it fails
	logged  time.Time
}

const (
	maxProbe = 5 * time.Minute // a receiver that is back is found within this time
	logEvery = time.Minute     // turns of one receiver are logged no more often
)

func newReceivers(cfg Config, log *slog.Logger) *receivers {
	return &receivers{cfg: cfg, log: log, list: map[string]*receiver{}}
}

func unremembered(n dispatch.Notice) bool {
	return n.Kind == dispatch.NoticeRecall || n.Kind == dispatch.NoticeShift || n.Kind == dispatch.NoticeClient
}

func (r *receivers) of(n dispatch.Notice) *receiver {
	key := string(n.Channel) + " " + n.To
	one, ok := r.list[key]
	if !ok {
		one = &receiver{}
		r.list[key] = one
	}
	return one
}

// enter says whether a notice may be sent now, and if not, when to ask again.
func (r *receivers) enter(n dispatch.Notice, now time.Time) (again time.Time, ok bool) {
	if unremembered(n) {
		return time.Time{}, true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	one := r.of(n)
	switch {
	case n.Kind == dispatch.NoticePage || one.pauses == 0:
		return time.Time{}, true
	case one.probing:
		return later(one.until, now.Add(r.cfg.EventBudget)), false // its answer is known by then
	case now.Before(one.until):
		return one.until, false
	}
	one.probing = true
	return time.Time{}, true
}

// leave takes the result of a try that lasted from at to end, and returns when
// the receiver may be tried again; zero = at once. A try that was cut short by
// our own stop has no result.
func (r *receivers) leave(n dispatch.Notice, at, end time.Time, err error, jitter float64) time.Time {
	if unremembered(n) {
		return time.Time{}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	one := r.of(n)
	one.probing = false
	if err == nil {
		r.well(n, one, end)
		return time.Time{}
	}
	if one.tries == 0 {
		one.since = end
	}
	one.tries++
	r.tell(n, one, end, err)
	if n.Kind == dispatch.NoticePage || errors.Is(err, dispatch.ErrPermanent) {
		return time.Time{} // one notice that is refused for good says nothing of the next
	}
	if one.pauses > 0 && at.Before(one.changed) {
		return one.until // it began before the failure that is counted already
	}
	one.pauses++
	one.changed = end
	one.until = end.Add(min(backoff(r.cfg, one.pauses, jitter), maxProbe)).Truncate(time.Microsecond) // as the store keeps it: due is not early
	return one.until
}

// aside forgets a try that has no result.
func (r *receivers) aside(n dispatch.Notice) {
	if unremembered(n) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.of(n).probing = false
}

func (r *receivers) well(n dispatch.Notice, one *receiver, now time.Time) {
	if one.told {
		r.log.Info("a receiver takes notices again", "channel", string(n.Channel), "person", n.To, "attempt", one.tries,
			"took", now.Sub(one.since).Round(time.Second).String())
	}
	*one = receiver{logged: one.logged}
}

func (r *receivers) tell(n dispatch.Notice, one *receiver, now time.Time, err error) {
	if one.told || now.Sub(one.logged) < logEvery {
		return
	}
	one.told, one.logged = true, now
	r.log.Warn("a receiver takes no notices; it is tried again with growing pauses", "channel", string(n.Channel), "person", n.To,
		"ticket", n.Ref.Number, "attempt", n.Attempt, "err", err)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
