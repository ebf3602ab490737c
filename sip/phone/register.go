package phone

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/butlerspb/vahta/sip/wire"
)

// Registration says where a phone registers (RFC 3261 §10).
type Registration struct {
	Registrar string        // its address, such as sip:vahta.example;transport=tls
	Expires   time.Duration // asked for; 0 = two minutes
}

// Times of a registration.
const (
	askExpires = 2 * time.Minute
	// retryRegister is the wait after a refresh that failed, a tenth of what is usual for phones: tests wait for it.
	retryRegister = 3 * time.Second
)

// ErrNotRegistered says that the registrar refused the phone; the error around it names the status.
var ErrNotRegistered = errors.New("registration was refused")

// registration is one that is kept up.
type registration struct {
	phone  *Phone
	what   Registration
	uri    wire.URI // of the registrar
	flow   wire.Flow
	callID string
	tag    string

	mu      sync.Mutex
	cseq    uint32        // guarded by mu
	ask     time.Duration // guarded by mu: what we ask for, raised by 423
	granted time.Duration // guarded by mu: 0 = not registered now
	last    error         // guarded by mu: why not
}

// Register registers the phone and returns when it is; from then on the registration is kept up until Unregister or the
// end of Run. One phone has one registration.
func (p *Phone) Register(ctx context.Context, what Registration) error {
	if what.Expires <= 0 {
		what.Expires = askExpires
	}
	uri, err := wire.ParseURI(what.Registrar)
	if err != nil {
		return fmt.Errorf("register: %w", err)
	}
	flow, err := p.flow(ctx, uri, "")
	if err != nil {
		return fmt.Errorf("register at %s: %w", uri.Host, err)
	}
	r := &registration{
		phone: p, what: what, flow: flow, callID: p.edge.NewCallID(), tag: p.edge.NewTag(), ask: what.Expires,
		uri: wire.URI{Scheme: "sip", Host: uri.Host, Port: uri.Port, Params: uri.Params},
	}
	if err := r.exchange(ctx, r.ask); err != nil {
		return fmt.Errorf("register at %s: %w", uri.Host, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.registration != nil {
		return fmt.Errorf("register at %s: the phone is closed or registered already: %w", uri.Host, ErrClosed)
	}
	loop, stop := context.WithCancel(context.WithoutCancel(ctx))
	p.registration, p.stopRegister = r, stop
	p.calls.Go(func() { r.keep(loop) })
	return nil
}

// Registered returns how long the registrar keeps the phone, 0 when it does not, and why not.
func (p *Phone) Registered() (time.Duration, error) {
	p.mu.Lock()
	r := p.registration
	p.mu.Unlock()
	if r == nil {
		return 0, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.granted, r.last
}

// Unregister takes the registration back.
func (p *Phone) Unregister(ctx context.Context) error {
	p.mu.Lock()
	r, stop := p.registration, p.stopRegister
	p.registration = nil
	p.mu.Unlock()
	if r == nil {
		return nil
	}
	stop()
	if err := r.exchange(ctx, 0); err != nil {
		return fmt.Errorf("unregister from %s: %w", r.uri.Host, err)
	}
	return nil
}

// unregisterAtEnd takes the registration back politely, within the time that hanging up has too.
func (p *Phone) unregisterAtEnd(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, hangupLimit)
	defer cancel()
	if err := p.Unregister(ctx); err != nil {
		p.cfg.Log.Warn("phone not unregistered", "err", err)
	}
}

// keep refreshes at half of what was granted, until ctx ends.
func (r *registration) keep(ctx context.Context) {
	for {
		r.mu.Lock()
		wait := r.granted / 2
		if r.granted == 0 {
			wait = retryRegister
		}
		r.mu.Unlock()
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		if err := r.exchange(ctx, r.asking()); err != nil && ctx.Err() == nil {
			r.phone.cfg.Log.Warn("registration of a phone was not refreshed", "err", err)
		}
	}
}

func (r *registration) asking() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ask
}

// exchange is one REGISTER with all that a registrar may ask before it agrees: a challenge, once more when its nonce has
// become too old, and a longer time.
func (r *registration) exchange(ctx context.Context, expires time.Duration) error {
	var proof []wire.Header
	challenged := 0
	for {
		res, err := r.send(ctx, expires, proof)
		if err != nil {
			return r.note(0, err)
		}
		switch status := res.Status(); {
		case status < 300:
			return r.note(r.grantedBy(res, expires), nil)
		case status == wire.StatusUnauthorized || status == wire.StatusProxyAuthRequired:
			challenged++
			if challenged > 2 || challenged == 2 && !r.phone.prover.stale(res) {
				return r.note(0, fmt.Errorf("%w: %d: the registrar does not take user and password", ErrNotRegistered, status))
			}
			answer, err := r.phone.prover.Authorize(wire.REGISTER, r.uri, nil, res)
			if err != nil {
				return r.note(0, fmt.Errorf("%w: %w", ErrNotRegistered, err))
			}
			proof = []wire.Header{answer}
		case status == wire.StatusIntervalTooBrief && r.raise(res):
			expires = r.asking()
		default:
			return r.note(0, fmt.Errorf("%w: %d %s", ErrNotRegistered, status, res.Reason()))
		}
	}
}

// raise takes the Min-Expires of a 423, if it is above what was asked.
func (r *registration) raise(res *wire.Response) bool {
	least, err := strconv.Atoi(res.Header("Min-Expires"))
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil || time.Duration(least)*time.Second <= r.ask {
		return false
	}
	r.ask = time.Duration(least) * time.Second
	return true
}

// note keeps the outcome for Registered.
func (r *registration) note(granted time.Duration, err error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.granted, r.last = granted, err
	return err
}

// grantedBy reads for how long the registrar keeps us: our Contact's expires, else Expires, else what was asked.
func (r *registration) grantedBy(res *wire.Response, asked time.Duration) time.Duration {
	if asked == 0 {
		return 0
	}
	own := r.contact()
	for _, c := range res.Contacts() {
		if c.URI.User != own.User || c.URI.Port != own.Port {
			continue // somebody else's
		}
		if v, ok := c.Params.Get("expires"); ok {
			if n, err := strconv.Atoi(v); err == nil {
				return time.Duration(n) * time.Second
			}
		}
	}
	if n, err := strconv.Atoi(res.Header("Expires")); err == nil {
		return time.Duration(n) * time.Second
	}
	return asked
}

// contact is where the registrar reaches the phone.
func (r *registration) contact() wire.URI {
	host, port := r.phone.edge.Advertised(r.flow.Transport)
	uri := wire.URI{Scheme: "sip", User: r.phone.cfg.Name, Host: host, Port: port}
	if r.flow.Transport != wire.UDP {
		uri.Params = uri.Params.With("transport", string(r.flow.Transport))
	}
	return uri
}

// send sends one REGISTER and waits for its final answer.
func (r *registration) send(ctx context.Context, expires time.Duration, more []wire.Header) (*wire.Response, error) {
	r.mu.Lock()
	r.cseq++
	cseq := r.cseq
	r.mu.Unlock()
	user := r.phone.cfg.Account.User
	if user == "" {
		user = r.phone.cfg.Name
	}
	record := wire.NameAddr{URI: wire.URI{Scheme: "sip", User: user, Host: r.uri.Host}}
	seconds := strconv.Itoa(int(expires / time.Second))
	req := wire.NewRequest(wire.REGISTER, r.uri)
	for _, h := range append([]wire.Header{
		{Name: "From", Value: record.WithTag(r.tag).String()},
		{Name: "To", Value: record.String()},
		{Name: "Call-ID", Value: r.callID},
		{Name: "CSeq", Value: strconv.Itoa(int(cseq)) + " " + wire.REGISTER},
		{Name: "Contact", Value: wire.NameAddr{URI: r.contact()}.String() + ";expires=" + seconds},
		{Name: "Expires", Value: seconds},
	}, more...) {
		if err := req.Add(h.Name, h.Value); err != nil {
			return nil, fmt.Errorf("write REGISTER: %w", err)
		}
	}
	final := make(chan wire.ClientEvent, 1)
	if _, err := r.phone.edge.Send(req, r.flow, func(ev wire.ClientEvent) {
		if ev.Response == nil || ev.Response.Status() >= 200 {
			select {
			case final <- ev:
			default:
			}
		}
	}); err != nil {
		return nil, err
	}
	select {
	case ev := <-final:
		return ev.Response, ev.Err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
