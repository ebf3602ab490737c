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
	// DeskRead opens tickets, tasks, signals, search, articles and reports; DeskWrite the work on them, as the token's person.
	DeskRead  Scope = "desk:read"
	DeskWrite Scope = "desk:write"
	// ClientsRead opens the clients' cards without accesses; ClientsWrite edits them, and shows accesses.
	ClientsRead  Scope = "clients:read"
	ClientsWrite Scope = "clients:write"
	// ClientsAdmin takes out and erases what is kept of one person, as the token's person.
	ClientsAdmin Scope = "clients:admin"
	// RecordingsRead opens the recordings of calls; the audit notes who listens.
	RecordingsRead Scope = "recordings:read"
	// SignalsSend lets a machine or a form bring signals, and nothing else.
	SignalsSend Scope = "signals:send"
	// AuditRead opens the audit.
	AuditRead Scope = "audit:read"
	// FeedPerson and FeedSchedule are calendars by a secret address.
	FeedPerson   Scope = "feed:person:"
	FeedSchedule Scope = "feed:schedule:"
	// Board is the page of one schedule by a secret address.
	Board Scope = "board:schedule:"
)

// String returns the scope as it is written.
func (s Scope) String() string { return string(s) }

// plainScopes are those that end in no ID.
func plainScopes() []Scope {
	return []Scope{Read, Write, People, DeskRead, DeskWrite, ClientsRead, ClientsWrite, ClientsAdmin, RecordingsRead, SignalsSend, AuditRead}
}

// ParseScope reads a scope; kind is one of the constants, id what follows those that end in one.
func ParseScope(s string) (kind Scope, id string, err error) {
	if k := Scope(s); slices.Contains(plainScopes(), k) {
		return k, "", nil
	}
	for _, k := range []Scope{FeedPerson, FeedSchedule, Board} {
		if id, ok := strings.CutPrefix(s, string(k)); ok && id != "" {
			return k, id, nil
		}
	}
	return "", "", fmt.Errorf("scope %q is not known: choose oncall:read, oncall:write, oncall:people, desk:read, desk:write, clients:read, clients:write, clients:admin, recordings:read, signals:send, audit:read, feed:person:<id>, feed:schedule:<id> or board:schedule:<id>", s)
}

// may reports whether a token has a scope.
func may(t dispatch.Token, s Scope) bool {
	if slices.Contains(t.Scopes, string(s)) {
		return true
	}
	wider := map[Scope]Scope{Read: Write, DeskRead: DeskWrite, ClientsRead: ClientsWrite}[s]
	return wider != "" && slices.Contains(t.Scopes, string(wider))
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
