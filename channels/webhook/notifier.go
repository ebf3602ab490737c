package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/butlerspb/vahta/dispatch"
)

// Notifier sends event notices to the endpoints.
type Notifier struct {
	endpoints map[string]endpoint
	heartbeat Heartbeat
	client    *http.Client
	now       func() time.Time
	metrics   *metrics
}

type endpoint struct {
	Endpoint

	keys [][]byte
}

// Deps are what a notifier works with; all may be nil.
type Deps struct {
	Now        func() time.Time
	Registerer prometheus.Registerer
}

// New checks the configuration and returns a notifier.
func New(cfg Config, deps Deps) (*Notifier, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("set up webhooks: %w", err)
	}
	n := &Notifier{endpoints: map[string]endpoint{}, heartbeat: cfg.Heartbeat, now: deps.Now, metrics: newMetrics(deps.Registerer)}
	if n.now == nil {
		n.now = time.Now
	}
	for _, e := range cfg.Endpoints {
		if e.Timeout == 0 {
			e.Timeout = defaultTimeout
		}
		ep := endpoint{Endpoint: e}
		for _, s := range e.Secrets {
			key, err := s.key()
			if err != nil {
				return nil, fmt.Errorf("set up webhook %s: %w", e.Name, err)
			}
			ep.keys = append(ep.keys, key)
		}
		n.endpoints[e.Name] = ep
	}
	dialer := &net.Dialer{Timeout: defaultTimeout, Control: refuseLinkLocal}
	n.client = &http.Client{
		CheckRedirect: sameHost,
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext, ForceAttemptHTTP2: true,
			MaxIdleConnsPerHost: 8, IdleConnTimeout: 90 * time.Second, TLSHandshakeTimeout: defaultTimeout,
		},
	}
	return n, nil
}

// Close drops idle connections.
func (n *Notifier) Close() { n.client.CloseIdleConnections() }

// refuseLinkLocal keeps requests away from addresses that are never a
// receiver: cloud metadata services, multicast, unspecified.
func refuseLinkLocal(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("read address: %w", err)
	}
	ip := ap.Addr().Unmap()
	if ip.IsLinkLocalUnicast() || ip.IsMulticast() || ip.IsUnspecified() {
		return fmt.Errorf("refuse to send to %s: not an address of a receiver", ip)
	}
	return nil
}

var errRedirect = errors.New("redirected elsewhere; set the endpoint's final address")

// sameHost follows a redirect that keeps method, scheme and host.
func sameHost(req *http.Request, via []*http.Request) error {
	const maxRedirects = 3
	first := via[0]
	keeps := req.Response != nil && (req.Response.StatusCode == http.StatusTemporaryRedirect || req.Response.StatusCode == http.StatusPermanentRedirect)
	if len(via) > maxRedirects || !keeps || req.URL.Scheme != first.URL.Scheme || !strings.EqualFold(req.URL.Host, first.URL.Host) {
		return errRedirect
	}
	return nil
}

// statusError is an answer other than 2xx.
type statusError struct {
	status int
	after  time.Duration
}

// Error implements error.
func (e *statusError) Error() string { return "the receiver answered " + strconv.Itoa(e.status) }

// RetryAfter returns how long the receiver wants to be left alone.
func (e *statusError) RetryAfter() time.Duration { return e.after }

// Unwrap makes 410 Gone permanent.
func (e *statusError) Unwrap() error {
	if e.status == http.StatusGone {
		return dispatch.ErrPermanent
	}
	return nil
}

// Notify implements dispatch.Notifier.
func (n *Notifier) Notify(ctx context.Context, notice dispatch.Notice) (dispatch.Result, error) {
	e, ok := n.endpoints[notice.To]
	if !ok {
		return dispatch.ResultFailed, fmt.Errorf("send webhook: endpoint %q is not configured any more: %w", notice.To, dispatch.ErrPermanent)
	}
	began := time.Now()
	err := n.post(ctx, e, notice)
	n.metrics.sent(e.Name, time.Since(began), err)
	if err != nil {
		return dispatch.ResultFailed, fmt.Errorf("send webhook to %s: %w", e.Name, err)
	}
	return dispatch.ResultDelivered, nil
}

func (n *Notifier) post(ctx context.Context, e endpoint, notice dispatch.Notice) error {
	ctx, cancel := context.WithTimeout(ctx, e.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL, bytes.NewReader(notice.Body))
	if err != nil {
		return bare(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Vahta")
	sign(req.Header, e.keys, notice.ID, n.now(), notice.Body)
	resp, err := n.client.Do(req)
	if err != nil {
		return bare(err)
	}
	const enough = 64 << 10 // of an answer that nobody reads, to keep the connection
	_, _ = io.CopyN(io.Discard, resp.Body, enough)
	if err := resp.Body.Close(); err != nil {
		return bare(err)
	}
	if resp.StatusCode/100 == 2 {
		return nil
	}
	seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After")) // 0 = none, or a date
	return &statusError{status: resp.StatusCode, after: time.Duration(max(0, seconds)) * time.Second}
}

// bare strips the address from an HTTP error: it may hold a token.
func bare(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}
