package guard

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Purpose says why a number is dialled.
type Purpose string

// The purposes. There is none for a call from one operator to another: it does not exist.
const (
	Page     Purpose = "page"      // an engineer is rung: for a caller or by an alarm
	CallBack Purpose = "call_back" // a client is rung back
	Own      Purpose = "own"       // an engineer dials
	Proof    Purpose = "proof"     // the line calls itself
)

// Price is what a minute to numbers of a prefix costs; the longest prefix counts.
type Price struct {
	Prefix    string  `yaml:"prefix"`
	PerMinute float64 `yaml:"per_minute"`
}

// Config are the rules against toll fraud.
type Config struct {
	// Country is the ISO 3166 code of the country whose numbers are not abroad; "" must be filled before New.
	Country string `yaml:"country"`
	// Zone is the time zone in which a day begins; "" = the machine's.
	Zone string `yaml:"zone"`
	// Allow are prefixes that call-backs and engineers may dial, such as "+7".
	Allow []string `yaml:"allow"`
	// Deny are prefixes that nobody dials, whatever else allows them.
	Deny []string `yaml:"deny"`
	// Abroad lets Allow name prefixes of other countries.
	Abroad bool `yaml:"abroad"`
	// DayMinutes is the budget of a day; 0 = none.
	DayMinutes int `yaml:"day_minutes"`
	// DayMoney is the budget of a day in the unit of the prices; 0 = none.
	DayMoney float64 `yaml:"day_money"`
	// Reserve is the part of both, in percent, that only paging may use.
	Reserve int `yaml:"reserve"`
	// Prices by prefix; what no prefix names costs PerMinute.
	Prices    []Price `yaml:"prices"`
	PerMinute float64 `yaml:"per_minute"`
	// MaxCall ends a call that an engineer placed and that is longer.
	MaxCall time.Duration `yaml:"max_call"`
	// PerAccount is how many calls of its own one phone may have at once.
	PerAccount int `yaml:"per_account"`
}

// Default has the rules of a Russian company: Russian numbers, 1,000 minutes and no money counted.
func Default() Config {
	return Config{
		Allow: []string{"+7"}, DayMinutes: 1000, Reserve: 30,
		MaxCall: 2 * time.Hour, PerAccount: 2,
	}
}

// Validate names every fault with its field path.
func (c Config) Validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if c.Country != "" && len(c.Country) != 2 || strings.ToUpper(c.Country) != c.Country {
		fault("country: %q is no ISO 3166 code such as RU", c.Country)
	}
	if _, err := c.location(); err != nil {
		fault("zone: %w", err)
	}
	for _, list := range [...]struct {
		name string
		of   []string
	}{{"allow", c.Allow}, {"deny", c.Deny}} {
		for i, p := range list.of {
			if !isPrefix(p) {
				fault("%s[%d]: %q is no prefix; write + and digits, such as +7812", list.name, i, p)
			}
		}
	}
	if c.DayMinutes < 0 {
		fault("day_minutes: %d is negative; 0 means no budget", c.DayMinutes)
	}
	if c.DayMoney < 0 || c.PerMinute < 0 {
		fault("day_money, per_minute: money is not negative")
	}
	if c.Reserve < 0 || c.Reserve > 90 {
		fault("reserve: %d is outside 0 to 90 percent", c.Reserve)
	}
	for i, p := range c.Prices {
		if !isPrefix(p.Prefix) || p.PerMinute < 0 {
			fault("prices[%d]: want a prefix such as +79 and what a minute costs", i)
		}
	}
	if c.DayMoney > 0 && c.PerMinute == 0 && len(c.Prices) == 0 {
		fault("day_money: no call costs anything; set prices or per_minute")
	}
	if c.MaxCall <= 0 {
		fault("max_call: %s is not a positive duration", c.MaxCall)
	}
	if c.PerAccount < 1 {
		fault("per_account: %d; at least one call must be allowed", c.PerAccount)
	}
	return errors.Join(faults...)
}

func isPrefix(s string) bool {
	digits, ok := strings.CutPrefix(s, "+")
	return ok && digits != "" && strings.Trim(digits, "0123456789") == ""
}

func (c Config) location() (*time.Location, error) {
	if c.Zone == "" {
		return time.Local, nil
	}
	loc, err := time.LoadLocation(c.Zone)
	if err != nil {
		return nil, fmt.Errorf("%q is no time zone; write a name such as Europe/Moscow", c.Zone)
	}
	return loc, nil
}

// price of a minute to a number.
func (c Config) price(number string) float64 {
	best, price := 0, c.PerMinute
	for _, p := range c.Prices {
		if len(p.Prefix) > best && strings.HasPrefix(number, p.Prefix) {
			best, price = len(p.Prefix), p.PerMinute
		}
	}
	return price
}

// Reason is why a call may not leave.
type Reason string

// The reasons, as events and metrics show them.
const (
	Permitted     Reason = ""
	StopInForce   Reason = "stopped"       // the stop is in force
	DeniedPrefix  Reason = "denied_prefix" // Config.Deny names it
	NoPurpose     Reason = "no_purpose"    // nobody said why, or a purpose that does not exist
	PremiumNumber Reason = "premium"       // premium, shared cost, satellite
	AbroadNumber  Reason = "abroad"        // another country
	NotAllowed    Reason = "not_allowed"   // on no list and under no allowed prefix
	AccountLimit  Reason = "account_limit" // too many calls of one phone
	BudgetSpent   Reason = "budget_spent"  // the day's minutes or money
	NotOurs       Reason = "not_ours"      // a proof dials our own numbers only
)

// Known says where a number stands.
type Known struct {
	Roster bool // an engineer's device, or a number of last resort
	Card   bool // a client's card
	Ours   bool // one of our own lines
}

// Call is what somebody wants to dial.
type Call struct {
	Purpose Purpose
	Number  string     // E.164 with plus, or as it would be dialled
	Account string     // the phone that dials, for Own
	CallID  string     // for events
	Trunk   string     // operator, for events
	Source  netip.Addr // the phone's address for Own, for events
}

// judge is the whole rule but for budgets: number and its class, purpose, lists.
func (c Config) judge(call Call, class Class, known Known, stop Stop) Reason {
	switch {
	case stop == StopAll, stop == StopOthers && call.Purpose != Page:
		return StopInForce
	case under(c.Deny, call.Number):
		return DeniedPrefix
	}
	if class == ClassPremium || class == ClassSatellite {
		return PremiumNumber
	}
	var listed bool
	switch call.Purpose {
	case Page:
		if !known.Roster {
			return NotAllowed
		}
		return Permitted
	case Proof:
		if !known.Ours {
			return NotOurs
		}
		return Permitted
	case CallBack:
		listed = known.Card || known.Roster
	case Own:
		listed = known.Roster
	default:
		return NoPurpose
	}
	switch {
	case listed:
		return Permitted
	case class == ClassAbroad && !c.Abroad:
		return AbroadNumber
	case class == ClassLocal || !under(c.Allow, call.Number):
		return NotAllowed
	}
	return Permitted
}

func under(prefixes []string, number string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(number, p) })
}

// Stop is how much the stop stops.
type Stop string

// The stops.
const (
	StopNone   Stop = ""       // nothing
	StopOthers Stop = "others" // everything but paging
	StopAll    Stop = "all"    // paging too: nobody is rung through an operator
)

// ParseStop reads a stop as commands write it.
func ParseStop(s string) (Stop, error) {
	switch Stop(s) {
	case StopNone, StopOthers, StopAll:
		return Stop(s), nil
	}
	return "", fmt.Errorf("stop %q is unknown; write others or all, or nothing", s)
}
