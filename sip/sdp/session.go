package sdp

import (
	"net/netip"
	"strconv"
	"strings"
)

// Session is one description. The zero value is an empty one.
type Session struct {
	Origin Origin
	Name   string // s=; "" is written as "-"
	Conn   string // address of the session-level c=, "" when absent
	Attrs  []Attr // session-level a= lines
	Media  []Media
}

// Origin is the o= line: who described the session, which session, which version.
type Origin struct {
	User    string // "" is written as "-"
	ID      uint64 // stays the same for the dialog; keep it below 2^31, some peers overflow
	Version uint64 // grows by one with each change (RFC 3264 §8)
	Host    string // "" is written as the address of the description
}

// Media is one m= line with what belongs to it.
type Media struct {
	Kind    string // "audio", "video", "image"…, lower case
	Port    uint16 // 0 refuses or removes the line
	Proto   string // "RTP/AVP"…, as received
	Formats []string
	Conn    string // address of the first usable media-level c=, "" when absent
	Attrs   []Attr
}

// Attr is one a= line.
type Attr struct{ Name, Value string }

// Codec is an RTP payload format with the number one party gave it.
type Codec struct {
	PT    uint8  // payload type, 0..127
	Name  string // encoding name, compared without case
	Clock int    // RTP clock in Hz
}

// Is says whether both are the same format whatever their payload types.
func (c Codec) Is(o Codec) bool {
	return c.Clock == o.Clock && strings.EqualFold(c.Name, o.Name)
}

// IsEvent says whether the codec carries telephone events (RFC 4733).
func (c Codec) IsEvent() bool { return strings.EqualFold(c.Name, eventName) }

func (c Codec) isNoise() bool { return strings.EqualFold(c.Name, "CN") }

// eventName is the encoding name of RFC 4733 §7.1.1.
const eventName = "telephone-event"

// PCMA is G.711 A-law under its static payload type (RFC 3551 §6).
func PCMA() Codec { return Codec{PT: 8, Name: "PCMA", Clock: 8000} }

// PCMU is G.711 mu-law under its static payload type (RFC 3551 §6).
func PCMU() Codec { return Codec{PT: 0, Name: "PCMU", Clock: 8000} }

// TelephoneEvent is RFC 4733 at 8 kHz under the payload type most peers use.
func TelephoneEvent() Codec { return Codec{PT: 101, Name: eventName, Clock: 8000} }

// Direction says which way media flows, seen from the party it belongs to.
type Direction uint8

// The four directions of RFC 3264 §5.1.
const (
	SendRecv Direction = iota
	SendOnly
	RecvOnly
	Inactive
)

// String returns the attribute of RFC 8866 §6.7.
func (d Direction) String() string {
	switch d {
	case SendRecv:
		return "sendrecv"
	case SendOnly:
		return "sendonly"
	case RecvOnly:
		return "recvonly"
	case Inactive:
		return "inactive"
	}
	return "direction(" + strconv.Itoa(int(d)) + ")"
}

// Reverse is the same flow seen from the other party.
func (d Direction) Reverse() Direction {
	switch d {
	case SendOnly:
		return RecvOnly
	case RecvOnly:
		return SendOnly
	case SendRecv, Inactive:
	}
	return d
}

// Sends says whether the party sends media.
func (d Direction) Sends() bool { return d == SendRecv || d == SendOnly }

// Receives says whether the party wants to receive media.
func (d Direction) Receives() bool { return d == SendRecv || d == RecvOnly }

// meet is what remains of a wish when the other party allows only limit.
func (d Direction) meet(limit Direction) Direction {
	return direction(d.Sends() && limit.Sends(), d.Receives() && limit.Receives())
}

func direction(sends, receives bool) Direction {
	switch {
	case sends && receives:
		return SendRecv
	case sends:
		return SendOnly
	case receives:
		return RecvOnly
	}
	return Inactive
}

