package client

import (
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// CallBack is the rule that says which numbers we may dial on a caller's
// behalf: those on a client's card and those under an allowed prefix. Premium
// and satellite numbers are never dialled, on a card or not.
type CallBack struct {
	Prefixes []string `yaml:"prefixes"` // E.164 with plus, such as +7812; empty = cards only
}

// Refusal says why a number may not be called back; NoRefusal = it may.
type Refusal string

// The reasons.
const (
	NoRefusal      Refusal = ""
	RefusedUnknown Refusal = "number_unknown" // withheld or no number
	RefusedPremium Refusal = "premium"        // costs the company money per call
	RefusedForeign Refusal = "not_allowed"    // neither on a card nor under an allowed prefix
)

// costly are the E.164 prefixes that bill like premium numbers and that number
// metadata does not always mark: international premium rate, satellite and
// global networks (ITU-T E.164.1), and the Russian 803 and 809 codes.
func costly() []string {
	return []string{"+979", "+881", "+882", "+883", "+870", "+878", "+888", "+7803", "+7809"}
}

// Allow judges a number by the rule and the cards of the book.
func (r CallBack) Allow(b *Book, n Number) Refusal {
	if n == "" {
		return RefusedUnknown
	}
	if premium(n) {
		return RefusedPremium
	}
	if b != nil && b.Lists(n) {
		return NoRefusal
	}
	if n.Short() {
		return RefusedForeign
	}
	for _, p := range r.Prefixes {
		if p != "" && strings.HasPrefix(string(n), p) {
			return NoRefusal
		}
	}
	return RefusedForeign
}

func premium(n Number) bool {
	if n.Short() {
		return false
	}
	for _, p := range costly() {
		if strings.HasPrefix(string(n), p) {
			return true
		}
	}
	parsed, err := phonenumbers.Parse(string(n), "")
	if err != nil {
		return true
	}
	kind := phonenumbers.GetNumberType(parsed)
	return kind == phonenumbers.PREMIUM_RATE || kind == phonenumbers.SHARED_COST
}
