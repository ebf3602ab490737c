package sdp

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Suite is a crypto suite of SRTP: cipher, key length and authentication tag.
type Suite uint8

// The suites that are offered and accepted, the first is the best liked.
const (
	AES128HMAC80 Suite = iota + 1 // AES_CM_128_HMAC_SHA1_80 (RFC 4568 §6.2.1)
	AES256HMAC80                  // AES_256_CM_HMAC_SHA1_80 (RFC 6188)
	AES128HMAC32                  // AES_CM_128_HMAC_SHA1_32 (RFC 4568 §6.2.2)
)

// suiteNames are what each suite is called: by its RFC, then by peers that follow a draft.
//
//nolint:gochecknoglobals // a table
var suiteNames = map[Suite][]string{
	AES128HMAC80: {"AES_CM_128_HMAC_SHA1_80"},
	AES256HMAC80: {"AES_256_CM_HMAC_SHA1_80", "AES_CM_256_HMAC_SHA1_80"},
	AES128HMAC32: {"AES_CM_128_HMAC_SHA1_32"},
}

// saltLen is the length of the master salt in bytes, the same in all suites.
const saltLen = 14

// KeyLen is the length of the master key in bytes, without the salt.
func (s Suite) KeyLen() int {
	switch s {
	case AES128HMAC80, AES128HMAC32:
		return 16
	case AES256HMAC80:
		return 32
	}
	return 0
}

// String returns the registered name.
func (s Suite) String() string {
	if names := suiteNames[s]; len(names) > 0 {
		return names[0]
	}
	return "suite(" + strconv.Itoa(int(s)) + ")"
}

func parseSuite(name string) (Suite, bool) {
	for s, names := range suiteNames {
		for _, n := range names {
			if strings.EqualFold(n, name) {
				return s, true
			}
		}
	}
	return 0, false
}

// MasterKey is a master key with its salt behind it. It prints as "***".
type MasterKey []byte

// Key returns the part before the salt.
func (k MasterKey) Key() []byte { return k[:max(0, len(k)-saltLen)] }

// Salt returns the master salt.
func (k MasterKey) Salt() []byte { return k[max(0, len(k)-saltLen):] }

// Format prints the mask, whatever the verb.
func (k MasterKey) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, masked) }

// MarshalText returns the mask.
func (k MasterKey) MarshalText() ([]byte, error) { return []byte(masked), nil }

const masked = "***"

// Key is one master key of a crypto line and the identifier that packets under it carry.
type Key struct {
	Master MasterKey
	MKI    []byte // master key identifier (RFC 3711 §3.1), empty when packets carry none
}

func (k Key) equal(o Key) bool { return bytes.Equal(k.Master, o.Master) && bytes.Equal(k.MKI, o.MKI) }

// Crypto is one a=crypto line (RFC 4568): how its author protects what he sends.
type Crypto struct {
	Tag   int
	Suite Suite
	Keys  []Key // the first is the one to send with

	spelled string // the suite's name as its author spells it
}

// String names tag and suite, never a key.
func (c Crypto) String() string {
	return strconv.Itoa(c.Tag) + " " + c.Suite.String() + " inline:" + masked
}

// Equal says whether both have the same suite and keys, whatever their tags.
func (c Crypto) Equal(o Crypto) bool {
	return c.Suite == o.Suite && slices.EqualFunc(c.Keys, o.Keys, Key.equal)
}

// CryptoPair is what an exchange has agreed on: our key and theirs.
type CryptoPair struct {
	Send Crypto // for what we send
	Recv Crypto // for what the far end sends
}

// Format names the suites, never a key, whatever the verb.
func (p CryptoPair) Format(w fmt.State, _ rune) {
	_, _ = fmt.Fprintf(w, "send %s, receive %s", p.Send.String(), p.Recv.String())
}

