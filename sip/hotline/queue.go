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
	l.waiting = append(l.waiting, k)
	q.in[k] = id
	q.metrics.waiting(1)
	k.place(len(l.waiting), l.every)
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
	if now := q.now(); i == 0 {
		l.pace(now.Sub(l.served))
		l.served = now
	}
	for j := i; j < len(l.waiting); j++ {
		l.waiting[j].place(j+1, l.every)
	}
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
	return l != nil && len(l.waiting) > 0 && l.waiting[0] != k
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