func parseDirection(name string) (Direction, bool) {
	switch strings.ToLower(name) {
	case "sendrecv":
		return SendRecv, true
	case "sendonly":
		return SendOnly, true
	case "recvonly":
		return RecvOnly, true
	case "inactive":
		return Inactive, true
	}
	return SendRecv, false
}

// Get returns the value of the line's first attribute of that name.
func (m *Media) Get(name string) (string, bool) { return getAttr(m.Attrs, name) }

func getAttr(attrs []Attr, name string) (string, bool) {
	for _, a := range attrs {
		if strings.EqualFold(a.Name, name) {
			return a.Value, true
		}
	}
	return "", false
}

// Direction is the direction the author of the description asked for on a
// line: its own attribute, else the session's, else sendrecv (RFC 8866 §6.7).
func (s *Session) Direction(m *Media) Direction {
	for _, attrs := range [2][]Attr{m.Attrs, s.Attrs} {
		for _, a := range attrs {
			if d, ok := parseDirection(a.Name); ok {
				return d
			}
		}
	}
	return SendRecv
}

// Addr is the address media of a line goes to; it is the zero Addr when the
// description names none or names it by host name.
func (s *Session) Addr(m *Media) netip.Addr {
	host := m.Conn
	if host == "" {
		host = s.Conn
	}
	return parseAddr(host)
}

// IPv6 says whether the first audio line that is live wants its media at an IPv6 address, so that the answer must name one.
func (s *Session) IPv6() bool {
	for i := range s.Media {
		if m := &s.Media[i]; audio(m) {
			return s.Addr(m).Is6()
		}
	}
	return false
}

func parseAddr(host string) netip.Addr {
	a, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap().WithZone("")
}

// Codecs are the formats of an RTP line in its author's order, with the static
// assignments of RFC 3551 for those that have no rtpmap.
func (m *Media) Codecs() []Codec {
	codecs := make([]Codec, 0, len(m.Formats))
	for _, f := range m.Formats {
		pt, err := strconv.ParseUint(f, 10, 7)
		if err != nil {
			continue
		}
		if c, ok := m.codec(uint8(pt)); ok {
			codecs = append(codecs, c)
		}
	}
	return codecs
}

func (m *Media) codec(pt uint8) (Codec, bool) {
	for _, a := range m.Attrs {
		if !strings.EqualFold(a.Name, "rtpmap") {
			continue
		}
		if c, ok := parseRtpmap(a.Value); ok && c.PT == pt {
			return c, true
		}
	}
	return staticCodec(pt)
}

// parseRtpmap reads "<pt> <name>/<clock>[/<channels>]"; more than one channel
// is a format we do not know.
func parseRtpmap(value string) (Codec, bool) {
	num, format, ok := strings.Cut(strings.TrimSpace(value), " ")
	if !ok {
		return Codec{}, false
	}
	pt, err := strconv.ParseUint(num, 10, 7)
	if err != nil {
		return Codec{}, false
	}
	name, rate, ok := strings.Cut(strings.TrimSpace(format), "/")
	if !ok {
		return Codec{}, false
	}
	rate, channels, _ := strings.Cut(rate, "/")
	clock, err := strconv.ParseUint(strings.TrimSpace(rate), 10, 31)
	if err != nil {
		return Codec{}, false
	}
	if channels != "" && channels != "1" {
		name += "/" + channels
	}
	return Codec{PT: uint8(pt), Name: name, Clock: int(clock)}, true
}

// staticCodec holds the rows of RFC 3551 table 4 that peers still send bare.
func staticCodec(pt uint8) (Codec, bool) {
	var name string
	switch pt {
	case 0:
		name = "PCMU"
	case 3:
		name = "GSM"
	case 8:
		name = "PCMA"
	case 9:
		name = "G722"
	case 13:
		name = "CN"
	case 18:
		name = "G729"
	default:
		return Codec{}, false
	}
	return Codec{PT: pt, Name: name, Clock: 8000}, true
}
