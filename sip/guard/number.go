package guard

import (
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// Class is what a number costs at worst.
type Class uint8

// Classes of numbers.
const (
	ClassLocal     Class = iota // no number in international form: short, internal, a name
	ClassHome                   // of the home country
	ClassAbroad                 // of another country, or not known to exist
	ClassPremium                // premium or shared cost, where fraud earns its money
	ClassSatellite              // satellites and international networks (+870, +881 to +883, +979)
)

// String names the class in events and reasons.
func (c Class) String() string {
	switch c {
	case ClassLocal:
		return "local"
	case ClassHome:
		return "home"
	case ClassAbroad:
		return "abroad"
	case ClassPremium:
		return "premium"
	case ClassSatellite:
		return "satellite"
	}
	return "invalid"
}

// networks are country codes that belong to no country: satellites, universal and premium networks (ITU-T E.164.1).
//
//nolint:gochecknoglobals // a table that is never written to
var networks = [...]string{"+870", "+878", "+881", "+882", "+883", "+888", "+979"}

// ClassOf judges a number as it would be dialled; country is the ISO code of the home country.
func ClassOf(number, country string) Class {
	digits, global := strings.CutPrefix(number, "+")
	if !global || digits == "" || strings.Trim(digits, "0123456789") != "" { // a prefix that fits and a tail that leads elsewhere
		return ClassLocal
	}
	for _, n := range networks {
		if strings.HasPrefix(number, n) {
			return ClassSatellite
		}
	}
	parsed, err := phonenumbers.Parse(number, "")
	if err != nil {
		return ClassAbroad
	}
	if kind := phonenumbers.GetNumberType(parsed); kind == phonenumbers.PREMIUM_RATE || kind == phonenumbers.SHARED_COST {
		return ClassPremium
	}
	if region := phonenumbers.GetRegionCodeForNumber(parsed); region != "" {
		if region == country && phonenumbers.IsPossibleNumber(parsed) {
			return ClassHome
		}
		return ClassAbroad
	}
	// A range that the tables do not know yet is at home when only the home country has its code.
	code := int(parsed.GetCountryCode())
	if code == phonenumbers.GetCountryCodeForRegion(country) && phonenumbers.IsPossibleNumber(parsed) && alone(code, number) {
		return ClassHome
	}
	return ClassAbroad
}

// alone tells whether the code, or its part that the number lies in, is used by one country: +7 6 and +7 7 are Kazakhstan's,
// and +1 has twenty countries.
func alone(code int, number string) bool {
	return code != 1 && !strings.HasPrefix(number, "+76") && !strings.HasPrefix(number, "+77")
}
