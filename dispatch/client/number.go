package client

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// Number is a telephone number in its one form: E.164 with the plus sign, or a
// short internal extension of 2 to 6 digits. The zero value means unknown.
type Number string

// Lengths in digits.
const (
	maxE164   = 15 // ITU-T E.164 §6.2.1
	minE164   = 7  // shorter strings with a country code are no number of a subscriber
	maxShort  = 6  // an internal extension or a service number such as 112
	minShort  = 2
	minOwn    = 3   // digits of an extension that stands on a card: shorter ones are typing errors
	maxRaw    = 256 // bytes of a caller string we look at; longer ones are noise
	localSize = 7   // digits of a local number in St Petersburg and Moscow
)

// Errors of Parse that callers tell apart.
var (
	ErrAnonymous = errors.New("the caller withholds the number")
	ErrNotNumber = errors.New("not a telephone number")
)

// Short reports whether the number is an internal extension.
func (n Number) Short() bool { return n != "" && n[0] != '+' }

// Masked returns the number fit for a log or an error: its last digits only.
func (n Number) Masked() string { return Mask(string(n)) }

// Mask hides all but the last four characters of a number; of short ones it
// keeps two.
func Mask(s string) string {
	keep := 4
	if len(s) <= maxShort {
		keep = 2
	}
	if len(s) <= keep {
		return s
	}
	return "…" + s[len(s)-keep:]
}

// Numbering is the numbering plan around us: how national and local forms are
// completed. It is immutable.
type Numbering struct {
	Country  string `yaml:"country"`   // ISO 3166 alpha-2, such as RU
	AreaCode string `yaml:"area_code"` // completes seven-digit local numbers; empty = they are refused
}

// Default returns the plan of St Petersburg.
func Default() Numbering { return Numbering{Country: "RU", AreaCode: "812"} }

// Validate reports all faults of the plan.
func (p Numbering) Validate() error {
	var faults []error
	if phonenumbers.GetCountryCodeForRegion(p.Country) == 0 {
		faults = append(faults, fmt.Errorf("country: %q is not a two-letter country code with a telephone plan, such as RU", p.Country))
	}
	if strings.Trim(p.AreaCode, "0123456789") != "" {
		faults = append(faults, fmt.Errorf("area_code: %q has characters that are not digits", p.AreaCode))
	}
	return errors.Join(faults...)
}

// Parse brings a number from SIP, a card or a human to its one form. It takes
// tel: and sip: URIs, name-addr brackets, percent escapes, phone-context
// (RFC 3966 §5.1.5), the prefixes 8, 810 and 00, and any usual punctuation.
func (p Numbering) Parse(raw string) (Number, error) {
	if len(raw) > maxRaw {
		return "", fmt.Errorf("read number of %d bytes: %w", len(raw), ErrNotNumber)
	}
	user, context := splitURI(raw)
	if anonymous(user) {
		return "", ErrAnonymous
	}
	digits, plus, ok := squeeze(user)
	if !ok || digits == "" {
		return "", fmt.Errorf("read number %q: %w", Mask(user), ErrNotNumber)
	}
	if !plus && context != "" {
		if ctx, ctxPlus, ok := squeeze(context); ok && ctxPlus {
			digits, plus = ctx+digits, true
		}
	}
	if !plus && len(digits) >= minShort && len(digits) <= maxShort {
		return Number(digits), nil
	}
	if !plus {
		digits = p.international(digits)
	}
	return check(digits)
}

// plausible refuses a number that can be no client's, though callers may show it. What is no number at all is not its matter.
func (p Numbering) plausible(raw string) error {
	user, _ := splitURI(raw)
	digits, plus, ok := squeeze(user)
	if !ok || plus || digits == "" || len(digits) >= minOwn {
		return nil
	}
	return refuse("%q is no number of a client: it has %d digits; write it whole, such as +7 812 555-01-00, or an extension of %d digits and more", raw, len(digits), minOwn)
}

// Own checks a number that is to stand on a card.
func (p Numbering) Own(raw string) error {
	if err := p.plausible(raw); err != nil {
		return err
	}
	_, err := p.Parse(raw)
	return err
}