// NewCrypto makes fresh keys, one line for each suite in the order we like them. random fills its argument from a
// cryptographic source. One set serves one session; it is kept while the session lasts.
func NewCrypto(random func([]byte)) []Crypto {
	lines := make([]Crypto, 0, len(suiteNames))
	for s := AES128HMAC80; s.KeyLen() > 0; s++ {
		master := make(MasterKey, s.KeyLen()+saltLen)
		random(master)
		lines = append(lines, Crypto{Tag: len(lines) + 1, Suite: s, Keys: []Key{{Master: master}}})
	}
	return lines
}

// Limits of a crypto line; the figures are ours but for the tag (RFC 4568 §9.1) and the MKI (§6.1).
const (
	maxTag     = 999_999_999
	maxMKI     = 128
	maxKeys    = 8
	maxCryptos = 32 // lines of one media line that are looked at
)

// errCrypto is wrapped by what is wrong with a crypto line. Its text never contains any of the line.
var errCrypto = errors.New("crypto line not usable")

// parseCrypto reads the value of an a=crypto attribute: tag, suite, keys, session parameters (RFC 4568 §9.1).
func parseCrypto(value string) (Crypto, error) {
	f := strings.Fields(value)
	if len(f) < 3 {
		return Crypto{}, fmt.Errorf("%w: %d of 3 parts", errCrypto, len(f))
	}
	tag, err := strconv.ParseUint(f[0], 10, 31)
	if err != nil || tag > maxTag {
		return Crypto{}, fmt.Errorf("%w: tag is no number of nine digits", errCrypto)
	}
	suite, ok := parseSuite(f[1])
	if !ok {
		return Crypto{}, fmt.Errorf("%w: suite not known", errCrypto)
	}
	c := Crypto{Tag: int(tag), Suite: suite, spelled: f[1]}
	keys, params := joinKeys(f[2:])
	if err := checkParams(params); err != nil {
		return Crypto{}, err
	}
	for k := range strings.SplitSeq(strings.TrimSuffix(keys, ";"), ";") {
		if len(c.Keys) == maxKeys {
			return Crypto{}, fmt.Errorf("%w: more than %d keys", errCrypto, maxKeys)
		}
		key, err := parseKey(k, suite)
		if err != nil {
			return Crypto{}, err
		}
		c.Keys = append(c.Keys, key)
	}
	return c, c.checkMKIs()
}

// joinKeys separates the keys from the session parameters: some peers put a blank behind the semicolon.
func joinKeys(f []string) (keys string, params []string) {
	keys = f[0]
	for i := 1; i < len(f); i++ {
		if !strings.HasSuffix(keys, ";") && !strings.HasPrefix(f[i], ";") {
			return keys, f[i:]
		}
		keys += f[i]
	}
	return keys, nil
}

// checkParams refuses what would change how packets look (RFC 4568 §6.3). The rest are hints: the window size, the order of an
// FEC stream that we never take, and whatever its author marks as negligible.
func checkParams(params []string) error {
	for _, p := range params {
		name, value, _ := strings.Cut(strings.ToUpper(p), "=")
		switch {
		case strings.HasPrefix(name, "-"), name == "WSH", name == "FEC_ORDER", name == "KDR" && value == "0":
		default:
			return fmt.Errorf("%w: session parameter not supported", errCrypto)
		}
	}
	return nil
}

// parseKey reads "inline:<base64 of key and salt>[|lifetime][|MKI:length]".
func parseKey(text string, suite Suite) (Key, error) {
	method, info, ok := strings.Cut(text, ":")
	if !ok || !strings.EqualFold(method, "inline") {
		return Key{}, fmt.Errorf("%w: key method not known", errCrypto)
	}
	parts := strings.Split(info, "|")
	master, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(parts[0], "="))
	if err != nil || len(master) != suite.KeyLen()+saltLen {
		return Key{}, fmt.Errorf("%w: key is not base64 of %d bytes", errCrypto, suite.KeyLen()+saltLen)
	}
	k := Key{Master: master}
	for i, p := range parts[1:] {
		switch {
		case strings.Contains(p, ":") && k.MKI == nil:
			if k.MKI, err = parseMKI(p); err != nil {
				return Key{}, err
			}
		case i == 0 && isLifetime(p):
		default:
			return Key{}, fmt.Errorf("%w: lifetime or MKI not readable", errCrypto)
		}
	}
	return k, nil
}

