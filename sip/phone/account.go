package phone

import (
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/butlerspb/vahta/sip/digest"
	"github.com/butlerspb/vahta/sip/wire"
)

// Account is what the phone proves when it is asked who it is.
type Account struct {
	User     string
	Password string
	Realm    string // challenges of other realms are not answered; "" = any
}

func (a Account) validate() error {
	if a.User == "" && (a.Password != "" || a.Realm != "") {
		return errors.New("phone.account.user: is empty, want the login that goes with the password")
	}
	return nil
}

// prover answers challenges (RFC 3261 §22); it satisfies dialog.Authorizer.
type prover struct{ client *digest.Client }

func newProver(a Account) *prover {
	return &prover{digest.NewClient(digest.Credentials{User: a.User, Password: a.Password, Realm: a.Realm}, func(b []byte) { _, _ = rand.Read(b) })}
}

// Authorize answers the challenges of a 401 or 407.
func (p *prover) Authorize(method string, uri wire.URI, body []byte, challenge *wire.Response) (wire.Header, error) {
	asked, answer := "WWW-Authenticate", "Authorization"
	if challenge.Status() == wire.StatusProxyAuthRequired {
		asked, answer = "Proxy-Authenticate", "Proxy-Authorization"
	}
	value, err := p.client.Authorize(challenge.Headers(asked), method, uri.String(), body)
	if err != nil {
		return wire.Header{}, fmt.Errorf("answer the %d to %s: %w", challenge.Status(), method, err)
	}
	return wire.Header{Name: answer, Value: value}, nil
}

// stale reports whether a challenge says that the password was right and only the nonce too old.
func (p *prover) stale(challenge *wire.Response) bool {
	name := "WWW-Authenticate"
	if challenge.Status() == wire.StatusProxyAuthRequired {
		name = "Proxy-Authenticate"
	}
	return p.client.Stale(challenge.Headers(name))
}
