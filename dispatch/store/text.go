package store

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/butlerspb/vahta/dispatch"
)

// What telephones and mail programs send as text may be none: broken UTF-8, or
// NUL, which PostgreSQL refuses and whose refusal would lose the ticket. All
// stores put U+FFFD for it, before anything is hashed. Bytes that are to stay
// as they came go into a column of bytes.

func isText(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

func asText(s string) string {
	if isText(s) {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// plainText makes text of all arguments of a statement that are strings.
func plainText(args []any) []any {
	for i, a := range args {
		if s, is := a.(string); is && !isText(s) {
			args[i] = asText(s)
		}
	}
	return args
}

// legible makes text of what goes into a hash beside the bodies, which are JSON
// and so are text already, and of what is compared with what is stored.
func legible(c dispatch.Change) dispatch.Change {
	if c.Signal != nil && !isText(c.Signal.Key) {
		signal := *c.Signal
		signal.Key = asText(signal.Key)
		c.Signal = &signal
	}
	copied := false
	for i, e := range c.Events {
		if isText(e.By) && isText(e.Channel) && isText(e.Key) {
			continue
		}
		if !copied {
			c.Events, copied = slices.Clone(c.Events), true
		}
		e.By, e.Channel, e.Key = asText(e.By), asText(e.Channel), asText(e.Key)
		c.Events[i] = e
	}
	return c
}
