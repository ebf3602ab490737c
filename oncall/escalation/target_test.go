package escalation

import (
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

func TestExpired(t *testing.T) {
	t.Parallel()
	moscow, err := oncall.LoadZone("Europe/Moscow")
	if err != nil {
		t.Fatal(err)
	}
	date := oncall.NewCivil(2026, 2, 1, 0, 0, 0)
	at := time.Date(2026, 1, 31, 21, 30, 0, 0, time.UTC) // half past midnight in Moscow
	for name, tt := range map[string]struct {
		certificates []oncall.Certificate
		zone         oncall.Zone
		want         bool
	}{
		"none is needed":                  {nil, moscow, false},
		"of another skill":                {[]oncall.Certificate{{Name: "network", Expires: date}, {Name: "1cc", Expires: date}}, moscow, false},
		"the day has come in Moscow":      {[]oncall.Certificate{{Name: "1c", Expires: date}}, moscow, true},
		"the person lives farther west":   {[]oncall.Certificate{{Name: "1c", Expires: date}}, oncall.Zone{}, false},
		"it names the skill":              {[]oncall.Certificate{{Name: "1C:Специалист", Expires: date}}, moscow, true},
		"another one of the skill is new": {[]oncall.Certificate{{Name: "1c", Expires: date}, {Name: "1C Expert", Expires: date.AddDays(30)}}, moscow, false},
		"it never ends":                   {[]oncall.Certificate{{Name: "1c"}, {Name: "1c", Expires: date}}, moscow, false},
	} {
		if got := Expired(oncall.Person{Certificates: tt.certificates}, "1c", tt.zone, at); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	west, err := oncall.LoadZone("Europe/Kaliningrad")
	if err != nil {
		t.Fatal(err)
	}
	if Expired(oncall.Person{Zone: west, Certificates: []oncall.Certificate{{Name: "1c", Expires: date}}}, "1c", moscow, at) {
		t.Error("the person's own zone counts")
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
	err := Policy{Pause: -1, AckTimeout: -1, RepageAfter: 48 * time.Hour, Steps: []Rung{
		{Delay: -1},
		{At: time.Minute, Delay: time.Second, Targets: []string{"primary", "primary", "tier:0", "role:boss", "skill:", "colour:red", ""}, Repeat: -1},
		{At: time.Minute, Targets: []string{"person:anna", "tier:2", "role:lead", "skill:1c"}, Repeat: 101},
	}}.Validate()
	for _, path := range []string{
		"pause: -1ns is negative", "ack_timeout:", "repage_after: 48h0m0s is more than", "steps[0].delay:", "steps[0].targets: is empty",
		"steps[1].delay: the step has a time", "steps[1].repeat: -1", `steps[1].targets[1]: "primary" is named twice`, `steps[1].targets[2]: "tier:0" is no tier`,
		`steps[1].targets[3]: "role:boss" is no role; use one of role:engineer`, `steps[1].targets[4]: "skill:" names nobody`, `steps[1].targets[5]: "colour:red" is no target`,
		"steps[1].targets[6]: is empty", "steps[2].at: 1m0s is not after the step before it", "steps[2].repeat: 101",
	} {
		if err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("error %v\nlacks %s", err, path)
		}
	}
	if n := strings.Count(err.Error(), "\n") + 1; n != 15 {
		t.Errorf("%d faults, want 15: %v", n, err)
	}
}

// A person's rules become notices: each once the devices of the one before have rung, all devices where no rule rings in time.
func TestParts(t *testing.T) {
	t.Parallel()
	soft, mobile := oncall.Device{Kind: oncall.Softphone, URI: "sip:a@x"}, oncall.Device{Kind: oncall.Mobile, Number: "+7921", RingTime: 30 * time.Second}
	voice := func(after time.Duration, kinds ...oncall.DeviceKind) oncall.NotifyRule {
		return oncall.NotifyRule{After: after, Channel: Voice, Devices: kinds}
	}
	for name, tt := range map[string]struct {
		rules []oncall.NotifyRule
		want  string
	}{
		"no rules":                     {nil, "0s softphone mobile"},
		"one for all":                  {[]oncall.NotifyRule{voice(0)}, "0s softphone mobile"},
		"softphone, then mobile":       {[]oncall.NotifyRule{voice(0, oncall.Softphone), voice(time.Minute, oncall.Mobile)}, "0s softphone; 1m0s mobile"},
		"in any order":                 {[]oncall.NotifyRule{voice(time.Minute, oncall.Mobile), voice(0, oncall.Softphone)}, "0s softphone; 1m0s mobile"},
		"not while the other rings":    {[]oncall.NotifyRule{voice(0, oncall.Softphone), voice(5*time.Second, oncall.Mobile)}, "0s softphone; 20s mobile"},
		"never comes":                  {[]oncall.NotifyRule{voice(0, oncall.Softphone), voice(2*time.Minute, oncall.Mobile)}, "0s softphone"},
		"nothing rings in time":        {[]oncall.NotifyRule{voice(time.Hour)}, "0s softphone mobile"},
		"another channel":              {[]oncall.NotifyRule{{Channel: "telegram"}}, "0s softphone mobile"},
		"later than the page may wait": {[]oncall.NotifyRule{voice(10 * time.Second)}, "10s softphone mobile"},
		"the mobile twice":             {[]oncall.NotifyRule{voice(0, oncall.Mobile), voice(time.Minute, oncall.Mobile, oncall.Softphone)}, "0s mobile; 1m0s softphone mobile"},
	} {
		var got []string
		for _, p := range Parts(oncall.Person{Devices: []oncall.Device{soft, mobile}, Notify: tt.rules}, 20*time.Second, 2*time.Minute) {
			words := []string{p.After.String()}
			for _, d := range p.Devices {
				words = append(words, d.Kind.String())
			}
			got = append(got, strings.Join(words, " "))
		}
		if strings.Join(got, "; ") != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}
