package siptest

import (
	"bytes"
	"net/netip"
	"strconv"
	"strings"
)

// swap is one address replaced by another.
type swap struct{ from, to string }

// rewrite gives the datagram that the receiver gets: the sender's address
// becomes the relay's own towards the receiver, and the relay's address towards
// the sender becomes the receiver's.
func (r *Relay) rewrite(m Message, dir Direction) []byte {
	a, b := r.partyA().String(), r.cfg.B.String()
	sideA, sideB := r.SideA().String(), r.SideB().String()
	swaps := []swap{{a, sideB}, {sideA, b}}
	if dir == BtoA {
		swaps = []swap{{b, sideA}, {sideB, a}}
	}
	head, body, found := bytes.Cut(m.Raw, []byte("\r\n\r\n"))
	if !found {
		return swapAddresses(m.Raw, swaps)
	}
	head = swapAddresses(head, swaps)
	if r.media != nil && strings.Contains(strings.ToLower(m.Get("Content-Type")), "application/sdp") {
		if sdp := r.media.rewriteSDP(m.CallID(), string(body), dir); sdp != string(body) {
			body = []byte(sdp)
			head = setContentLength(head, len(body))
		}
	}
	return bytes.Join([][]byte{head, body}, []byte("\r\n\r\n"))
}

// swapAddresses replaces each address where it stands alone: 10.0.0.1:506 is
// not part of 10.0.0.1:5060. All swaps are done in one pass, so that the result
// of one is never the input of another.
func swapAddresses(text []byte, swaps []swap) []byte {
	out := make([]byte, 0, len(text)+32)
next:
	for i := 0; i < len(text); {
		for _, s := range swaps {
			if bytes.HasPrefix(text[i:], []byte(s.from)) && alone(text, i, i+len(s.from)) {
				out = append(out, s.to...)
				i += len(s.from)
				continue next
			}
		}
		out = append(out, text[i])
		i++
	}
	return out
}

// alone tells whether text[i:j] is not the middle of a longer number or name.
func alone(text []byte, i, j int) bool {
	word := func(c byte) bool { return c >= '0' && c <= '9' || c == '.' }
	return (i == 0 || !word(text[i-1])) && (j == len(text) || !word(text[j]) || text[j] == '.')
}

// setContentLength writes the new body length into the header.
func setContentLength(head []byte, n int) []byte {
	lines := strings.Split(string(head), "\r\n")
	for i, line := range lines {
		if name, _, ok := strings.Cut(line, ":"); ok && longName(strings.TrimSpace(name)) == "content-length" {
			lines[i] = name + ": " + strconv.Itoa(n)
		}
	}
	return []byte(strings.Join(lines, "\r\n"))
}

// sdpTarget reads the address and the port of the first audio line; ok is
// false when there is none that is alive.
func sdpTarget(sdp string) (target netip.AddrPort, ok bool) {
	var addr netip.Addr
	var port int
	inAudio, inOther := false, false
	for line := range strings.SplitSeq(sdp, "\n") {
		line = strings.TrimRight(line, "\r")
		fields := strings.Fields(line)
		switch {
		case strings.HasPrefix(line, "m="):
			inAudio = fields[0] == "m=audio" && port == 0
			inOther = !inAudio
			if inAudio && len(fields) > 1 {
				port, _ = strconv.Atoi(fields[1])
			}
		case strings.HasPrefix(line, "c=") && !inOther && len(fields) == 3:
			addr, _ = netip.ParseAddr(fields[2])
		}
	}
	if !addr.IsValid() || addr.IsUnspecified() || port <= 0 || port > 65535 {
		return netip.AddrPort{}, false
	}
	return netip.AddrPortFrom(addr, uint16(port)), true
}

// setSDPTarget writes another address and port into the first audio line and
// all c= lines, and drops a=rtcp, which then is the port behind.
func setSDPTarget(sdp string, target netip.AddrPort) string {
	lines := strings.SplitAfter(sdp, "\n")
	done := false
	for i, line := range lines {
		fields := strings.Fields(line)
		switch {
		case strings.HasPrefix(line, "m=audio") && !done && len(fields) > 2:
			fields[1] = strconv.Itoa(int(target.Port()))
			lines[i] = strings.Join(fields, " ") + "\r\n"
			done = true
		case strings.HasPrefix(line, "c=") && len(fields) == 3:
			lines[i] = "c=IN IP4 " + target.Addr().String() + "\r\n"
		case strings.HasPrefix(line, "a=rtcp:"):
			lines[i] = ""
		}
	}
	return strings.Join(lines, "")
}
