package guard

import (
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Kind names a security event.
type Kind string

// Kinds of security events.
const (
	FailedACL       Kind = "failed_acl"       // a source that may not speak to us wanted a call
	ChallengeFailed Kind = "challenge_failed" // a wrong password, an unknown account, or an answer made for another request
	UnexpectedAddr  Kind = "unexpected_addr"  // a request within a call from elsewhere
	SessionLimit    Kind = "session_limit"    // an account has too many calls
	BadIdentity     Kind = "bad_identity"     // a phone says that it is somebody else
	TollRefused     Kind = "toll_refused"     // a call did not leave
	TollExceeded    Kind = "toll_exceeded"    // the day's budget is spent
	TollStop        Kind = "toll_stop"        // the stop was changed
	Redirected      Kind = "redirect_refused" // a 3xx wanted a call to go elsewhere
	TransferRefused Kind = "transfer_refused" // a REFER wanted the same
	Banned          Kind = "banned"           // an address hears nothing for a while
	Revoked         Kind = "revoked"          // an account was revoked
)

// Event is one thing a keeper of the line should know. It holds no secret and no whole number.
type Event struct {
	Kind    Kind       `json:"kind"`
	At      time.Time  `json:"at"` // set by Tell
	Source  netip.Addr `json:"source,omitzero"`
	Account string     `json:"account,omitempty"`
	CallID  string     `json:"call_id,omitempty"`
	Detail  string     `json:"detail,omitempty"`
	Times   int        `json:"times"` // alike ones within a minute are one event
}

// kept is how many events Last returns.
const kept = 100

// perSecond bounds what attackers can make us log; more is only counted.
const perSecond = 20

// Security takes security events: it logs, counts and keeps the last ones.
type Security struct {
	log   *slog.Logger
	now   func() time.Time
	count *prometheus.CounterVec

	mu     sync.Mutex
	last   []Event   // guarded by mu, oldest first
	second time.Time // guarded by mu
	logged int       // guarded by mu: in this second
}

// NewSecurity returns an empty log of events; registerer may be nil.
func NewSecurity(log *slog.Logger, registerer prometheus.Registerer, now func() time.Time) *Security {
	s := &Security{log: log, now: now, count: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "vahta_security_events_total", Help: "Security events by kind.",
	}, []string{"kind"})}
	if registerer != nil {
		registerer.MustRegister(s.count)
	}
	return s
}

// Tell takes an event. Alike ones (kind, source, account, detail) within a minute are counted, not repeated.
func (s *Security) Tell(e Event) {
	if s == nil {
		return
	}
	s.count.WithLabelValues(string(e.Kind)).Inc()
	e.At, e.Times = s.now(), 1
	s.mu.Lock()
	for i := len(s.last) - 1; i >= 0 && e.At.Sub(s.last[i].At) < time.Minute; i-- {
		if l := &s.last[i]; l.Kind == e.Kind && l.Source == e.Source && l.Account == e.Account && l.Detail == e.Detail {
			l.Times++
			s.mu.Unlock()
			return
		}
	}
	s.last = append(s.last, e)
	if len(s.last) > kept {
		s.last = append(s.last[:0], s.last[len(s.last)-kept:]...)
	}
	if e.At.Sub(s.second) >= time.Second {
		s.second, s.logged = e.At, 0
	}
	s.logged++
	quiet := s.logged > perSecond
	s.mu.Unlock()
	if !quiet {
		s.log.Warn("security event", "kind", string(e.Kind), "source", e.Source, "account", e.Account, "call_id", e.CallID, "detail", e.Detail)
	}
}

// Last returns the last events, oldest first.
func (s *Security) Last() []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Event(nil), s.last...)
}
