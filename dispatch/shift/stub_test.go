package shift

import (
	"encoding/json"
	"testing"

	"github.com/butlerspb/vahta/dispatch"
)

// eventOf writes an event as a line.
func eventOf(t testing.TB, n dispatch.Notice) string {
	t.Helper()
	var e struct {
		Type  string
		Shift ShiftJSON
		By    string
		Data  json.RawMessage
	}
	must(t, json.Unmarshal(n.Body, &e))
	line := e.Type + " " + e.Shift.Person
	if e.Type != dispatch.EventShiftHandover {
		line += " " + string(e.Data)
	}
	return line
}
