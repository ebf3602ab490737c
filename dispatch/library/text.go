package library

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// spoken are the fields of events that people have said or written, or look
// for: words, names, addresses, numbers, hosts. All others are ids, states and times.
func spoken() []string {
	return []string{
		"actions", "address", "answer", "assets", "caller", "caller_name", "cause", "check", "comment", "contact_name", "evidence", "factors",
		"fallback", "fixed", "hypothesis", "loss", "name", "not_caught", "note", "org_name", "others", "reason", "risks", "services", "statement",
		"subject", "summary", "text", "whys", "with",
	}
}

// titled are those that say what a ticket is about.
func titled() []string { return []string{"subject", "summary", "services", "org_name"} }

// machinery are events that repeat what others say, or that a machine has made
// of them.
func machinery(k ticket.Kind) bool {
	return slices.Contains([]ticket.Kind{ticket.KindAttempted, ticket.KindWarned, ticket.KindSent, ticket.KindRecomputed}, k)
}

// wordsOf returns what a line of a log says, and what it adds to the title.
func wordsOf(l dispatch.TextLine) (title, text string) {
	if machinery(l.Kind) {
		return "", ""
	}
	var body any
	if json.Unmarshal(l.Body, &body) != nil {
		return "", "" // no line is lost for being unreadable: the log has it
	}
	var t, all []string
	gather(body, "", func(field, value string) {
		all = append(all, value)
		if slices.Contains(titled(), field) || field == "text" && l.Kind == ticket.KindOpened {
			t = append(t, value)
		}
	})
	return strings.Join(t, "\n"), strings.Join(all, "\n")
}

// gather calls f with every text of the fields that count, in the order of the
// fields' names.
func gather(v any, field string, f func(field, value string)) {
	switch v := v.(type) {
	case string:
		if v != "" && slices.Contains(spoken(), field) {
			f(field, v)
		}
	case []any:
		for _, inner := range v {
			gather(inner, field, f)
		}
	case map[string]any:
		names := make([]string, 0, len(v))
		for name := range v {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			gather(v[name], name, f)
		}
	}
}

// lineOf is an event as the index reads it.
func lineOf(e ticket.Event) dispatch.TextLine {
	body, err := json.Marshal(e.Body)
	if err != nil {
		body = nil // it was stored, so it can be written down
	}
	return dispatch.TextLine{Seq: e.Seq, At: e.At, Kind: e.Body.Kind(), Body: body}
}
