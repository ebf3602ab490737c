package monitor

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/butlerspb/vahta/channels/monitor/alarm"
	"github.com/butlerspb/vahta/dispatch"
)

// Path is where alarms come in.
const Path = "/in/"

const (
	maxBody    = 8 << 20          // bytes of one request; Alertmanager sends whole groups
	maxParts   = 10_000           // alerts of one request that are signals of their own
	intakeTime = 2 * time.Second  // how long Zabbix waits for the number of the ticket; its time-out is 30 s by default
	sameBody   = 10 * time.Minute // how long the same bytes are one word, where nothing in them tells
	retryAfter = "5"              // seconds, for senders that mind
)

// Receiver is the side of the dispatcher that takes signals.
type Receiver interface {
	// Receive makes a signal durable.
	Receive(ctx context.Context, sig dispatch.Signal) (dispatch.SignalID, error)
	// Intake makes it a ticket, or finds the one that it has.
	Intake(ctx context.Context, id dispatch.SignalID) (dispatch.Opened, error)
}

// Deps are what a Server works with.
type Deps struct {
	Receiver   Receiver
	Now        func() time.Time
	Link       func(ticket string) string // address of a ticket's page for people, empty = it has none; may be nil
	Log        *slog.Logger
	Registerer prometheus.Registerer
}

// Server answers the sources.
type Server struct {
	cfg     Config
	deps    Deps
	metrics *metrics
}

// New makes a server of the sources of a valid configuration.
func New(cfg Config, deps Deps) *Server {
	return &Server{cfg: cfg, deps: deps, metrics: newMetrics(deps.Registerer)}
}

// refusal is why a request is not taken, and the status that says so. The words go to our log; the sender hears the status.
type refusal struct {
	status int
	why    string
}

func (r *refusal) Error() string { return r.why }

// ServeHTTP takes in one request of a source.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	src, err := s.admit(r)
	var body []byte
	if err == nil {
		body, err = s.body(w, r, src)
	}
	if no, ok := errors.AsType[*refusal](err); ok {
		s.metrics.request(src.ID, no.status)
		s.deps.Log.Warn("an alarm was refused", "source", src.ID, "peer", r.RemoteAddr, "status", no.status, "reason", no.why)
		http.Error(w, http.StatusText(no.status), no.status)
		return
	}
	if err != nil { // the sender went away
		s.metrics.request(src.ID, http.StatusBadRequest)
		http.Error(w, http.StatusText(http.StatusBadRequest), http.StatusBadRequest)
		return
	}
	ids, err := s.store(r.Context(), src, body)
	if err != nil {
		s.metrics.request(src.ID, http.StatusServiceUnavailable)
		s.deps.Log.Warn("an alarm could not be stored; its sender is told to come again", "source", src.ID, "err", err)
		w.Header().Set("Retry-After", retryAfter)
		http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
		return
	}
	s.metrics.request(src.ID, http.StatusOK)
	s.metrics.stored(src.ID, len(ids), s.deps.Now())
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(s.reply(r.Context(), src, ids)) // it is stored, whoever went away
}

// admit finds the source by its token, before anything of the body is read.
func (s *Server) admit(r *http.Request) (Source, error) {
	if r.Method != http.MethodPost && r.Method != http.MethodPut {
		return Source{}, &refusal{http.StatusMethodNotAllowed, "alarms come by POST or PUT"}
	}
	kind, token, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, Path), "/")
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		token = bearer
	}
	src, ok := s.byToken(Kind(kind), strings.TrimSpace(token))
	if !ok {
		return Source{}, &refusal{http.StatusUnauthorized, "no source of this kind has that token"}
	}
	if len(src.From) > 0 && !slices.ContainsFunc(src.From, func(p netip.Prefix) bool { return p.Contains(peer(r)) }) {
		return src, &refusal{http.StatusUnauthorized, "the address is in no network of the source (from)"}
	}
	return src, nil
}

