package app

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/rotation"
	"github.com/butlerspb/vahta/sip/b2bua"
	"github.com/butlerspb/vahta/sip/dialog"
	"github.com/butlerspb/vahta/sip/digest"
	"github.com/butlerspb/vahta/sip/hotline"
	"github.com/butlerspb/vahta/sip/registrar"
	"github.com/butlerspb/vahta/sip/trunk"
	"github.com/butlerspb/vahta/sip/wire"
)

// buildPhones makes the registrar of the engineers' phones, when they may register.
func (a *App) buildPhones(ctx context.Context, stack *dialog.Stack) (err error) {
	if !a.cfg.Phones.Enabled {
		return nil
	}
	deps := registrar.Deps{
		Ledger: phoneLedger{a.journal, a.eligible}, Sender: a.edge, Node: a.cfg.Node,
		File: filepath.Join(a.cfg.Data, "phones.json"), Refused: a.phoneRefused, Revoked: a.phoneRevoked, Log: a.part("phones"), Registerer: a.registry,
	}
	if a.several() {
		deps.Values = a.rotation
		deps.Announce = func(ctx context.Context) error { return a.rotation.Publish(ctx, rotation.TopicPhones, nil) }
	}
	if a.registrar, err = registrar.New(a.cfg.Phones, deps); err != nil {
		return err
	}
	a.registrar.Load(ctx)
	stack.OnOutOfDialog(wire.REGISTER, a.registrar.Handle)
	a.edge.OnFlowClosed(a.registrar.FlowClosed)
	return nil
}

// eligible reports whether somebody's phones may register.
func (a *App) eligible(person string) bool {
	p, ok := a.desk.Directory().Load().Roster.Person(person)
	return ok && !p.Disabled
}

// engineers are the phones as the call engine and the hotline see them.
type engineers struct {
	*registrar.Registrar
	noProgress time.Duration // silence after which the next phone is tried
}

// engineersPhones returns them; nil when none may register.
func (a *App) engineersPhones() *engineers {
	if a.registrar == nil {
		return nil
	}
	return &engineers{a.registrar, a.cfg.Trunks.PhoneProgress}
}

// Authenticate implements b2bua.Phones.
func (e *engineers) Authenticate(in *dialog.Incoming) (string, bool) {
	return e.Registrar.Authenticate(in)
}

// Take implements b2bua.Phones.
func (e *engineers) Take(in *dialog.Incoming, account string) bool {
	return e.Registrar.Take(in, account)
}

// Destinations implements hotline.Phones.
func (e *engineers) Destinations(account string) []trunk.Destination {
	list := e.Registrar.Destinations(account)
	out := make([]trunk.Destination, len(list))
	for i, d := range list {
		out[i] = e.way(d)
	}
	return out
}

func (e *engineers) way(d *registrar.Destination) trunk.Destination {
	return trunk.Destination{
		URI: d.URI, Flow: d.Flow, NoProgress: e.noProgress, Media: trunk.Media{SRTP: e.Media(d.Account, d.Flow)},
		Alive: func(ctx context.Context) error {
			err := d.Alive(ctx)
			if moved, ok := errors.AsType[*registrar.MovedError](err); ok {
				return &b2bua.MovedError{To: []trunk.Destination{e.way(moved.To)}}
			}
			return err
		},
	}
}

// phoneLedger is the record of the accounts as the registrar wants it.
type phoneLedger struct {
	store    dispatch.Phones
	eligible func(person string) bool
}

var _ registrar.Ledger = phoneLedger{}

// PhoneAccounts implements registrar.Ledger. Phones of people who are no longer there, or disabled, are barred.
func (l phoneLedger) PhoneAccounts(ctx context.Context) ([]registrar.Account, error) {
	list, err := l.store.PhoneAccounts(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]registrar.Account, len(list))
	for i, a := range list {
		out[i] = registrar.Account{
			User: a.User, Person: a.Person, Realm: a.Realm, Version: a.Version, Created: a.Created, Revoked: a.Revoked,
			Link: a.Link, LinkUntil: a.LinkUntil, Barred: !l.eligible(a.Person), HA1: make(map[digest.Algorithm]string, len(a.Hashes)),
		}
		for name, hash := range a.Hashes {
			out[i].HA1[digest.Algorithm(name)] = hash
		}
	}
	return out, nil
}

