package phone

import (
	"strings"

	"github.com/butlerspb/vahta/sip/wire"
)

// infoDigit reads a key from an INFO: application/dtmf-relay ("Signal=5") or
// application/dtmf ("5").
func infoDigit(req *wire.Request) (byte, bool) {
	text := strings.TrimSpace(string(req.Body()))
	if req.ContentType() == "application/dtmf-relay" {
		found := false
		for line := range strings.Lines(text) {
			name, value, ok := strings.Cut(line, "=")
			if ok && strings.EqualFold(strings.TrimSpace(name), "signal") {
				text, found = strings.TrimSpace(value), true
				break
			}
		}
		if !found {
			return 0, false
		}
	} else if req.ContentType() != "application/dtmf" {
		return 0, false
	}
	if len(text) != 1 || !isKey(text[0]) {
		return 0, false
	}
	return text[0], true
}
