package registrar

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Status is what people may know of an account: no secrets.
type Status struct {
	User    string    `json:"user"`
	Person  string    `json:"person"`
	State   string    `json:"state"` // "ready", "link out", "not set up", "revoked", "off the roster" or "other realm"
	Created time.Time `json:"created,omitzero"`
	Revoked time.Time `json:"revoked,omitzero"`
	Phones  []Phone   `json:"phones,omitempty"`
}

// Phone is a registered phone.
type Phone struct {
	Agent     string    `json:"agent,omitempty"`
	Transport string    `json:"transport"`
	Address   string    `json:"address"`
	NAT       bool      `json:"nat,omitempty"`
	Node      string    `json:"node"`
	Alive     string    `json:"alive"` // "yes", "silent", or "unknown" of a phone that has never answered an OPTIONS
	Until     time.Time `json:"until"`
}

// Accounts lists the accounts with their phones, by user.
func (r *Registrar) Accounts() []Status {
	now := r.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]Status, 0, len(r.accounts))
	for _, user := range slices.Sorted(maps.Keys(r.accounts)) {
		a := r.accounts[user]
		s := Status{User: a.User, Person: a.Person, State: a.state(r.cfg.Realm, now), Created: a.Created, Revoked: a.Revoked}
		for _, b := range append(slices.Clone(r.own[user]), r.foreign[user]...) {
			if b.live(now) {
				s.Phones = append(s.Phones, b.status())
			}
		}
		slices.SortFunc(s.Phones, func(a, b Phone) int { return cmp.Or(cmp.Compare(a.Node, b.Node), cmp.Compare(a.Address, b.Address)) })
		list = append(list, s)
	}
	return list
}

// state is how far an account is.
func (a *Account) state(realm string, now time.Time) string {
	switch {
	case !a.Revoked.IsZero():
		return "revoked"
	case a.Barred:
		return "off the roster"
	case len(a.HA1) > 0 && a.Realm != realm:
		return "other realm"
	case len(a.HA1) > 0:
		return "ready"
	case a.Link != "" && now.Before(a.LinkUntil):
		return "link out"
	}
	return "not set up"
}

func (b *Binding) status() Phone {
	p := Phone{Agent: b.Agent, Transport: string(b.Transport), Address: b.Remote.String(), NAT: b.Behind, Node: b.Node, Alive: "unknown", Until: b.Until}
	switch {
	case b.silent():
		p.Alive = "silent"
	case b.Answers:
		p.Alive = "yes"
	}
	return p
}

func (r *Registrar) countOwn() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, list := range r.own {
		n += len(list)
	}
	return n
}
