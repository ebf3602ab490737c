package hotline

import (
	"slices"
	"sync"
	"time"
)

// queues are the callers who wait because everybody on duty talks, one queue a
// line, in the order of their arrival. When somebody is free the first of each
// line looks; when he is served the next one does.
type queues struct {
	now     func() time.Time
	metrics *metrics

	mu    sync.Mutex
	lines map[string]*line // guarded by mu, as is all in it
	in    map[*call]string
}

// line is one queue and how fast it moves.
type line struct {
	waiting []*call
	served  time.Time     // when the last one was
	every   time.Duration // smoothed time between two who are served; 0 = not known
}

func newQueues(now func() time.Time, m *metrics) *queues {
	return &queues{now: now, metrics: m, lines: map[string]*line{}, in: map[*call]string{}}
}

// join puts a call at the end of its line's queue.
func (q *queues) join(k *call, id string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if _, ok := q.in[k]; ok {
		return
	}
	l := q.lines[id]
	if l == nil {
		l = &line{}
		q.lines[id] = l
	}
	if len(l.waiting) == 0 {
		l.served = q.now()
	}
	at := len(l.waiting) // one who was rung for in vain comes back to his place
	for at > 0 && k.before(l.waiting[at-1]) {
		at--
	}
	l.waiting = slices.Insert(l.waiting, at, k)
	q.in[k] = id
	q.metrics.waiting(1)
	l.tell(at)
}

// before reports whether k arrived earlier than other.
func (k *call) before(other *call) bool { return k.c.Info().At.Before(other.c.Info().At) }

// tell lets those from a place on know where they stand.
func (l *line) tell(from int) {
	for i := from; i < len(l.waiting); i++ {
		l.waiting[i].place(i+1, l.every)
	}
}

// accepted is a caller of the line who has got his engineer; waited says that
// he had stood in the queue.
func (q *queues) accepted(id string, waited bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	l := q.lines[id]
	if l == nil || !waited && len(l.waiting) == 0 {
		return
	}
	now := q.now()
	l.pace(now.Sub(l.served))
	l.served = now
	l.tell(0)
}

// leave takes a call out, served or not, and lets the next one look.
func (q *queues) leave(k *call) {
	q.mu.Lock()
	defer q.mu.Unlock()
	id, ok := q.in[k]
	if !ok {
		return
	}
	delete(q.in, k)
	q.metrics.waiting(-1)
	l := q.lines[id]
	i := slices.Index(l.waiting, k)
	l.waiting = slices.Delete(l.waiting, i, i+1)
	l.tell(i)
	if i == 0 && len(l.waiting) > 0 {
		l.waiting[0].free()
	}
}

// pace smooths the time between two who are served: a quarter of the new one.
func (l *line) pace(took time.Duration) {
	if l.every == 0 {
		l.every = took
		return
	}
	l.every += (took - l.every) / 4
}

// mustWait reports whether others of the line have waited longer.
func (q *queues) mustWait(k *call, id string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	l := q.lines[id]
	return l != nil && len(l.waiting) > 0 && l.waiting[0] != k && !k.before(l.waiting[0])
}

// somebodyFree lets the first of each line look.
func (q *queues) somebodyFree() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, l := range q.lines {
		if len(l.waiting) > 0 {
			l.waiting[0].free()
		}
	}
}

// place tells a call where it stands; it does not wait for the call.
func (k *call) place(position int, every time.Duration) {
	e := Event{Kind: EvQueue, Position: position, Expected: time.Duration(position) * every}
	k.post(func() { k.step(e) })
}

func (k *call) free() {
	k.post(func() { k.step(Event{Kind: EvSomebodyFree}) })
}