// international completes a number that came without its plus sign.
func (p Numbering) international(d string) string {
	if p.Country == "RU" || p.Country == "KZ" {
		switch {
		case strings.HasPrefix(d, "810") && len(d) > 11: // 8~10: the way abroad
			return d[3:]
		case len(d) == 11 && (d[0] == '8' || d[0] == '7'): // trunk prefix, or the bare country code
			return "7" + d[1:]
		case len(d) == 10 && strings.ContainsRune("34589", rune(d[0])): // an operator that drops the prefix
			return "7" + d
		case len(d) == localSize && p.AreaCode != "":
			return "7" + p.AreaCode + d
		}
	}
	if rest, ok := strings.CutPrefix(d, "00"); ok {
		return rest
	}
	if n, err := phonenumbers.Parse(d, p.Country); err == nil && phonenumbers.IsValidNumber(n) {
		return strings.TrimPrefix(phonenumbers.Format(n, phonenumbers.E164), "+")
	}
	return d
}

// check accepts what can be a subscriber's number anywhere.
func check(digits string) (Number, error) {
	for range maxE164 { // some plans drop a national prefix at each reading; the last form is the one
		e164 := "+" + digits
		if len(digits) < minE164 || len(digits) > maxE164 {
			return "", fmt.Errorf("read number %s with %d digits: %w", Mask(e164), len(digits), ErrNotNumber)
		}
		n, err := phonenumbers.Parse(e164, "")
		if err != nil || !phonenumbers.IsPossibleNumber(n) {
			break
		}
		read := phonenumbers.Format(n, phonenumbers.E164)
		if read == e164 {
			return Number(e164), nil
		}
		digits = strings.TrimPrefix(read, "+")
	}
	return "", fmt.Errorf("read number %s: no country has such a number: %w", Mask("+"+digits), ErrNotNumber)
}

// splitURI takes the user part and the phone-context out of a SIP or tel URI.
func splitURI(raw string) (user, context string) {
	s := strings.TrimSpace(raw)
	if i := strings.IndexByte(s, '<'); i >= 0 { // name-addr, RFC 3261 §20.10
		s = s[i+1:]
		s, _, _ = strings.Cut(s, ">")
	}
	for _, scheme := range []string{"tel:", "sips:", "sip:", "callto:"} {
		if len(s) >= len(scheme) && strings.EqualFold(s[:len(scheme)], scheme) {
			s = s[len(scheme):]
			break
		}
	}
	if un, err := url.PathUnescape(s); err == nil { // %2B
		s = un
	}
	s, host, _ := strings.Cut(s, "@")
	s, params, _ := strings.Cut(s, ";")
	s, _, _ = strings.Cut(s, ":") // a password in the user part, RFC 3261 §19.1.1
	for _, list := range []string{params, host} {
		for param := range strings.SplitSeq(list, ";") {
			name, value, _ := strings.Cut(param, "=")
			if strings.EqualFold(strings.TrimSpace(name), "phone-context") && context == "" {
				context = strings.Trim(value, `" `)
			}
		}
	}
	return s, context
}

// squeeze removes punctuation; ok is false when anything but a number remains.
func squeeze(s string) (digits string, plus, ok bool) {
	s, _, _ = strings.Cut(s, ",") // a pause and what is dialled after it
	var b strings.Builder
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			b.WriteByte(byte(r))
		case r >= '０' && r <= '９': // full-width digits
			b.WriteByte(byte('0' + r - '０'))
		case (r == '+' || r == '＋') && b.Len() == 0 && !plus:
			plus = true
		case strings.ContainsRune(" \t\u00a0\u2009\u202f-.()/~\u2010\u2011\u2012\u2013\u2014\u2212\u200b\u200e\u202a\u202c", r):
		default:
			return "", false, false
		}
	}
	return b.String(), plus, true
}

func anonymous(user string) bool {
	switch strings.ToLower(strings.TrimSpace(user)) {
	case "", "anonymous", "restricted", "private", "unavailable", "unknown", "withheld":
		return true
	}
	return false
}
