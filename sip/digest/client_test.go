package digest

import (
	"errors"
	"strings"
	"testing"
)

// Credentials that are pinned to a realm leave others alone.
func TestOnlyTheOwnRealmIsAnswered(t *testing.T) {
	t.Parallel()
	const (
		own     = `Digest realm="sip.operator.example", nonce="a", qop="auth", algorithm=MD5`
		foreign = `Digest realm="evil.example", nonce="b", qop="auth", algorithm=SHA-256`
		odd     = `Digest realm="sip.operator.example", nonce="a", qop="auth", algorithm=AKAv2-SHA-256`
	)
	pinned := Credentials{User: "u", Password: "p", Realm: "sip.operator.example"}
	hashed := Credentials{User: "u", Realm: pinned.Realm, HA1: map[Algorithm]string{MD5: strings.ToUpper(HA1(MD5, "u", pinned.Realm, "p"))}}
	for _, tt := range []struct {
		name       string
		c          Credentials
		challenges []string
		realm      string
		err        error
	}{
		{"own", pinned, []string{own}, pinned.Realm, nil},
		{"own behind a stronger foreign one", pinned, []string{foreign, own}, pinned.Realm, nil},
		{"foreign", pinned, []string{foreign}, "", ErrForeignRealm},
		{"case matters", Credentials{User: "u", Password: "p", Realm: "SIP.operator.example"}, []string{own}, "", ErrForeignRealm},
		{"any realm", Credentials{User: "u", Password: "p"}, []string{own, foreign}, "evil.example", nil},
		{"own, but unknown", pinned, []string{odd, foreign}, "", ErrUnsupported},
		{"nothing", pinned, nil, "", ErrUnsupported},
		{"unreadable", pinned, []string{`Digest realm="`}, "", ErrMalformed},
		{"no nonce", pinned, []string{`Digest realm="sip.operator.example"`}, "", ErrMalformed},
		{"no realm", pinned, []string{`Digest nonce="x"`}, "", ErrMalformed},
		{"hash of MD5", hashed, []string{own}, pinned.Realm, nil},
		{"hash of MD5 only", hashed, []string{strings.Replace(own, "MD5", "SHA-256", 1)}, "", ErrUnsupported},
		{"hash of MD5, SHA-256 first", hashed, []string{strings.Replace(own, "MD5", "SHA-256", 1), own}, pinned.Realm, nil},
		{"hash without realm", Credentials{User: "u", HA1: hashed.HA1}, []string{own}, "", ErrUnsupported},
	} {
		c := NewClient(tt.c, fixed)
		value, err := c.Authorize(tt.challenges, "INVITE", "sip:1@x", nil)
		if !errors.Is(err, tt.err) || (err != nil) != (tt.err != nil) {
			t.Errorf("%s: error %v, want %v", tt.name, err, tt.err)
		}
		if err != nil {
			if strings.Contains(err.Error(), "p\"") {
				t.Errorf("%s: the error may tell the password: %v", tt.name, err)
			}
			continue
		}
		if got := must(t, value).value("realm"); got != tt.realm {
			t.Errorf("%s: answered %q", tt.name, got)
		}
	}
	// The hash alone answers as the password does.
	a, _ := NewClient(pinned, fixed).Authorize([]string{own}, "INVITE", "sip:1@x", nil)
	b, _ := NewClient(hashed, fixed).Authorize([]string{own}, "INVITE", "sip:1@x", nil)
	if a != b {
		t.Errorf("password and hash answer differently:\n%s\n%s", a, b)
	}
}

