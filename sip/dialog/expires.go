package dialog

import (
	"strings"
	"time"

	"github.com/butlerspb/vahta/sip/wire"
)

// SessionExpires is the header of that name (RFC 4028 §4).
type SessionExpires struct {
	Interval  time.Duration
	Refresher string // "uac" or "uas" of the request's transaction; "" was not said
}

// Refreshers, as seen from the transaction that names them.
const (
	refresherUAC = "uac"
	refresherUAS = "uas"
)

// String writes the header's value.
func (s SessionExpires) String() string {
	value := seconds(s.Interval)
	if s.Refresher != "" {
		value += ";refresher=" + s.Refresher
	}
	return value
}

func seconds(d time.Duration) string { return decimal(uint32(d / time.Second)) }

// ParseSessionExpires reads the header's value; a refresher that is neither uac nor
// uas counts as none.
func ParseSessionExpires(value string) (SessionExpires, bool) {
	text, params, _ := strings.Cut(value, ";")
	n, ok := number(strings.TrimSpace(text))
	if !ok || n == 0 {
		return SessionExpires{}, false
	}
	s := SessionExpires{Interval: time.Duration(n) * time.Second}
	for p := range strings.SplitSeq(params, ";") {
		k, v, _ := strings.Cut(p, "=")
		v = strings.ToLower(strings.TrimSpace(v))
		if strings.EqualFold(strings.TrimSpace(k), "refresher") && (v == refresherUAC || v == refresherUAS) {
			s.Refresher = v
		}
	}
	return s, true
}

// minSE reads Min-SE; 0: there is none.
func minSE(m header) time.Duration {
	text, _, _ := strings.Cut(m.Header("Min-SE"), ";")
	n, _ := number(strings.TrimSpace(text))
	return time.Duration(n) * time.Second
}

// leastInterval is what an interval counts as that is shorter: nobody who may say
// so means it, and it must not make us refresh all the time.
const leastInterval = 20 * time.Second

// asked is what a request says of session timers.
type asked struct {
	SessionExpires
	minSE     time.Duration
	supported bool
	required  bool
}

func askedBy(req header) asked {
	a := asked{minSE: minSE(req), required: has(req, "Require", tagTimer)}
	a.supported = a.required || has(req, "Supported", tagTimer)
	if value := req.Header("Session-Expires"); value != "" {
		a.SessionExpires, _ = ParseSessionExpires(value)
	}
	return a
}

// tooBrief says whether a request has to be refused with 422: whoever does not
// support timers would not understand it (§9).
func (t SessionTimer) tooBrief(a asked) bool {
	return !t.Off && a.supported && a.Interval > 0 && a.Interval < max(t.MinSE, shortestMinSE)
}

// grant is what we answer to a request in our 2xx (§9, table 2); Interval 0: no
// timer. now is the timer in force: a request that says nothing keeps it. Where the
// choice is ours we refresh ourselves: a call then never ends because the far end
// forgot.
func (t SessionTimer) grant(a asked, now Session, first bool) SessionExpires {
	if t.Off && !a.required {
		return SessionExpires{}
	}
	g := a.SessionExpires
	longest := max(t.Expires, a.minSE, leastInterval)
	switch {
	case g.Interval > 0:
		g.Interval = max(min(g.Interval, longest), leastInterval)
	case now.State != SessionOff:
		g.Interval = max(now.Interval, a.minSE)
	case first && a.supported:
		g.Interval = longest
	default:
		return SessionExpires{}
	}
	switch {
	case g.Refresher != "" && a.supported: // without that only a proxy may have asked, and its choice is not the far end's
	case now.State == SessionTheirs && a.supported:
		g.Refresher = refresherUAC
	default: // also where only a proxy has asked
		g.Refresher = refresherUAS
	}
	return g
}

// headers are those of the 2xx that grants.
func (s SessionExpires) headers(a asked) []wire.Header {
	if s.Interval == 0 {
		return nil
	}
	h := []wire.Header{{Name: "Session-Expires", Value: s.String()}}
	if a.supported {
		h = append(h, wire.Header{Name: "Require", Value: tagTimer})
	}
	return h
}
