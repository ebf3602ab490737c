package trunk

import (
	"cmp"
	"time"
)

// Register says whether and as whom we register with an operator, so that it sends our calls here.
type Register struct {
	Enabled bool `yaml:"enabled"`
	// User is the account in From and To; "" = auth.user.
	User string `yaml:"user"`
	// Registrar is the domain that is registered with; "" = the operator's domain.
	Registrar string `yaml:"registrar"`
	// ContactUser stands in our Contact, and so in the Request-URI of calls in; "" = User.
	ContactUser string `yaml:"contact_user"`
	// Expires is how long a registration is asked for; the registrar may grant less.
	Expires time.Duration `yaml:"expires"`
	// KeepAlive is how often an empty line keeps NAT and connection open where OPTIONS does not; 0 = 25 s when no_options
	// is set, else not at all.
	KeepAlive time.Duration `yaml:"keep_alive"`
}

// Defaults and bounds of [Register].
const (
	defaultExpires   = 5 * time.Minute // short: a registrar that lost its memory has us back soon
	minExpires       = time.Minute
	defaultKeepAlive = 25 * time.Second // below the 30 s after which NAT forgets UDP, RFC 5626 §4.4.2
	minKeepAlive     = 5 * time.Second
)

func (r Register) validate(fault faultFunc, auth Auth) {
	if r.Enabled && r.User == "" && auth.User == "" {
		fault("register.user", "is empty, and so is auth.user; write the account to register")
	}
	if r.Registrar != "" && !hostLike(r.Registrar) {
		fault("register.registrar", "%q is neither a host name nor an address", r.Registrar)
	}
	if r.Expires != 0 && (r.Expires < minExpires || r.Expires > maxGranted) {
		fault("register.expires", "%s is out of range; use %s to %s, or 0 for %s", r.Expires, minExpires, maxGranted, defaultExpires)
	}
	if r.KeepAlive != 0 && r.KeepAlive < minKeepAlive {
		fault("register.keep_alive", "%s is too often; use %s or more, or 0", r.KeepAlive, minKeepAlive)
	}
}

// withDefaults fills what was left out from the rest of the operator.
func (r Register) withDefaults(o *Operator) Register {
	r.User = cmp.Or(r.User, o.Auth.User)
	r.ContactUser = cmp.Or(r.ContactUser, r.User)
	r.Registrar = cmp.Or(r.Registrar, o.Domain)
	r.Expires = cmp.Or(r.Expires, defaultExpires)
	if r.KeepAlive == 0 && o.NoOptions {
		r.KeepAlive = defaultKeepAlive
	}
	return r
}
