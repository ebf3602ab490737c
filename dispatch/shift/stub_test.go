package shift

import (
	"encoding/json"
	"testing"

	"github.com/butlerspb/vahta/dispatch"
)

// eventOf writes an event as a line.
func eventOf(tb testing.TB, n dispatch.Notice) string {
	tb.Helper()
	var e struct {
		Type  string
		Shift TurnJSON
		By    string
		Data  json.RawMessage
	}
	must(tb, json.Unmarshal(n.Body, &e))
	line := e.Type + " " + e.Shift.Person
	if e.Type != dispatch.EventShiftHandover {
		line += " " + string(e.Data)
	}
	return line
}
