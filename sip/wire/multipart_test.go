package wire

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// bodied is a message with a body.
func bodied(tb testing.TB, contentType, body string) *Request {
	tb.Helper()
	r := NewRequest(INVITE, URI{Scheme: "sip", Host: "h"})
	r.SetBody(contentType, []byte(body))
	return r
}

// parts writes a multipart body of type and content in turn.
func parts(boundary string, typeAndContent ...string) string {
	var b strings.Builder
	for i := 0; i+1 < len(typeAndContent); i += 2 {
		fmt.Fprintf(&b, "--%s\r\nContent-Type: %s\r\n\r\n%s\r\n", boundary, typeAndContent[i], typeAndContent[i+1])
	}
	return b.String() + "--" + boundary + "--\r\n"
}

func TestMultipartPart(t *testing.T) {
	t.Parallel()
	const sdp, isup = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\n", "\x01\x11\x00\r\n--x\r\nfoo"
	const pidf = "<presence/>"
	mixed := parts("b1", "application/isup;version=itu-t92+", isup, "application/sdp", sdp, "application/pidf+xml", pidf)
	nested := parts("out", "text/plain", "hello", "multipart/alternative;boundary=in", parts("in", "text/plain", "old", "application/sdp", sdp))
	for name, c := range map[string]struct {
		is, body, want, got string
	}{
		"the body itself":          {"application/sdp", sdp, sdpType, sdp},
		"the body is another":      {"text/plain", sdp, sdpType, ""},
		"SDP behind ISUP":          {"multipart/mixed;boundary=b1", mixed, sdpType, sdp},
		"the last part":            {"multipart/mixed;boundary=b1", mixed, "application/pidf+xml", pidf},
		"binary with line ends":    {"multipart/mixed;boundary=b1", mixed, "application/isup", isup},
		"not there":                {"multipart/mixed;boundary=b1", mixed, "application/xml", ""},
		"a quoted boundary":        {`Multipart/Mixed; charset=x; boundary="b1"`, mixed, sdpType, sdp},
		"no boundary":              {"multipart/mixed", mixed, sdpType, ""},
		"another boundary":         {"multipart/mixed;boundary=b2", mixed, sdpType, ""},
		"alternative: the best":    {"multipart/alternative;boundary=b", parts("b", sdpType, "v=1", sdpType, sdp), sdpType, sdp},
		"mixed: the first":         {"multipart/mixed;boundary=b", parts("b", sdpType, sdp, sdpType, "v=1"), sdpType, sdp},
		"related like mixed":       {"multipart/related;boundary=b", parts("b", "text/plain", "x", sdpType, sdp), sdpType, sdp},
		"nested":                   {"multipart/mixed;boundary=out", nested, sdpType, sdp},
		"nested twice is too deep": {"multipart/mixed;boundary=top", parts("top", "multipart/mixed;boundary=out", nested), sdpType, ""},
		"an inner one with the outer name as prefix": {"multipart/mixed;boundary=a", parts("a", "multipart/mixed;boundary=ab", parts("ab", sdpType, sdp)), sdpType, sdp},
		"preamble and epilogue":                      {"multipart/mixed;boundary=b1", "This is a multi-part message\r\n" + mixed + "and this is its end", sdpType, sdp},
		"bare line ends":                             {"multipart/mixed;boundary=b1", strings.ReplaceAll(mixed, "\r\n", "\n"), "application/pidf+xml", pidf},
		"no closing boundary":                        {"multipart/mixed;boundary=b", "--b\r\nContent-Type: application/sdp\r\n\r\n" + sdp, sdpType, sdp},
		"blanks after the boundary":                  {"multipart/mixed;boundary=b", "--b  \r\nContent-Type: application/sdp\r\n\r\n" + sdp + "\r\n--b--", sdpType, sdp},
		"a folded type":                              {"multipart/mixed;boundary=b", "--b\r\nContent-Type:\r\n application/sdp;\r\n\tx=y\r\nX: z\r\n\r\n" + sdp + "\r\n--b--", sdpType, sdp},
		"capitals and parameters":                    {"multipart/mixed;boundary=b", parts("b", "Application/SDP ; charset=utf-8", sdp), sdpType, sdp},
		"no type is plain text":                      {"multipart/mixed;boundary=b", "--b\r\n\r\nhello\r\n--b--", "text/plain", "hello"},
		"an empty part is nothing":                   {"multipart/mixed;boundary=b", parts("b", sdpType, "", sdpType, sdp), sdpType, sdp},
		"headers without a body":                     {"multipart/mixed;boundary=b", "--b\r\nContent-Type: application/sdp\r\n--b--", sdpType, ""},
		"a boundary in a line":                       {"multipart/mixed;boundary=b", parts("b", "text/plain", "x --b\r\ny"), "text/plain", "x --b\r\ny"},
		"only the boundary":                          {"multipart/mixed;boundary=b", "--b", sdpType, ""},
		"a repeated parameter":                       {`multipart/mixed;boundary=b1;x=1;x=2`, mixed, sdpType, sdp},
	} {
		if got := string(bodied(t, c.is, c.body).Part(c.want)); got != c.got {
			t.Errorf("%s: %q, want %q", name, got, c.got)
		}
	}
	many := strings.Repeat("text/plain\x00x\x00", maxParts)
	list := append(strings.Split(strings.TrimSuffix(many, "\x00"), "\x00"), sdpType, sdp)
	if bodied(t, "multipart/mixed;boundary=b", parts("b", list...)).SDP() != nil {
		t.Error("more parts are looked at than allowed")
	}
}

