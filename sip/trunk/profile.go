package trunk

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/butlerspb/vahta/sip/wire"
)

// profile is how a known operator does things: defaults for what its entry in the configuration leaves out.
type profile struct {
	presets []preset
	advice  []string // what a setting cannot say
}

// preset is one setting of a profile, and how sure it is.
type preset struct {
	field  string
	value  string
	source string               // where it was read; "" = assumed, to be checked against the operator's own papers
	apply  func(*Operator) bool // false: the operator's entry says otherwise
}

// Profiles lists the names of the known profiles.
func Profiles() []string { return slices.Sorted(maps.Keys(profiles())) }

// fill puts what the profile says into what the operator left out.
func (p profile) fill(o *Operator) {
	for _, s := range p.presets {
		s.apply(o)
	}
}

// Explain says what an operator's profile adds to its entry, one line a setting, and what else to know.
func (o Operator) Explain() []string {
	p, ok := profiles()[o.Profile]
	if !ok {
		return nil
	}
	var out []string
	for _, s := range p.presets {
		if !s.apply(&o) {
			continue
		}
		sure := "assumed: check it against the operator's papers"
		if s.source != "" {
			sure = "confirmed by " + s.source
		}
		out = append(out, fmt.Sprintf("%s: %s (%s)", s.field, s.value, sure))
	}
	return append(out, p.advice...)
}

// set is a preset of a setting that is empty when its value is the zero one.
func set[T comparable](field, source string, value T, at func(*Operator) *T) preset {
	var zero T
	return preset{field: field, value: fmt.Sprint(value), source: source, apply: func(o *Operator) bool {
		if *at(o) != zero {
			return false
		}
		*at(o) = value
		return true
	}}
}

// setList is a preset of a list.
func setList(field, source string, value []string, at func(*Operator) *[]string) preset {
	return preset{field: field, value: strings.Join(value, ", "), source: source, apply: func(o *Operator) bool {
		if len(*at(o)) > 0 {
			return false
		}
		*at(o) = slices.Clone(value)
		return true
	}}
}

func host(o *Operator) *string              { return &o.Host }
func domain(o *Operator) *string            { return &o.Domain }
func transport(o *Operator) *wire.Transport { return &o.Transport }
func plan(o *Operator) *Plan                { return &o.Plan }
func dtmf(o *Operator) *string              { return &o.DTMF }
func codecs(o *Operator) *[]string          { return &o.Codecs }
func sends(o *Operator) *[]string           { return &o.Identity.Send }
func userPhone(o *Operator) *bool           { return &o.Identity.UserPhone }

// byLogin shows the account as the caller, for operators that put the number in its place; without an account there is
// nothing to show.
func byLogin(source string) preset {
	return preset{field: "identity.cli", value: string(CLILogin), source: source, apply: func(o *Operator) bool {
		if o.Identity.CLI != "" || o.Auth.User == "" {
			return false
		}
		o.Identity.CLI = CLILogin
		return true
	}}
}

// Where presets were read.
const (
	fromAsterisk = "docs.asterisk.org, res_pjsip"
	fromMTT      = "razgovor.biz, templates for MTT"
	fromMultiFon = "several published configurations of Asterisk for MultiFon"
	fromZadarma  = "published configurations of Asterisk for Zadarma"
)

// profiles are the known operators. Only what differs from our defaults stands here.
func profiles() map[string]profile { //nolint:funlen // a table
	both, alawOnly := []string{"pcma", "pcmu"}, []string{"pcma"}
	pbx := profile{
		presets: []preset{
			set("transport", fromAsterisk, wire.UDP, transport),
			set("dtmf", fromAsterisk, DTMFRFC4733, dtmf),
			setList("codecs", "", both, codecs),
		},
		advice: []string{
			"the endpoint needs identify/match with our address, or auth with user and password here and there",
			"100rel and session timers are offered by res_pjsip by default; ours (auto) fit",
			"callers' numbers reach us in P-Asserted-Identity only with send_pai=yes, in Remote-Party-ID with send_rpid=yes; else in From",
		},
	}
	return map[string]profile{
		"asterisk": pbx,
		"freepbx":  pbx,
		"mtt": {
			presets: []preset{
				set("transport", "", wire.UDP, transport),
				set("plan", "", PlanPlain7, plan),
				setList("codecs", "", both, codecs),
			},
			advice: []string{
				"two products: account and password (auth and register), or by our address (confirmed by " + fromMTT + ")",
				"with an account a call in does not say which number was dialled: one number a trunk, it is taken from number (confirmed by " + fromMTT + ")",
				"another number than the trunk's may be shown once its ownership has been proven to MTT (confirmed by " + fromMTT + ")",
			},
		},
		"zadarma": {
			presets: []preset{
				set("host", fromZadarma, "sip.zadarma.com", host),
				set("transport", fromZadarma, wire.UDP, transport),
				byLogin(""),
				set("plan", fromZadarma, PlanE164, plan),
				set("dtmf", fromZadarma, DTMFRFC4733, dtmf),
				setList("codecs", fromZadarma, both, codecs),
			},
			advice: []string{
				"with authorisation by address the login cannot register any more: calls in go to a free login or to our SIP address (confirmed by zadarma.com)",
				"with authorisation by address any connected number may be the caller (confirmed by zadarma.com)",
			},
		},
		"mango": {
			presets: []preset{
				set("transport", "", wire.UDP, transport),
				byLogin(""),
				set("plan", "", PlanPlain7, plan),
				setList("codecs", "", both, codecs),
			},
			advice: []string{
				"host is the domain of your own exchange, vpbx and digits before .mangosip.ru, auth.user the part before the @ of the account (seen in public code that talks to Mango; not confirmed by its papers)",
			},
		},
		"megafon": {
			presets: []preset{
				set("host", fromMultiFon, "sbc.megafon.ru", host),
				set("domain", fromMultiFon, "multifon.ru", domain),
				set("transport", fromMultiFon, wire.UDP, transport),
				set("plan", fromMultiFon, PlanPlain7, plan),
				set("dtmf", fromMultiFon, DTMFInband, dtmf),
				setList("codecs", fromMultiFon, both, codecs),
			},
			advice: []string{
				"this is MultiFon: auth.user is the number as 7 and ten digits, and From must carry it (confirmed by " + fromMultiFon + ")",
				"calls in come only to a registered contact: set register (confirmed by " + fromMultiFon + ")",
				"a trunk to the exchange of MegaFon for business is another product: check everything",
			},
		},
		"rostelecom": {
			presets: []preset{
				set("plan", "", PlanE164, plan),
				set("identity.user_phone", "", true, userPhone),
				setList("identity.send", "", []string{byPAI}, sends),
				setList("codecs", "", alawOnly, codecs),
			},
			advice: []string{
				"the network is an IMS: host, domain, outbound_proxy and numbers stand in the contract and differ by region",
				"100rel and session timers are usual there; ours (auto) fit (assumed)",
			},
		},
	}
}
