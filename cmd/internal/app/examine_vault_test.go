package app

import (
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch/vault"
)

func TestJudgeVault(t *testing.T) {
	t.Parallel()
	good := vault.Survey{Enabled: true, Keys: 2, Recordings: 12, Files: 3, Oldest: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}
	for name, c := range map[string]struct {
		change func(*vault.Survey)
		ok     bool
		words  string
	}{
		"good":         {func(*vault.Survey) {}, true, "12 recording(s), 3 file(s), keys of 2 client(s), the oldest recording of 2026-03-01"},
		"new":          {func(s *vault.Survey) { *s = vault.Survey{Enabled: true, Locked: "the vault is locked"} }, true, "nothing was sealed yet"},
		"switched off": {func(s *vault.Survey) { s.Enabled = false }, true, "not encrypted"},
		"no key":       {func(s *vault.Survey) { s.Locked = "the key file k is gone" }, false, "the key file k is gone: nothing sealed can be opened"},
		"shut":         {func(s *vault.Survey) { s.ShutAll, s.Shut = 4, []string{"a.wav"} }, false, "4 can not be opened (a.wav)"},
		"clear":        {func(s *vault.Survey) { s.Clear = 2 }, false, "2 recording(s) of calls that have ended are not sealed"},
		"overdue":      {func(s *vault.Survey) { s.Overdue = 1 }, false, "1 are kept longer"},
		"elsewhere":    {func(s *vault.Survey) { s.Missing = 5 }, true, "5 file(s) lie on other nodes"},
	} {
		s := good
		c.change(&s)
		if f := judgeVault(s, true); f.OK != c.ok || !strings.Contains(f.Text, c.words) {
			t.Errorf("%s: %+v", name, f)
		}
	}
	good.Clear, good.Overdue = 2, 1
	if f := judgeVault(good, false); !f.OK || !strings.Contains(f.Text, "2 recording(s) are not sealed yet") || !strings.Contains(f.Text, "the next `vahta serve` removes them") {
		t.Errorf("while no server runs: %+v", f)
	}
}
