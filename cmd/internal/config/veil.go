package config

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"
)

// veiled stands in place of a secret in an address.
const veiled = "xxxxx"

// tokenLetters is how long a part of an address with letters and digits is when it is a token rather than a word. UUIDs, keys of
// heartbeats and of CTI are longer; versions and names of files are shorter.
const tokenLetters = 16

// addresses matches URLs in a text.
var addresses = regexp.MustCompile(`[a-zA-Z][a-zA-Z0-9+.-]*://[^\s"'<>,]+`)

// veil hides what opens a door in the addresses of a text: passwords, tokens in the query, and tokens that are a part of the path.
func veil(text string) string { return addresses.ReplaceAllStringFunc(text, veilAddress) }

func veilAddress(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		scheme, _, _ := strings.Cut(text, "://")
		return scheme + "://" + veiled // nobody knows which part of it is the secret
	}
	if u.User != nil {
		if _, has := u.User.Password(); has {
			u.User = url.UserPassword(u.User.Username(), veiled)
		} else if token(u.User.Username()) {
			u.User = url.User(veiled)
		}
	}
	parts := strings.Split(u.EscapedPath(), "/")
	for i, part := range parts {
		if token(part) || i > 0 && parts[i-1] == "cti" { // Zammad has the token of its CTI there, however short
			parts[i] = veiled
		}
	}
	head := u.Scheme + "://"
	if u.User != nil {
		head += u.User.String() + "@"
	}
	head += u.Host + strings.Join(parts, "/")
	if u.RawQuery != "" {
		head += "?" + veilQuery(u.RawQuery)
	}
	if u.Fragment != "" {
		head += "#" + veiled
	}
	return head
}

// veilQuery keeps the order and the writing of what is no secret.
func veilQuery(query string) string {
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		if value != "" && (secretName(name) || token(value)) {
			pairs[i] = name + "=" + veiled
		}
	}
	return strings.Join(pairs, "&")
}

// secretName says whether a parameter is called as secrets are.
func secretName(name string) bool {
	name = strings.ToLower(name)
	for _, word := range []string{"pass", "pwd", "token", "key", "secret", "sig", "auth", "code", "session"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// token says whether a part of an address was made by a machine to be guessed by nobody.
func token(part string) bool {
	return len(part) >= tokenLetters && strings.ContainsFunc(part, unicode.IsDigit) && strings.ContainsFunc(part, unicode.IsLetter)
}
