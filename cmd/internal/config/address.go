package config

import (
	"net/url"
	"strings"
)

// Address is a URL that may hold a password, which never shows.
type Address string

// String hides the password.
func (a Address) String() string {
	if a == "" {
		return ""
	}
	u, err := url.Parse(string(a))
	if err != nil || u.Host == "" {
		return "***"
	}
	q := u.Query()
	for _, secret := range []string{"password", "sslpassword"} { // libpq takes them here too
		if q.Has(secret) {
			q.Set(secret, "xxxxx")
			u.RawQuery = q.Encode()
		}
	}
	return u.Redacted()
}

// GoString hides the password.
func (a Address) GoString() string { return a.String() }

// MarshalText hides the password.
func (a Address) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText takes the address as it is written.
func (a *Address) UnmarshalText(b []byte) error {
	*a = Address(strings.TrimSpace(string(b)))
	return nil
}
