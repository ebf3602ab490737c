package registrar

import (
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/butlerspb/vahta/sip/wire"
)

// spread is how far two OPTIONS of one phone may lie off the mean, so that phones do not answer all at once.
const spread = 0.1

// every is the time to a phone's next OPTIONS.
func (r *Registrar) every() time.Duration {
	return time.Duration((1 - spread + 2*spread*rand.Float64()) * float64(r.cfg.Ping)) //nolint:gosec // nothing is guessed from it
}

// ping asks a phone whether it lives; what comes of it goes into its binding.
func (r *Registrar) ping(b *Binding) {
	account, ref, flow := b.Account, b.Ref, b.Flow()
	r.options(b, askWait, func(ev wire.ClientEvent) {
		if ev.Response == nil && flow.Transport != wire.UDP && errors.Is(ev.Err, wire.ErrUnreachable) {
			r.drop("connection lost", func(b *Binding) bool { return b.Account == account && b.Ref == ref && b.Flow() == flow })
			return
		}
		r.heard(account, ref, flow, ev.Response != nil)
	})
}

// heard notes what an OPTIONS has shown.
func (r *Registrar) heard(account, ref string, flow wire.Flow, answered bool) {
	now := r.now()
	r.metrics.pinged(answered)
	r.mu.Lock()
	defer r.mu.Unlock()
	list := slices.Clone(r.own[account])
	i := slices.IndexFunc(list, func(b Binding) bool { return b.Ref == ref && b.Flow() == flow })
	if i < 0 {
		return
	}
	b := &list[i]
	was := b.silent()
	first := answered && !b.Answers
	if answered {
		b.Answers, b.life = true, b.life.answered(now, r.every())
	} else {
		b.life = b.life.unanswered(now, b.Answers, r.every())
	}
	if b.silent() != was {
		r.log.Info("phone is silent, or is heard again", "account", account, "silent", b.silent())
	}
	r.put(account, list, first)
}

// options sends an OPTIONS to a phone. on hears once what came of it, within
// wait: a response, or why there is none.
func (r *Registrar) options(b *Binding, wait time.Duration, on func(wire.ClientEvent)) {
	var once sync.Once
	settle := func(ev wire.ClientEvent) { once.Do(func() { on(ev) }) }
	req, err := r.newOptions(b)
	if err != nil {
		settle(wire.ClientEvent{Err: err})
		return
	}
	q := &question{}
	tx, err := r.deps.Sender.Send(req, b.Flow(), func(ev wire.ClientEvent) {
		q.over()
		settle(ev)
	})
	if err != nil {
		settle(wire.ClientEvent{Err: err})
		return
	}
	q.start(tx, wait, func() { settle(wire.ClientEvent{Err: wire.ErrTimeout}) })
}

// question is an OPTIONS under way with its time limit.
type question struct {
	mu    sync.Mutex
	timer *time.Timer
	ended bool
}

func (q *question) start(tx *wire.ClientTx, wait time.Duration, late func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ended {
		return
	}
	q.timer = time.AfterFunc(wait, func() {
		if tx != nil {
			tx.Terminate()
		}
		late()
	})
}

func (q *question) over() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended = true
	if q.timer != nil {
		q.timer.Stop()
	}
}

// newOptions makes an OPTIONS to a phone.
func (r *Registrar) newOptions(b *Binding) (*wire.Request, error) {
	uri, ok := b.uri()
	if !ok {
		return nil, errors.New("the contact cannot be read")
	}
	req := wire.NewRequest(wire.OPTIONS, uri)
	host := r.cfg.Domain
	if host == "" {
		host = uri.Host
	}
	from, err := domainURI(host)
	if err != nil {
		return nil, err
	}
	for _, h := range []wire.Header{
		{Name: "From", Value: wire.NameAddr{URI: from}.WithTag(r.deps.Sender.NewTag()).String()},
		{Name: "To", Value: wire.NameAddr{URI: uri}.String()},
		{Name: "Call-ID", Value: r.deps.Sender.NewCallID()},
		{Name: "CSeq", Value: "1 OPTIONS"},
	} {
		if err := req.Set(h.Name, h.Value); err != nil {
			return nil, err
		}
	}
	return req, nil
}

// domainURI is the registrar's own address.
func domainURI(domain string) (wire.URI, error) {
	if len(domain) > 0 && domain[0] != '[' && slices.Index([]byte(domain), ':') >= 0 {
		if u, err := wire.ParseURI("sip:" + domain); err == nil {
			return u, nil
		}
		return wire.ParseURI("sip:[" + domain + "]")
	}
	return wire.ParseURI("sip:" + domain)
}