// byToken compares with every token, so that time tells nothing.
func (s *Server) byToken(kind Kind, token string) (found Source, ok bool) {
	given := sha256.Sum256([]byte(token))
	for _, src := range s.cfg.Sources {
		for _, t := range src.Tokens {
			want := sha256.Sum256([]byte(t))
			if subtle.ConstantTimeCompare(given[:], want[:]) == 1 && src.Kind == kind {
				found, ok = src, true
			}
		}
	}
	return found, ok
}

// peer is the address that a request came from.
func peer(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap()
}

// body reads what was sent, and its signature.
func (s *Server) body(w http.ResponseWriter, r *http.Request, src Source) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if long, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, &refusal{http.StatusRequestEntityTooLarge, fmt.Sprintf("it is longer than %d bytes", long.Limit)}
	}
	if err != nil {
		return nil, err
	}
	if src.Key != "" && !signed(r.Header, src, body, s.deps.Now()) {
		return nil, &refusal{http.StatusUnauthorized, "the signature or its time is wrong"}
	}
	return body, nil
}

// signatureHeader is where Grafana writes the hex HMAC-SHA256 of the body, or of seconds, a colon and the body.
const signatureHeader = "X-Grafana-Alerting-Signature"

// signed reports whether a body carries the source's signature.
func signed(h http.Header, src Source, body []byte, now time.Time) bool {
	mac := hmac.New(sha256.New, []byte(src.Key))
	if src.SignedAt != "" {
		at := h.Get(src.SignedAt)
		seconds, err := strconv.ParseInt(at, 10, 64)
		if age := now.Sub(time.Unix(seconds, 0)); err != nil || age > tolerance || age < -tolerance {
			return false
		}
		mac.Write([]byte(at + ":"))
	}
	mac.Write(body)
	given, err := hex.DecodeString(h.Get(signatureHeader))
	return err == nil && hmac.Equal(given, mac.Sum(nil))
}

// store makes the signals of a body durable, all of them or it is an error; what was stored before the fault is stored once when the
// sender comes again.
func (s *Server) store(ctx context.Context, src Source, body []byte) ([]dispatch.SignalID, error) {
	now := s.deps.Now()
	parts := [][]byte{body}
	if src.Each && (src.Kind == Alertmanager || src.Kind == Grafana) {
		if split, err := alarm.Split(body); err == nil && len(split) <= maxParts {
			parts = split
		}
	}
	ids := make([]dispatch.SignalID, 0, len(parts))
	for _, p := range parts {
		id, err := s.deps.Receiver.Receive(ctx, dispatch.Signal{Channel: dispatch.ChannelMonitor, Key: src.ID + "/" + src.event(p, now), At: now, Raw: p})
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// event names the word that a body is: by what it says, or by its bytes for a while, so that a retry is stored once and an alarm that
// comes back with the same bytes is not lost.
func (s Source) event(body []byte, now time.Time) string {
	if a, err := s.read(body); err == nil && a.Event != "" && len(a.Event) < maxEvent {
		return a.Event
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:]) + "@" + now.UTC().Truncate(sameBody).Format("20060102T1504")
}

// maxEvent leaves room in the key of a signal.
const maxEvent = 400

// Reply is what a source hears of what it has sent. Tags are for Zabbix, which keeps them with the problem.
type Reply struct {
	Signals int               `json:"signals"` // stored
	Tags    map[string]string `json:"tags,omitempty"`
}

// reply waits a moment for the ticket where the source can keep its number.
func (s *Server) reply(ctx context.Context, src Source, ids []dispatch.SignalID) Reply {
	out := Reply{Signals: len(ids)}
	if src.Kind != Zabbix || len(ids) != 1 {
		return out
	}
	ctx, cancel := context.WithTimeout(ctx, intakeTime)
	defer cancel()
	opened, err := s.deps.Receiver.Intake(ctx, ids[0])
	if err != nil || opened.Number == "" {
		return out // it is stored, and is taken in soon
	}
	out.Tags = map[string]string{alarm.ZabbixTicketTag: opened.Number}
	if s.deps.Link != nil {
		if link := s.deps.Link(opened.Number); link != "" {
			out.Tags["__vahta_url"] = link
		}
	}
	return out
}