// isLifetime reads a count of packets, "2^20" or decimal. The number means nothing to us: it promises when its author will
// bring a new key, and a call ends long before.
func isLifetime(text string) bool {
	power, ok := strings.CutPrefix(text, "2^")
	if ok {
		n, err := strconv.ParseUint(power, 10, 8)
		return err == nil && n <= 48
	}
	n, err := strconv.ParseUint(text, 10, 64)
	return err == nil && n > 0
}

// parseMKI reads "value:length" (RFC 4568 §6.1): the number as length bytes, most significant first.
func parseMKI(text string) ([]byte, error) {
	number, length, _ := strings.Cut(text, ":")
	n, err := strconv.ParseUint(length, 10, 8)
	if err != nil || n == 0 || n > maxMKI {
		return nil, fmt.Errorf("%w: MKI length is not 1..%d", errCrypto, maxMKI)
	}
	v, err := strconv.ParseUint(number, 10, 64)
	if err != nil || n < 8 && v>>(8*n) != 0 {
		return nil, fmt.Errorf("%w: MKI does not fit its length", errCrypto)
	}
	mki := make([]byte, n)
	for i := int(n) - 1; v > 0; i-- {
		mki[i] = byte(v)
		v >>= 8
	}
	return mki, nil
}

// checkMKIs demands what makes several keys tell apart: identifiers of one length, all different (RFC 3711 §3.1).
func (c Crypto) checkMKIs() error {
	for i, k := range c.Keys {
		if len(k.MKI) != len(c.Keys[0].MKI) || len(c.Keys) > 1 && len(k.MKI) == 0 {
			return fmt.Errorf("%w: keys without MKI of one length", errCrypto)
		}
		for _, o := range c.Keys[:i] {
			if bytes.Equal(k.MKI, o.MKI) {
				return fmt.Errorf("%w: two keys of one MKI", errCrypto)
			}
		}
	}
	return nil
}

// attr writes the line. The key that is sent with is the only one of ours.
func (c Crypto) attr() Attr {
	name := c.spelled
	if name == "" {
		name = c.Suite.String()
	}
	k := c.Keys[0]
	value := strconv.Itoa(c.Tag) + " " + name + " inline:" + base64.StdEncoding.EncodeToString(k.Master)
	if len(k.MKI) > 0 {
		value += "|" + k.mkiNumber() + ":" + strconv.Itoa(len(k.MKI))
	}
	return Attr{cryptoName, value}
}

func (k Key) mkiNumber() string {
	var v uint64 // larger numbers are not read
	for _, b := range k.MKI {
		v = v<<8 | uint64(b)
	}
	return strconv.FormatUint(v, 10)
}

const cryptoName = "crypto"

// Cryptos are the usable crypto lines of a media line, in its author's order.
func (m *Media) Cryptos() []Crypto {
	var lines []Crypto
	seen := 0
	for _, a := range m.Attrs {
		if !strings.EqualFold(a.Name, cryptoName) {
			continue
		}
		if seen++; seen > maxCryptos {
			break
		}
		if c, err := parseCrypto(a.Value); err == nil {
			lines = append(lines, c)
		}
	}
	return lines
}

// Format masks what a crypto line must not tell a log, whatever the verb.
func (a Attr) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, a.printed()) }

// MarshalJSON masks it too: what is written as JSON is a log or a status page, never a description.
func (a Attr) MarshalJSON() ([]byte, error) {
	type bare Attr // without this method
	if strings.EqualFold(a.Name, cryptoName) {
		a.Value = masked
	}
	return json.Marshal(bare(a))
}

func (a Attr) printed() string {
	switch {
	case strings.EqualFold(a.Name, cryptoName):
		return a.Name + ":" + masked
	case a.Value == "":
		return a.Name
	}
	return a.Name + ":" + a.Value
}
