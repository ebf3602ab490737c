package trunk

import (
	"strings"
)

// Plan is the form in which an operator wants numbers dialled and presented.
type Plan string

// The number plans operators ask for.
const (
	PlanE164      Plan = "e164"      // +74951234567
	PlanNational8 Plan = "national8" // 84951234567; abroad 810 and the number
	PlanPlain7    Plan = "plain7"    // 74951234567: E.164 without the plus
)

const (
	nationalDigits  = 10 // digits of a Russian number without its country code
	maxE164Digits   = 15 // ITU-T E.164 §6.2
	minGlobalDigits = 8  // shorter strings of digits are local or service numbers
)

// Format writes a number in the plan's form. Numbers that are not E.164 with a plus (short and
// service numbers, names) stay as they are.
func (p Plan) Format(number string) string {
	digits, global := strings.CutPrefix(number, "+")
	if !global {
		return number
	}
	switch p {
	case PlanNational8:
		if len(digits) == nationalDigits+1 && digits[0] == '7' {
			return "8" + digits[1:]
		}
		return "810" + digits
	case PlanPlain7:
		return digits
	case PlanE164:
		return number
	}
	return number
}

// Normalize turns the user part of a SIP or tel URI into E.164 with a plus. It understands
// Russian trunk and international prefixes (8…, 810…, 00…), bare national numbers, visual
// separators (RFC 3966 §5.1.1), "%2B" and ";phone-context". What is no telephone number comes back
// as received, without parameters.
func Normalize(user string) string {
	user = strings.TrimSpace(user)
	if len(user) >= 4 && strings.EqualFold(user[:4], "tel:") {
		user = user[4:]
	}
	base, params, _ := strings.Cut(user, ";")
	if len(base) >= 3 && base[0] == '%' && strings.EqualFold(base[:3], "%2b") {
		base = "+" + base[3:]
	}
	digits, plus, ok := onlyDigits(base)
	if !ok {
		return base
	}
	if plus {
		return "+" + digits
	}
	if context := phoneContext(params); len(context)-1+len(digits) >= minGlobalDigits && context != "" {
		return context + digits // a shorter one is a service number of that country, RFC 3966 §5.1.5
	}
	return global(digits)
}

// global adds the plus and the country code that a bare string of digits implies.
func global(digits string) string {
	n := len(digits)
	switch {
	case strings.HasPrefix(digits, "810") && n-3 >= minGlobalDigits && n-3 <= maxE164Digits && n != nationalDigits+1:
		return "+" + digits[3:]
	case strings.HasPrefix(digits, "00") && n-2 >= minGlobalDigits && n-2 <= maxE164Digits:
		return "+" + digits[2:]
	case n == nationalDigits+1 && (digits[0] == '8' || digits[0] == '7'):
		return "+7" + digits[1:]
	case n == nationalDigits && strings.IndexByte("3489", digits[0]) >= 0:
		return "+7" + digits
	case n > nationalDigits+1 && n <= maxE164Digits && digits[0] != '0' && digits[0] != '8':
		return "+" + digits
	}
	return digits
}

// phoneContext returns the global prefix named by ";phone-context=+7495", or "" when there is none
// or it is a domain.
func phoneContext(params string) string {
	for param := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(param, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "phone-context") {
			continue
		}
		if len(value) >= 3 && strings.EqualFold(value[:3], "%2b") {
			value = "+" + value[3:]
		}
		if digits, plus, ok := onlyDigits(value); ok && plus {
			return "+" + digits
		}
	}
	return ""
}

// onlyDigits strips visual separators. It reports whether a plus led and whether what is left is a
// non-empty string of digits (with the keys * and # of service codes).
func onlyDigits(s string) (digits string, plus, ok bool) {
	s, plus = strings.CutPrefix(s, "+")
	clean := true
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9', (c == '*' || c == '#') && !plus:
		case c == ' ' || c == '-' || c == '.' || c == '(' || c == ')':
			clean = false
		default:
			return "", false, false
		}
	}
	if !clean {
		s = strings.Map(func(r rune) rune {
			if strings.ContainsRune(" -.()", r) {
				return -1
			}
			return r
		}, s)
	}
	return s, plus, s != ""
}

// isNumber reports whether a normalised user part is a telephone number.
func isNumber(user string) bool {
	return strings.Trim(strings.TrimPrefix(user, "+"), "0123456789") == "" && user != "" && user != "+"
}