// An INVITE whose offer is one part of many is a call like any other.
func TestMultipartInvite(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	h.react = answer(StatusBusyHere)
	e := startEdge(t, "127.0.79.41", h, nil)
	p := newPeer(t, "127.0.79.42:0", e)
	const sdp = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n"
	body := parts("unique-b", "application/sdp", sdp, "application/isup; version=ansi88", "\x01\x02\r\n\x00", "application/pidf+xml", "<x/>")
	text := p.message(INVITE, "multi", "m", 1, `Content-Type: multipart/mixed;boundary="unique-b"`, "MIME-Version: 1.0")
	p.send(strings.Replace(text, "Content-Length: 0", fmt.Sprint("Content-Length: ", len(body)), 1) + body)
	p.expect("SIP/2.0 486")
	if got := want(t, h.requests).Request(); string(got.SDP()) != sdp {
		t.Errorf("the offer is %q", got.SDP())
	}
	p.send(p.message(ACK, "multi", "m", 1))
	text = p.message(INVITE, "none", "n", 1, `Content-Type: multipart/mixed;boundary="unique-b"`)
	body = parts("unique-b", "application/isup", "\x01")
	p.send(strings.Replace(text, "Content-Length: 0", fmt.Sprint("Content-Length: ", len(body)), 1) + body)
	p.expect("SIP/2.0 415")
	p.send(p.message(ACK, "none", "n", 1))
}

func FuzzPart(f *testing.F) {
	f.Add("multipart/mixed;boundary=b", "--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b--\r\n")
	f.Add("multipart/alternative;boundary=\"b\"", "--b\nContent-Type: multipart/mixed;boundary=c\n\n--c\n\n--c--\n--b--")
	f.Add("multipart/mixed;boundary=-", "----\r\n-----")
	f.Add("multipart/;boundary=", "--\r\n--")
	f.Fuzz(func(t *testing.T, contentType, body string) {
		if strings.ContainsFunc(contentType, isControl) {
			return
		}
		r := bodied(t, contentType, body)
		for _, want := range []string{sdpType, "text/plain"} {
			got := r.Part(want)
			if len(got) > len(body) || !bytes.Contains([]byte(body), got) {
				t.Errorf("%q is no part of %q", got, body)
			}
		}
	})
}
