package app

import (
	"context"
	"fmt"
	"strings"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/sip/registrar"
)

// examinePhones looks at the accounts that people's devices name, and at where their phones are.
func examinePhones(ctx context.Context, c config.Config, running bool) []Finding {
	named := accountsOf(c)
	if !c.Phones.Enabled {
		if len(named) == 0 {
			return nil
		}
		return []Finding{{What: "phones", Text: fmt.Sprintf("%d device(s) register as an account, and phones.enabled is false: they are never rung", len(named))}}
	}
	list, err := listPhones(ctx, c)
	if err != nil {
		return []Finding{{What: "phones", Text: "the accounts cannot be read: " + err.Error()}}
	}
	known := map[string]registrar.Status{}
	at := 0
	for _, a := range list {
		known[a.User] = a
		at += len(a.Phones)
	}
	findings := []Finding{{"phones", true, fmt.Sprintf("%d account(s), %d phone(s) registered", len(list), at)}}
	if !running {
		findings[0].Text = fmt.Sprintf("%d account(s); no server runs, so none is registered", len(list))
	}
	for _, user := range named {
		findings = append(findings, findPhone(user, known[user], running))
	}
	return findings
}

// findPhone says whether the phones of an account that a device names can be rung.
func findPhone(user string, a registrar.Status, running bool) Finding {
	f := Finding{What: "phone"}
	switch {
	case a.User == "":
		f.Text = fmt.Sprintf("%s: there is no such account; make it with `vahta phone add`, or correct the device", user)
	case a.State == "revoked":
		f.Text = fmt.Sprintf("%s: revoked; make it anew with `vahta phone add %s --user %s`, or take it out of the devices", user, a.Person, user)
	case a.State == "off the roster":
		f.Text = fmt.Sprintf("%s: its person %s is disabled or no longer in people; take it out of the devices, or bring him back", user, a.Person)
	case a.State != "ready":
		f.Text = fmt.Sprintf("%s: %s; set the phone up with `vahta phone qr %s`", user, a.State, user)
	case !running:
		f.OK, f.Text = true, user+": ready"
	case len(a.Phones) == 0:
		f.OK, f.Text = true, user+": ready, but registered by no phone now: it is passed over"
	default:
		f.OK = true
		var where []string
		for _, p := range a.Phones {
			where = append(where, fmt.Sprintf("%s %s (alive: %s)", p.Transport, p.Address, p.Alive))
		}
		f.Text = user + ": " + strings.Join(where, ", ")
	}
	return f
}

// accountsOf lists the accounts that devices name, each once.
func accountsOf(c config.Config) (list []string) {
	seen := map[string]bool{}
	for _, p := range c.People {
		for _, d := range p.Devices {
			if d.Account != "" && !seen[d.Account] {
				seen[d.Account] = true
				list = append(list, d.Account)
			}
		}
	}
	return list
}

func listPhones(ctx context.Context, c config.Config) (list []registrar.Status, err error) {
	ctx, cancel := context.WithTimeout(ctx, probeBudget)
	defer cancel()
	p, done, err := desk.OpenPhones(ctx, c.Data, c.Database(), func(s dispatch.Phones) desk.Phones { return PhonesOnRecord(c.Phones, s, c.Roster) }) //nolint:contextcheck // each question is bounded by itself
	if err != nil {
		return nil, err
	}
	list, err = p.List(ctx)
	if fault := done(); err == nil {
		err = fault
	}
	return list, err
}
