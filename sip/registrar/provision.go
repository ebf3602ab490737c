package registrar

import (
	"context"
	"crypto/subtle"
	"fmt"
	"strings"
	"time"
)

// Provisioner makes, links and revokes accounts. It works on the record alone,
// so that it also serves where no registrar runs.
type Provisioner struct {
	Config  Config
	Ledger  Ledger
	Now     func() time.Time
	Changed func(context.Context) // the accounts have changed; nil = nobody wants to know
}

// Link is a way to set a phone up, once, until it is too old.
type Link struct {
	User  string    `json:"user"`
	Page  string    `json:"page"`  // for a person: shows a button that spends the link
	Phone string    `json:"phone"` // for Linphone: fetching it spends the link
	Until time.Time `json:"until"`
}

// Settings are what a phone must know.
type Settings struct {
	User     string        `json:"user"`
	Password string        `json:"password"`
	Domain   string        `json:"domain"`
	Realm    string        `json:"realm"`
	Identity string        `json:"identity"`
	Proxy    string        `json:"proxy"`
	SRTP     string        `json:"srtp"`
	Expires  time.Duration `json:"expires"`
}

// UserOf names the account of a person's n-th phone, from 1.
func UserOf(person string, n int) (string, error) {
	user := strings.ToLower(person)
	if n > 1 {
		user += fmt.Sprintf("-%d", n)
	}
	if n < 1 || !ValidUser(user) {
		return "", fmt.Errorf("no account can be named after %q, phone %d; name it with --user, in small latin letters and digits", person, n)
	}
	return user, nil
}

// Add makes an account; it cannot register before a link, or Reveal, has given it a secret.
func (p *Provisioner) Add(ctx context.Context, user, person string) error {
	if !ValidUser(user) {
		return fmt.Errorf("%q is no name of a phone account; use small latin letters, digits, dots, dashes and underscores", user)
	}
	if err := p.Ledger.AddPhone(ctx, Account{User: user, Person: person, Realm: p.Config.Realm, Created: p.Now()}); err != nil {
		return fmt.Errorf("add phone %s: %w", user, err)
	}
	p.changed(ctx)
	return nil
}

// NewLink gives an account a one-time link in the place of the one before. The
// secret in force stays until the link is spent.
func (p *Provisioner) NewLink(ctx context.Context, user string) (Link, error) {
	if p.Config.PublicURL == "" {
		return Link{}, fmt.Errorf("there are no links: phones.public_url is empty; set it, or see the settings once with `vahta phone qr %s --show`", user)
	}
	token, hash := NewLink()
	until := p.Now().Add(p.Config.LinkLife)
	if err := p.Ledger.LinkPhone(ctx, user, hash, until); err != nil {
		return Link{}, fmt.Errorf("link phone %s: %w", user, err)
	}
	p.changed(ctx)
	page := strings.TrimRight(p.Config.PublicURL, "/") + Path + token
	return Link{User: user, Page: page, Phone: page + phoneSuffix, Until: until}, nil
}

// Reveal gives an account a new secret and shows it, for phones that are set up by hand.
func (p *Provisioner) Reveal(ctx context.Context, user string) (Settings, error) {
	token, hash := NewLink()
	if err := p.Ledger.LinkPhone(ctx, user, hash, p.Now().Add(p.Config.LinkLife)); err != nil {
		return Settings{}, fmt.Errorf("set up phone %s: %w", user, err)
	}
	return p.Spend(ctx, token)
}

// Spend gives the account of a link its new secret. The old one dies, and so does the link.
func (p *Provisioner) Spend(ctx context.Context, token string) (Settings, error) {
	list, err := p.Ledger.PhoneAccounts(ctx)
	if err != nil {
		return Settings{}, fmt.Errorf("set up phone: %w", err)
	}
	now, hash := p.Now(), linkHash(token)
	found := -1
	for i := range list { // all of them, so that the time tells nothing
		if subtle.ConstantTimeCompare([]byte(list[i].Link), []byte(hash)) == 1 && list[i].Revoked.IsZero() {
			found = i
		}
	}
	if found < 0 {
		return Settings{}, ErrLinkSpent
	}
	a := list[found]
	s := p.Config.settings(a.User)
	a.Realm = p.Config.Realm
	a.Version++
	s.Password, a.HA1 = NewSecret(a.User, a.Realm)
	if err := p.Ledger.SpendPhone(ctx, a, hash, now); err != nil {
		return Settings{}, fmt.Errorf("set up phone %s: %w", a.User, err)
	}
	p.changed(ctx)
	return s, nil
}

// Revoke ends an account for good.
func (p *Provisioner) Revoke(ctx context.Context, user string) error {
	if err := p.Ledger.RevokePhone(ctx, user, p.Now()); err != nil {
		return fmt.Errorf("revoke phone %s: %w", user, err)
	}
	p.changed(ctx)
	return nil
}

// List lists the accounts as the record has them, without their phones.
func (p *Provisioner) List(ctx context.Context) ([]Status, error) {
	list, err := p.Ledger.PhoneAccounts(ctx)
	if err != nil {
		return nil, fmt.Errorf("list phones: %w", err)
	}
	out := make([]Status, len(list))
	for i := range list {
		a := &list[i]
		out[i] = Status{User: a.User, Person: a.Person, State: a.state(p.Config.Realm, p.Now()), Created: a.Created, Revoked: a.Revoked}
	}
	return out, nil
}

func (p *Provisioner) changed(ctx context.Context) {
	if p.Changed != nil {
		p.Changed(ctx)
	}
}

// settings are an account's, but for its password.
func (c Config) settings(user string) Settings {
	domain := c.Domain
	if domain == "" {
		domain = "<this server>"
	}
	s := Settings{
		User: user, Domain: domain, Realm: c.Realm, SRTP: c.SRTP, Expires: c.Expires,
		Identity: "sip:" + user + "@" + domain, Proxy: "sip:" + domain,
	}
	if c.Transport != "udp" {
		s.Proxy += ";transport=" + c.Transport
	}
	if c.Transport != "tls" && s.SRTP == "required" {
		s.SRTP = "offered"
	}
	return s
}

// Provisioner returns the one of this registrar: what it changes counts here at once, and is announced to the other nodes.
func (r *Registrar) Provisioner() *Provisioner {
	return &Provisioner{Config: r.cfg, Ledger: r.deps.Ledger, Now: r.now, Changed: func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ledgerWait) // it is done, whoever has gone
		defer cancel()
		if err := r.Refresh(ctx); err != nil {
			poke(r.again)
		}
		if r.deps.Announce == nil {
			return
		}
		if err := r.deps.Announce(ctx); err != nil {
			r.log.Warn("the other nodes were not told of a changed phone; they see it within the time of phones.refresh", "err", err.Error())
		}
	}}
}