// The forms of an answer, to the byte.
func TestAnswerForms(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, challenge, want string }{
		{
			"RFC 2069", `Digest realm="r", nonce="n"`,
			`Digest username="a\"b\\c", realm="r", nonce="n", uri="sip:x", response="RESPONSE"`,
		},
		{
			"qop, algorithm and opaque", `Digest realm="r \"q\"", nonce="n", qop="auth-int,auth", algorithm=SHA-256, opaque=""`,
			`Digest username="a\"b\\c", realm="r \"q\"", nonce="n", uri="sip:x", response="RESPONSE", algorithm=SHA-256, ` +
				`cnonce="00000000000000000000000000000000", opaque="", qop=auth, nc=00000001`,
		},
		{
			"auth-int only", `Digest realm="r", nonce="n", qop="auth-int"`,
			`Digest username="a\"b\\c", realm="r", nonce="n", uri="sip:x", response="RESPONSE", ` +
				`cnonce="00000000000000000000000000000000", qop=auth-int, nc=00000001`,
		},
		{
			"session without qop", `Digest realm="r", nonce="n", algorithm=MD5-sess`,
			`Digest username="a\"b\\c", realm="r", nonce="n", uri="sip:x", response="RESPONSE", algorithm=MD5-sess, ` +
				`cnonce="00000000000000000000000000000000"`,
		},
	} {
		c := NewClient(Credentials{User: `a"b\c`, Password: "p"}, fixed)
		got, err := c.Authorize([]string{tt.challenge}, "REGISTER", "sip:x", []byte("body"))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		one := must(t, got)
		got = strings.Replace(got, one.value("response"), "RESPONSE", 1)
		if got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
	c := NewClient(Credentials{User: "a\r\nb", Password: "p"}, fixed)
	if v, err := c.Authorize([]string{`Digest realm="r", nonce="n"`}, "REGISTER", "sip:x", nil); err == nil {
		t.Errorf("a user with a line break was written: %q", v)
	}
}

// Nonces count for themselves; nextnonce takes over; a session keeps its cnonce.
func TestREGISTERNonceCounts(t *testing.T) {
	t.Parallel()
	challenge := func(nonce, more string) []string {
		return []string{`Digest realm="r", qop="auth", nonce="` + nonce + `"` + more}
	}
	c := NewClient(Credentials{User: "u", Password: "p"}, counter())
	if _, ok := c.Ahead("REGISTER", "sip:x", nil); ok {
		t.Error("answered ahead of any challenge")
	}
	check := func(step, value, nonce, nc string) {
		t.Helper()
		if one := must(t, value); one.value("nonce") != nonce || one.value("nc") != nc {
			t.Errorf("%s: %s, want nonce %s and nc %s", step, value, nonce, nc)
		}
	}
	ask := func(challenges []string) string {
		v, err := c.Authorize(challenges, "REGISTER", "sip:x", nil)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	ahead := func() string {
		v, ok := c.Ahead("REGISTER", "sip:x", nil)
		if !ok {
			t.Fatal("nothing to answer ahead with")
		}
		return v
	}
	check("first", ask(challenge("a", "")), "a", "00000001")
	check("ahead", ahead(), "a", "00000002")
	check("another nonce", ask(challenge("b", ", stale=true")), "b", "00000001")
	check("the first one again", ask(challenge("a", "")), "a", "00000003")
	c.Next(`qop=auth, nextnonce="z", rspauth="0123"`)
	check("nextnonce", ahead(), "z", "00000001")
	check("nextnonce again", ahead(), "z", "00000002")
	c.Next(`rspauth="0123"`)
	c.Next(`"`)
	check("no nextnonce", ahead(), "z", "00000003")
	if !c.Stale(challenge("c", ", stale=TRUE")) || c.Stale(challenge("c", ", stale=false")) || c.Stale(nil) {
		t.Error("stale is not read")
	}
	seen := map[string]bool{}
	for range 3 {
		for _, value := range []string{ask(challenge("e", "")), ahead()} {
			cnonce := must(t, value).value("cnonce")
			if seen[cnonce] {
				t.Errorf("cnonce %s was used before: whoever makes the nonces could prepare for it (RFC 7616 section 3.4)", cnonce)
			}
			seen[cnonce] = true
		}
	}
	session := challenge("s", ", algorithm=MD5-sess")
	one, two := must(t, ask(session)), must(t, ask(session))
	if one.value("cnonce") != two.value("cnonce") || two.value("nc") != "00000002" {
		t.Errorf("a session changed its cnonce: %v %v", one, two)
	}
	c.Forget()
	if _, ok := c.Ahead("REGISTER", "sip:x", nil); ok {
		t.Error("answered ahead after Forget")
	}
	for i := range 1000 {
		ask(challenge(strings.Repeat("n", i%500+1), ""))
	}
	if len(c.counts) > maxCounts {
		t.Errorf("%d nonces are remembered", len(c.counts))
	}
	if got := ncText(0xdeadbeef); got != "deadbeef" {
		t.Errorf("nc %s", got)
	}
}