// AddPhone implements registrar.Ledger.
func (l phoneLedger) AddPhone(ctx context.Context, a registrar.Account) error {
	if !l.eligible(a.Person) {
		return fmt.Errorf("there is no person %q, or he is disabled; see people in the configuration", a.Person)
	}
	return told(l.store.AddPhone(ctx, stored(a)), dispatch.ErrConflict, registrar.ErrExists)
}

// LinkPhone implements registrar.Ledger.
func (l phoneLedger) LinkPhone(ctx context.Context, user, link string, until time.Time) error {
	return told(l.store.LinkPhone(ctx, user, link, until), dispatch.ErrNotFound, registrar.ErrNoAccount)
}

// SpendPhone implements registrar.Ledger.
func (l phoneLedger) SpendPhone(ctx context.Context, a registrar.Account, link string, now time.Time) error {
	return told(l.store.SpendPhone(ctx, stored(a), link, now), dispatch.ErrNotFound, registrar.ErrLinkSpent)
}

// RevokePhone implements registrar.Ledger.
func (l phoneLedger) RevokePhone(ctx context.Context, user string, now time.Time) error {
	return told(l.store.RevokePhone(ctx, user, now), dispatch.ErrNotFound, registrar.ErrNoAccount)
}

// told puts the registrar's word in the place of the record's.
func told(err, was, is error) error {
	if errors.Is(err, was) {
		return is
	}
	return err
}

func stored(a registrar.Account) dispatch.PhoneAccount {
	hashes := make(map[string]string, len(a.HA1))
	for name, hash := range a.HA1 {
		hashes[string(name)] = hash
	}
	return dispatch.PhoneAccount{
		User: a.User, Person: a.Person, Realm: a.Realm, Version: a.Version, Hashes: hashes, Created: a.Created, Revoked: a.Revoked,
		Link: a.Link, LinkUntil: a.LinkUntil,
	}
}

// phoneDesk answers the commands of a running server: its list knows where the phones are.
type phoneDesk struct {
	*registrar.Provisioner
	registrar *registrar.Registrar
}

// List implements desk.Phones.
func (d phoneDesk) List(context.Context) ([]registrar.Status, error) {
	return d.registrar.Accounts(), nil
}

// phoneDesk returns what the commands ask about phones; nil when none may register.
func (a *App) phoneDesk() desk.Phones {
	if a.registrar == nil {
		return nil
	}
	return phoneDesk{a.registrar.Provisioner(), a.registrar}
}

// PhonesOnRecord answers the commands about phones when no server runs. People are the record's, or before it has any those of
// the configuration.
func PhonesOnRecord(cfg registrar.Config, store dispatch.Phones, configured oncall.Roster) desk.Phones {
	eligible := func(id string) bool {
		roster := configured
		if r, ok := store.(dispatch.Rotas); ok {
			ctx, cancel := context.WithTimeout(context.Background(), statusBudget)
			defer cancel()
			roster = rosterOf(ctx, r, configured)
		}
		p, ok := roster.Person(id)
		return ok && !p.Disabled
	}
	return &registrar.Provisioner{Config: cfg, Ledger: phoneLedger{store, eligible}, Now: time.Now}
}

// serves reports whether a call is one to a hotline. What a line lists is, whoever calls. A line also takes what none lists,
// but not all of what phones of ours dial, for an engineer who rings a friend opens no ticket: of an account nothing else, and
// of a configured phone, which may be a client's, only what no own call could be, so neither a number nor a colleague.
func (a *App) serves(in trunk.Inbound) bool {
	lines := a.desk.Directory().Load()
	if _, ok := lines.Listed(in.DID); ok {
		return true
	}
	if in.Trunk == "" {
		_, own := a.colleague(in.DID)
		if own || in.Account != "" || hotline.IsNumber(in.DID) {
			return false
		}
	}
	_, ok := lines.LineFor(in.DID)
	return ok
}

// phoneHosts returns the hosts of all softphones of the roster: they may send to us.
func phoneHosts(r oncall.Roster) []string {
	var hosts []string
	for _, p := range r.People {
		for _, d := range p.Devices {
			if d.Kind != oncall.Softphone {
				continue
			}
			if uri, err := wire.ParseURI(d.URI); err == nil {
				hosts = append(hosts, uri.Host)
			}
		}
	}
	return hosts
}
