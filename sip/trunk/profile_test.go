package trunk

import (
	"strings"
	"testing"
)

// A profile fills what the entry leaves out, and nothing else; every profile makes a valid operator.
func TestProfiles(t *testing.T) {
	t.Parallel()
	for _, name := range Profiles() {
		o := Operator{Name: "op", Profile: name, Host: "sip.example.net", Number: "+7 812 000-00-00", Auth: Auth{User: "login", Password: "secret"}}
		cfg := Default()
		cfg.Operators = []Operator{o}
		if err := cfg.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		cfg.Operators = []Operator{o.withDefaults()} // what the profile says is itself valid
		if err := cfg.Validate(); err != nil {
			t.Errorf("%s filled in: %v", name, err)
		}
		if lines := o.Explain(); len(lines) < 2 {
			t.Errorf("%s says only %q", name, lines)
		}
		if lines := o.withDefaults().Explain(); strings.Contains(strings.Join(lines, "\n"), "plan:") {
			t.Errorf("%s tells of settings that the entry has: %q", name, lines)
		}
	}
	own := Operator{
		Name: "op", Profile: "megafon", Host: "sbc.example.net", Domain: "example.net", Plan: PlanE164,
		Media: Media{Codecs: []string{"pcmu"}, DTMF: DTMFInfo},
	}
	if o := own.withDefaults(); o.Host != own.Host || o.Domain != own.Domain || o.Plan != own.Plan || o.DTMF != own.DTMF || len(o.Codecs) != 1 {
		t.Errorf("the profile beats the entry: %+v", o)
	}
	if o := (Operator{Name: "op", Profile: "megafon"}).withDefaults(); o.Host != "sbc.megafon.ru" || o.Domain != "multifon.ru" || o.DTMF != DTMFInband || o.Plan != PlanPlain7 {
		t.Errorf("the profile fills in %+v", o)
	}
	cfg := Default()
	cfg.Operators = []Operator{{Name: "op", Profile: "megafon"}, {Name: "mtt", Profile: "mtt"}, {Name: "x", Profile: "x", Host: "h"}}
	err := cfg.Validate()
	if err == nil || strings.Contains(err.Error(), "operators[0]") || !strings.Contains(err.Error(), "operators[1].host") || !strings.Contains(err.Error(), "operators[2].profile") {
		t.Errorf("hosts: %v", err)
	}
	for _, line := range (Operator{Name: "op", Profile: "zadarma"}).Explain() { // no account: no login to show
		if strings.HasPrefix(line, "identity.cli") {
			t.Error(line)
		}
	}
}

// Nothing is claimed without saying where it was read.
func TestProfilesSayWhatIsAssumed(t *testing.T) {
	t.Parallel()
	for name, p := range profiles() {
		for _, line := range (Operator{Profile: name, Auth: Auth{User: "u"}}).Explain()[:len(p.presets)] {
			if !strings.Contains(line, "confirmed by ") && !strings.Contains(line, "assumed") {
				t.Errorf("%s: %s", name, line)
			}
		}
	}
}
