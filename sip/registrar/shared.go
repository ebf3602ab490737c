package registrar

import (
	"context"
	"encoding/json"
	"net/netip"
	"strings"
	"time"
)

// kind is the first part of the keys of shared bindings; the second is account@node.
const kind = "binding"

// meetEvery is how often the other nodes' bindings are read, shareWait how long they may take.
const (
	meetEvery = 2 * time.Second
	shareWait = time.Second
)

func (r *Registrar) key(account string) string { return kind + "/" + account + "@" + r.deps.Node }

// noLocal lets the edge choose the listener.
func (r *Registrar) noLocal() netip.AddrPort { return netip.AddrPort{} }

// share writes an account's own bindings for the other nodes.
func (r *Registrar) share(ctx context.Context, account string) error {
	now := r.now()
	r.mu.Lock()
	list := r.own[account]
	r.mu.Unlock()
	var last time.Time
	for i := range list {
		if list[i].Until.After(last) {
			last = list[i].Until
		}
	}
	ctx, cancel := context.WithTimeout(ctx, shareWait)
	defer cancel()
	if !last.After(now) {
		return r.deps.Values.Delete(ctx, r.key(account))
	}
	body, err := json.Marshal(list)
	if err != nil {
		return err
	}
	return r.deps.Values.Put(ctx, r.key(account), body, last.Sub(now))
}

// meet follows the bindings of the other nodes until ctx ends.
func (r *Registrar) meet(ctx context.Context) {
	tick := time.NewTicker(meetEvery)
	defer tick.Stop()
	for {
		r.safely("read the bindings of other nodes", func() { r.readForeign(ctx) })
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (r *Registrar) readForeign(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, shareWait)
	defer cancel()
	all, err := r.deps.Values.All(ctx, kind)
	if err != nil {
		return // they stay as they were read last, until they run out
	}
	foreign := map[string][]Binding{}
	for name, body := range all {
		account, node, ok := strings.Cut(name, "@")
		var list []Binding
		if !ok || node == r.deps.Node || json.Unmarshal(body, &list) != nil {
			continue
		}
		foreign[account] = append(foreign[account], list...)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.foreign = foreign
}

// follow reads the accounts again, regularly and when told to, until ctx ends.
func (r *Registrar) follow(ctx context.Context) {
	tick := time.NewTicker(r.cfg.Refresh)
	defer tick.Stop()
	var away bool
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-r.again:
		}
		r.safely("read the accounts", func() {
			ctx, cancel := context.WithTimeout(ctx, ledgerWait)
			defer cancel()
			err := r.Refresh(ctx)
			if now := err != nil; now != away {
				away = now
				if away {
					r.log.Warn("the phone accounts cannot be read; those known count on", "err", err.Error())
				} else {
					r.log.Info("the phone accounts are read again")
				}
			}
		})
	}
}

// Hear takes a message of another node: the accounts have changed, or (nil) may have.
func (r *Registrar) Hear([]byte) { poke(r.again) }

// Refresh reads the accounts now. Bindings and rings of those that were revoked, or got a new secret, end with it.
func (r *Registrar) Refresh(ctx context.Context) error {
	list, err := r.deps.Ledger.PhoneAccounts(ctx)
	if err != nil {
		return err
	}
	fresh := index(list)
	r.mu.Lock()
	defer r.mu.Unlock()
	same := fresh.equal(r.accounts)
	if r.deps.Revoked != nil {
		for user, was := range r.accounts {
			if is := fresh[user]; was.Revoked.IsZero() && !is.Revoked.IsZero() {
				r.deps.Revoked(user)
			}
		}
	}
	r.accounts = fresh
	if same {
		return nil
	}
	r.unsaved = true
	poke(r.flush)
	r.dropLocked("account revoked or set up anew", func(b *Binding) bool { return !fresh.valid(b, r.cfg.Realm) })
	return nil
}
