package portal

import (
	"fmt"
	"slices"
	"strings"

	"github.com/butlerspb/vahta/dispatch"
)

// Scope is what a token may.
type Scope string

// The scopes. Those of feeds and pages end in an ID.
const (
	// Read opens everything that is asked for, but devices.
	Read Scope = "oncall:read"
	// Write opens edits, as the token's person, and all that Read does.
	Write Scope = "oncall:write"
	// People shows devices beside Read, and edits people beside Write.
	People Scope = "oncall:people"
	// FeedPerson and FeedSchedule are calendars by a secret address.
	FeedPerson   Scope = "feed:person:"
	FeedSchedule Scope = "feed:schedule:"
	// Board is the page of one schedule by a secret address.
	Board Scope = "board:schedule:"
)

// String returns the scope as it is written.
func (s Scope) String() string { return string(s) }

// ParseScope reads a scope; kind is one of the constants, id what follows those that end in one.
func ParseScope(s string) (kind Scope, id string, err error) {
	if k := Scope(s); k == Read || k == Write || k == People {
		return k, "", nil
	}
	for _, k := range []Scope{FeedPerson, FeedSchedule, Board} {
		if id, ok := strings.CutPrefix(s, string(k)); ok && id != "" {
			return k, id, nil
		}
	}
	return "", "", fmt.Errorf("scope %q is not known: choose oncall:read, oncall:write, oncall:people, feed:person:<id>, feed:schedule:<id> or board:schedule:<id>", s)
}

// may reports whether a token has a scope.
func may(t dispatch.Token, s Scope) bool {
	return slices.Contains(t.Scopes, string(s)) || s == Read && slices.Contains(t.Scopes, string(Write))
}

// scoped returns the ID that a token's scope of a kind names.
func scoped(t dispatch.Token, kinds ...Scope) (kind Scope, id string, ok bool) {
	for _, s := range t.Scopes {
		if k, id, err := ParseScope(s); err == nil && id != "" && slices.Contains(kinds, k) {
			return k, id, true
		}
	}
	return "", "", false
}
