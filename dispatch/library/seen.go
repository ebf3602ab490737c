package library

import (
	"sync"
	"time"
)

// Bounds of what is remembered.
const (
	seenMost = 500             // tickets
	seenFor  = 2 * time.Minute // others become alike meanwhile
)

// likeKey names a ticket as far as its log goes, and how much was asked for.
type likeKey struct {
	ticket string
	lines  int
	limit  int
}

// seen remembers what was like a ticket: whoever works on one looks at it again and again.
type seen struct {
	mu   sync.Mutex
	list map[likeKey]seenLike // guarded by mu
}

type seenLike struct {
	like Likeness
	at   time.Time
}

func (s *seen) get(key likeKey, now time.Time) (Likeness, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	is, ok := s.list[key]
	return is.like, ok && now.Sub(is.at) < seenFor && !now.Before(is.at)
}

func (s *seen) put(key likeKey, like Likeness, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.list) >= seenMost {
		for old, is := range s.list {
			if now.Sub(is.at) >= seenFor || now.Before(is.at) {
				delete(s.list, old)
			}
		}
	}
	if len(s.list) >= seenMost || s.list == nil {
		s.list = map[likeKey]seenLike{}
	}
	s.list[key] = seenLike{like, now}
}
