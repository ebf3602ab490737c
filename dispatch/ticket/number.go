package ticket

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Number is the human number of a ticket, such as VH-26-004213: two digits of
// the year, the sequence within the year, and a check digit at the end. The
// check digit is Damm's (H. M. Damm, 2004): computed over year and sequence it
// catches every single wrong digit and every swap of two neighbours. The
// number is an address, never a proof of identity.
type Number struct {
	Year int    // last two digits, 0..99
	Seq  uint32 // from 1; grows past five digits when a year needs it
}

// Width of the written sequence including the check digit; longer ones grow.
const (
	numberWidth = 6
	maxDigits   = 12 // digits of year, sequence and check digit we read
)

// ErrNumber marks a text that is not a ticket number, or one misheard: its
// check digit does not fit.
var ErrNumber = errors.New("not a ticket number")

// damm is the quasigroup of order 10 given by Damm; row = interim digit,
// column = next digit.
func damm(interim, digit byte) byte {
	const table = "0317598642" + "7092154863" + "4206871359" + "1750983426" + "6123045978" +
		"3674209581" + "5869720134" + "8945362017" + "9438617205" + "2581436790"
	return table[int(interim)*10+int(digit)] - '0'
}

func checkDigit(digits string) byte {
	var c byte
	for i := range len(digits) {
		c = damm(c, digits[i]-'0')
	}
	return '0' + c
}

// body returns year and sequence as digits without the check digit.
func (n Number) body() (year, seq string) {
	year = strconv.Itoa(n.Year%100 + 100)[1:]
	seq = strconv.FormatUint(uint64(n.Seq), 10)
	if pad := numberWidth - 1 - len(seq); pad > 0 {
		seq = "00000"[:pad] + seq
	}
	return year, seq
}

// String returns the number as written: VH-26-004213.
func (n Number) String() string {
	year, seq := n.body()
	return "VH-" + year + "-" + seq + string(checkDigit(year+seq))
}

// Groups returns the digits in the pairs in which they are said aloud:
// 26, 00, 42, 13.
func (n Number) Groups() []string {
	digits := strings.ReplaceAll(n.String()[len("VH-"):], "-", "")
	groups := make([]string, 0, len(digits)/2+1)
	if len(digits)%2 == 1 { // an odd count starts with the year and a single
		groups = append(groups, digits[:2], digits[2:3])
		digits = digits[3:]
	}
	for ; len(digits) > 0; digits = digits[2:] {
		groups = append(groups, digits[:2])
	}
	return groups
}

// Tail returns what identifies the ticket within the year when said aloud: the
// sequence with its check digit, without leading zeros (4213).
func (n Number) Tail() string {
	_, seq := n.body()
	digits := strings.TrimLeft(seq+string(checkDigit(n.digits())), "0")
	if digits == "" {
		return "0"
	}
	return digits
}

func (n Number) digits() string {
	year, seq := n.body()
	return year + seq
}

// ParseNumber reads a number as people write and say it: any case, with or
// without VH, any hyphens and spaces. A wrong check digit is an error.
func ParseNumber(s string) (Number, error) {
	var digits strings.Builder
	rest := strings.TrimSpace(s)
	if len(rest) >= 2 && strings.EqualFold(rest[:2], "VH") {
		rest = rest[2:]
	}
	for _, r := range rest {
		switch {
		case r >= '0' && r <= '9':
			digits.WriteByte(byte(r))
		case r == '-' || r == ' ' || r == '.' || r == '\u2013' || r == '\u2011' || r == '\u00a0':
		default:
			return Number{}, fmt.Errorf("read %q: %w: unexpected %q; write it as VH-26-004213", s, ErrNumber, r)
		}
	}
	d := digits.String()
	if len(d) < 2+numberWidth || len(d) > maxDigits {
		return Number{}, fmt.Errorf("read %q: %w: %d digits; write it as VH-26-004213", s, ErrNumber, len(d))
	}
	last := len(d) - 1
	if checkDigit(d[:last]) != d[last] {
		return Number{}, fmt.Errorf("read %q: %w: the check digit does not fit, so one digit is wrong or two are swapped", s, ErrNumber)
	}
	year, _ := strconv.Atoi(d[:2])
	seq, err := strconv.ParseUint(d[2:last], 10, 32)
	if err != nil || seq == 0 {
		return Number{}, fmt.Errorf("read %q: %w: sequence out of range", s, ErrNumber)
	}
	return Number{Year: year, Seq: uint32(seq)}, nil
}

// MarshalText implements encoding.TextMarshaler.
func (n Number) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler. It reads back the zero
// Number too, which no ticket has: a log line that lacks a number must not make
// its log unreadable.
func (n *Number) UnmarshalText(b []byte) (err error) {
	if len(b) == 0 || string(b) == (Number{}).String() {
		*n = Number{}
		return nil
	}
	*n, err = ParseNumber(string(b))
	return err
}
