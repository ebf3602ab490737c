package send

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/mail"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/butlerspb/vahta/channels/email/ids"
	"github.com/butlerspb/vahta/channels/email/loop"
	"github.com/butlerspb/vahta/dispatch"
)

// Deps are what a notifier works with. Thread, Log, Now and Registerer may be nil.
type Deps struct {
	IDs     *ids.Maker
	Secrets ids.Secrets
	Memory  dispatch.Sends // of automatic mails
	// Thread returns the mails of a ticket. When it fails the mail goes out all the same.
	Thread     func(ctx context.Context, about dispatch.Ref) (Thread, error)
	Log        *slog.Logger
	Now        func() time.Time
	Registerer prometheus.Registerer
}

// Notifier sends mails.
type Notifier struct {
	cfg      Config
	deps     Deps
	from     *mail.Address
	accounts []*account
	guard    *loop.Guard
	metrics  *metrics
}

// New checks the configuration and returns a notifier. It is an error when no mail is to be written.
func New(cfg Config, deps Deps) (*Notifier, error) {
	err := cfg.Validate()
	if err == nil && !cfg.Enabled() {
		err = errors.New("from: no address is set")
	}
	if err != nil {
		return nil, fmt.Errorf("set up mail: %w", err)
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	n := &Notifier{cfg: cfg, deps: deps}
	if n.from, err = mail.ParseAddress(cfg.From); err != nil {
		return nil, fmt.Errorf("set up mail: %w", err)
	}
	if n.guard, err = loop.NewGuard(cfg.Limits, deps.Memory); err != nil {
		return nil, fmt.Errorf("set up mail: %w", err)
	}
	for _, a := range cfg.Accounts {
		one, err := newAccount(a, n.from, deps.Now)
		if err != nil {
			return nil, fmt.Errorf("set up mail: %w", err)
		}
		n.accounts = append(n.accounts, one)
	}
	n.metrics = newMetrics(deps.Registerer)
	return n, nil
}

// Name is the channel's name for people.
func (n *Notifier) Name() string { return "mail out" }

// Pulse tells when a mail was last taken, and what is wrong when no account takes any. A notifier that has had nothing to send is well.
func (n *Notifier) Pulse() (last time.Time, fault error) {
	well := false
	for _, a := range n.accounts {
		a.mu.Lock()
		if a.last.After(last) {
			last = a.last
		}
		if a.fault == nil {
			well = true
		} else {
			fault = errors.Join(fault, fmt.Errorf("account %s: %w", a.Name, a.fault))
		}
		a.mu.Unlock()
	}
	if well {
		fault = nil
	}
	return last, fault
}

// Notify implements dispatch.Notifier.
func (n *Notifier) Notify(ctx context.Context, notice dispatch.Notice) (dispatch.Result, error) {
	began := time.Now()
	result, err := n.notify(ctx, notice)
	n.metrics.sent(result, time.Since(began))
	if err != nil {
		return result, fmt.Errorf("send mail: %w", err)
	}
	return result, nil
}

func (n *Notifier) notify(ctx context.Context, notice dispatch.Notice) (dispatch.Result, error) {
	to, err := recipient(notice)
	if err != nil {
		return dispatch.ResultFailed, err
	}
	if err := n.deps.IDs.Load(ctx, n.deps.Secrets); err != nil {
		return dispatch.ResultFailed, err
	}
	if result, err := n.held(ctx, notice); err != nil {
		return result, err
	}
	d := draftOf(notice)
	d.from, d.to, d.instance, d.at = n.from, to, n.cfg.Address(), n.deps.Now()
	if strings.TrimSpace(d.text) == "" {
		return dispatch.ResultFailed, fmt.Errorf("a notice of kind %s has no text for mail: %w", notice.Kind, dispatch.ErrPermanent)
	}
	d.thread = n.thread(ctx, notice)
	if d.files, d.left, err = n.files(ctx, notice); err != nil {
		return dispatch.ResultFailed, err
	}
	if err := n.submit(ctx, d); err != nil {
		return dispatch.ResultFailed, err
	}
	if notice.Stamp != nil {
		notice.Stamp(d.thread.ID)
	}
	return dispatch.ResultDelivered, nil
}

// recipient is the address a notice goes to.
func recipient(n dispatch.Notice) (*mail.Address, error) {
	a, err := mail.ParseAddress(n.To)
	if err != nil {
		return nil, fmt.Errorf("the address of the recipient is none; correct it on the client's card: %w", dispatch.ErrPermanent)
	}
	return &mail.Address{Name: oneLine(n.Message.Name, maxSubject), Address: a.Address}, nil
}

// held asks whether an automatic mail may go out now.
func (n *Notifier) held(ctx context.Context, notice dispatch.Notice) (dispatch.Result, error) {
	if notice.Kind != dispatch.NoticeClient || notice.Message.Human {
		return "", nil
	}
	v, err := n.guard.Ask(ctx, notice, answers(notice), n.deps.Now())
	switch {
	case err != nil:
		return dispatch.ResultFailed, err
	case v.Spare:
		return dispatch.ResultLimited, fmt.Errorf("this address had an automatic answer within %v: %w", n.cfg.Limits.Every, dispatch.ErrPermanent)
	case v.Wait > 0:
		return dispatch.ResultFailed, &failure{cause: fmt.Errorf("%d automatic mails went out within a minute", n.cfg.Limits.PerMinute), after: v.Wait}
	}
	return "", nil
}

// thread says where a mail belongs. Without the ticket's other mails it still has its root.
func (n *Notifier) thread(ctx context.Context, notice dispatch.Notice) Thread {
	var t Thread
	if n.deps.Thread != nil && notice.Ref.ID != "" {
		var err error
		if t, err = n.deps.Thread(ctx, notice.Ref); err != nil {
			n.deps.Log.Debug("a mail goes out without the names of those before it", "ticket", notice.Ref.Number, "err", err)
		}
	}
	t.ID = n.deps.IDs.Message(notice.Ref.ID, notice.ID)
	if notice.Ref.ID != "" {
		t.Root = n.deps.IDs.Root(notice.Ref.ID)
	}
	return t
}

// files reads what is enclosed, as far as it fits.
func (n *Notifier) files(ctx context.Context, notice dispatch.Notice) (files []enclosed, left []string, err error) {
	room := n.cfg.LargestFile
	for _, e := range notice.Message.Enclosed {
		if notice.Open == nil {
			return nil, nil, fmt.Errorf("enclose %s: nobody opens files here: %w", e.Name, dispatch.ErrPermanent)
		}
		content, err := n.read(ctx, notice, e, room)
		if err != nil {
			return nil, nil, fmt.Errorf("enclose %s: %w", e.Name, err)
		}
		if int64(len(content)) > room {
			left = append(left, oneLine(e.Name, maxSubject))
			continue
		}
		room -= int64(len(content))
		kind := e.Type
		if kind == "" {
			kind = "application/octet-stream"
		}
		files = append(files, enclosed{name: e.Name, kind: oneLine(kind, maxSubject), content: content})
	}
	return files, left, nil
}

func (n *Notifier) read(ctx context.Context, notice dispatch.Notice, e dispatch.Enclosure, room int64) (content []byte, err error) {
	in, err := notice.Open(ctx, e)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	return io.ReadAll(io.LimitReader(in, room+1))
}

// submit tries the accounts in their order. When a server may have the mail already no other one gets it in the same try.
func (n *Notifier) submit(ctx context.Context, d draft) error {
	var list []outcome
	var faults []error
	after := time.Duration(0)
	for _, a := range n.accounts {
		wait, ok := a.enter()
		if !ok {
			list, faults = append(list, unreached), append(faults, fmt.Errorf("account %s rests after a failure", a.Name))
			if after == 0 || wait < after {
				after = wait
			}
			continue
		}
		o, err := a.send(ctx, d)
		a.leave(o, err)
		n.metrics.tried(a.Name, o)
		if o == taken {
			return nil
		}
		list, faults = append(list, o), append(faults, fmt.Errorf("account %s: %w", a.Name, err))
		if o == never || o == unsure || ctx.Err() != nil {
			break
		}
	}
	return &failure{cause: errors.Join(faults...), after: after, gone: sum(list)}
}

func split(address string) (local, domain string) {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return address, ""
	}
	return address[:at], address[at+1:]
}
