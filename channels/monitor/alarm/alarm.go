package alarm

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch/route"
)

// State is what one word of a source says of a trouble.
type State string

// The states.
const (
	Firing   State = "firing"   // it is there
	Resolved State = "resolved" // it is over
	Updated  State = "updated"  // somebody has acknowledged, commented or changed it at the source
	Test     State = "test"     // nothing is wrong: a test button was pressed
)

// Alarm is one word of a monitoring system about one trouble.
type Alarm struct {
	Key      string // of the trouble at its source; empty = the source has not said
	Event    string // of this word; empty = nothing tells it from the next one
	State    State
	Title    string
	Text     string
	Labels   route.Labels
	Severity route.Severity
	Began    time.Time // by the source's clock; zero = it has not said
	Ended    time.Time
	Links    []string // to look at it there
	Tickets  []string // numbers of ours that the source has kept
	Count    int      // alerts of a group; 0 or 1 = it is no group
}

// maxText is how many bytes of one text of a source are read.
const maxText = 64 << 10

// errEmpty says that nothing in a body says anything.
var errEmpty = errors.New("it says nothing that could be shown: no title, no text, no labels and no key")

// fields are the members of a JSON object, as plain texts.
type fields map[string]string

// object reads a JSON object. Values that are no strings keep their JSON.
func object(raw []byte) (fields, map[string]json.RawMessage, error) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(bytes.TrimSpace(raw), &all); err != nil {
		return nil, nil, fmt.Errorf("read alarm as a JSON object: %w", err)
	}
	f := make(fields, len(all))
	for name, v := range all {
		f[name] = text(v)
	}
	return f, all, nil
}

// text is a JSON value as people read it.
func text(v json.RawMessage) string {
	var s string
	if json.Unmarshal(v, &s) == nil {
		return bounded(s)
	}
	if t := string(bytes.TrimSpace(v)); t != "null" {
		return bounded(t)
	}
	return ""
}

// bounded cuts a text that nobody would read to its end.
func bounded(s string) string {
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "") + "…"
	}
	return s
}

// first returns the first field that says something.
func (f fields) first(names ...string) string {
	for _, n := range names {
		if v := strings.TrimSpace(f[n]); v != "" {
			return v
		}
	}
	return ""
}

// digest is a short name for what was said.
func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// join puts texts that say something below each other.
func join(texts ...string) string {
	var kept []string
	for _, t := range texts {
		if t = strings.TrimSpace(t); t != "" && !slices.Contains(kept, t) {
			kept = append(kept, t)
		}
	}
	return bounded(strings.Join(kept, "\n\n"))
}

// check refuses an alarm that says nothing.
func check(a Alarm) (Alarm, error) {
	if a.State != Test && a.Key == "" && a.Title == "" && a.Text == "" && len(a.Labels) == 0 {
		return a, fmt.Errorf("read alarm: %w", errEmpty)
	}
	if a.State == "" {
		a.State = Firing
	}
	return a, nil
}

// clockOf reads an instant that carries its zone; zero when it does not, or says that there is none (Go's zero time, which means
// "not yet").
func clockOf(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, strings.TrimSpace(s))
	if err != nil || t.Year() <= 1 {
		return time.Time{}
	}
	return t.UTC()
}
