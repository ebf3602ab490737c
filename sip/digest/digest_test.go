package digest

import (
	"encoding/binary"
	"strings"
	"testing"
)

// counter is a source of "random" bytes that never repeats itself.
func counter() func([]byte) {
	var n uint64
	return func(b []byte) {
		clear(b)
		n++
		if len(b) >= 8 {
			binary.BigEndian.PutUint64(b[len(b)-8:], n)
		}
	}
}

// fixed is a source of bytes that gives the same ones for ever.
func fixed(b []byte) { clear(b) }

// The vectors that the RFCs themselves give.
func TestREGISTERDigestVectors(t *testing.T) {
	t.Parallel()
	const (
		sdp = "v=0\r\no=bob 2890844526 2890844526 IN IP4 media.biloxi.com\r\ns=-\r\nc=IN IP4 media.biloxi.com\r\nt=0 0\r\n" +
			"m=audio 49170 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\nm=video 51372 RTP/AVP 31\r\na=rtpmap:31 H261/90000\r\n" +
			"m=video 53000 RTP/AVP 32\r\na=rtpmap:32 MPV/90000\r\n"
		mufasa  = "http-auth@example.org"
		nonce76 = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
		cnonce7 = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
	)
	bob := func(a Algorithm, qop string) answer {
		return answer{
			algorithm: a, ha1: HA1(a, "bob", "biloxi.com", "zanzibar"), method: "INVITE", uri: "sip:bob@biloxi.com",
			nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093", qop: qop, nc: "00000001", cnonce: "0a4f113b", body: []byte(sdp),
		}
	}
	rfc7616 := func(a Algorithm) answer {
		return answer{
			algorithm: a, ha1: HA1(a, "Mufasa", mufasa, "Circle of Life"), method: "GET", uri: "/dir/index.html",
			nonce: nonce76, qop: "auth", nc: "00000001", cnonce: cnonce7,
		}
	}
	for _, tt := range []struct {
		name string
		a    answer
		want string
	}{
		{"RFC 2617 section 3.5", answer{
			algorithm: MD5, ha1: HA1(MD5, "Mufasa", "testrealm@host.com", "Circle Of Life"), method: "GET", uri: "/dir/index.html",
			nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093", qop: "auth", nc: "00000001", cnonce: "0a4f113b",
		}, "6629fae49393a05397450978507c4ef1"},
		{"RFC 2069 section 2.4 as corrected by its errata", answer{
			algorithm: MD5, ha1: HA1(MD5, "Mufasa", "testrealm@host.com", "CircleOfLife"), method: "GET", uri: "/dir/index.html",
			nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093",
		}, "1949323746fe6a43ef61f9606e7febea"},
		{"RFC 7616 section 3.9.1, MD5", rfc7616(MD5), "8ca523f5e9506fed4657c9700eebdbec"},
		{"RFC 7616 section 3.9.1, SHA-256", rfc7616(SHA256), "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"},
		{"RFC 7616 section 3.9.2 as corrected by its errata, SHA-512-256", answer{
			algorithm: SHA512256, ha1: HA1(SHA512256, "J\u00e4s\u00f8n Doe", "api@example.org", "Secret, or not?"),
			method: "GET", uri: "/doe.json", nonce: "5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", qop: "auth", nc: "00000001",
			cnonce: "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v",
		}, "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"},
		// draft-smith-sipping-auth-examples, the only published vectors of SIP with -sess and auth-int.
		{"SIP without qop", bob(MD5, ""), "bf57e4e0d0bffc0fbaedce64d59add5e"},
		{"SIP auth", bob(MD5, "auth"), "89eb0059246c02b2f6ee02c7961d5ea3"},
		{"SIP auth-int", bob(MD5, "auth-int"), "bdbeebb2da6adb6bca02599c2239e192"},
		{"SIP MD5-sess auth", bob(MD5Sess, "auth"), "e4e4ea61d186d07a92c9e1f6919902e9"},
		{"SIP MD5-sess auth-int", bob(MD5Sess, "auth-int"), "91984da2d8663716e91554859c22ca70"},
	} {
		if got := tt.a.response(); got != tt.want {
			t.Errorf("%s: response %s, want %s", tt.name, got, tt.want)
		}
	}
}

// The client is shown the two challenges of RFC 7616 section 3.9.1 in every way
// that RFC 8760 allows, and answers SHA-256.
func TestREGISTERStrongestOfSeveralChallenges(t *testing.T) {
	t.Parallel()
	const (
		rest   = `realm="http-auth@example.org", qop="auth, auth-int", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`
		sha    = `Digest algorithm=SHA-256, ` + rest
		md5    = `Digest algorithm=MD5, ` + rest
		aka    = `Digest algorithm=AKAv1-MD5, ` + rest
		noAlgo = `Digest ` + rest
		conf   = `Digest algorithm=SHA-256, realm="http-auth@example.org", qop="auth-conf", nonce="n"`
		basic  = `Basic realm="http-auth@example.org"`
		ntlm   = `Negotiate YIIBhgYGKwYBBQUCoIIBejCCAXagDTALBgkqhkiG9xIBAgI=`
	)
	for _, tt := range []struct {
		name       string
		challenges []string
		want       string // algorithm, "-" when the parameter is left out
	}{
		{"SHA-256 first", []string{sha, md5}, "SHA-256"},
		{"MD5 first", []string{md5, sha}, "SHA-256"},
		{"in one header", []string{sha + ", " + md5}, "SHA-256"},
		{"in one header, MD5 first", []string{md5 + "," + sha}, "SHA-256"},
		{"unknown first", []string{aka, md5}, "MD5"},
		{"unknown first, in one header", []string{aka + ", " + md5}, "MD5"},
		{"unknown qop first", []string{conf, md5}, "MD5"},
		{"no algorithm named", []string{noAlgo}, "-"},
		{"among other schemes", []string{basic + ", " + sha + ", " + ntlm, ntlm, basic}, "SHA-256"},
		{"beside what cannot be read", []string{`Digest realm="x`, md5}, "MD5"},
		{"quoted algorithm, bare qop", []string{`Digest realm=http-auth@example.org,qop=auth,algorithm="SHA-256",nonce=abc`}, "SHA-256"},
	} {
		c := NewClient(Credentials{User: "Mufasa", Password: "Circle of Life"}, fixed)
		got, err := c.Authorize(tt.challenges, "REGISTER", "sip:example.org", nil)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		one := must(t, got)
		algorithm, ok := one.get("algorithm")
		if !ok {
			algorithm = "-"
		}
		if algorithm != tt.want {
			t.Errorf("%s: answered %s, want %s\n%s", tt.name, algorithm, tt.want, got)
		}
	}
}

func must(t *testing.T, value string) scheme {
	t.Helper()
	list, err := parse(value)
	if err != nil || len(list) != 1 {
		t.Fatalf("%s: %d schemes, %v", value, len(list), err)
	}
	return list[0]
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ value, want string }{
		{`Digest realm="a"`, `Digest realm=<a>`},
		{`digest  REALM = "a" , nonce=b`, `digest REALM=<a> nonce=<b>`},
		{`Digest realm="a \"b\" \\c", nonce="x,y"`, `Digest realm=<a "b" \c> nonce=<x,y>`},
		{`Digest realm="a",,, nonce="b",`, `Digest realm=<a> nonce=<b>`},
		{`Digest realm=""`, `Digest realm=<>`},
		{`Digest realm="a" nonce="b"`, `Digest realm=<a> nonce=<b>`},
		{`Basic realm="a", Digest realm="b"`, `Basic realm=<a> | Digest realm=<b>`},
		{`Negotiate, Digest realm="b"`, `Negotiate | Digest realm=<b>`},
		{`Negotiate abc=, Digest realm="b"`, `Negotiate | Digest realm=<b>`},
		{`NTLM abc==, Digest realm="b"`, `NTLM | Digest realm=<b>`},
		{`NTLM a/b, Digest realm="b"`, `NTLM | Digest realm=<b>`},
		{`Digest`, `Digest`},
		{``, ``},
		{`Digest realm`, `Digest | realm`},
		{`Digest realm="a`, `error`},
		{`Digest realm="a\`, `error`},
		{`Digest realm="a", realm="b"`, `error`},
		{`Digest ="a"`, `error`},
		{`Digest realm="a` + "\r\n" + `X: y"`, `error`},
		{`"a"`, `error`},
		{`Digest/realm="a"`, `error`},
		{"Digest realm=\x00", `error`},
		{strings.Repeat("A ", 200), `error`},
	} {
		if got := picture(tt.value); got != tt.want {
			t.Errorf("%q: %s, want %s", tt.value, got, tt.want)
		}
	}
}

// picture writes what was parsed in a line.
func picture(value string) string {
	list, err := parse(value)
	if err != nil {
		return "error"
	}
	all := make([]string, 0, len(list))
	for _, s := range list {
		var one strings.Builder
		one.WriteString(s.name)
		for _, p := range s.params {
			one.WriteString(" " + p.name + "=<" + p.value + ">")
		}
		all = append(all, one.String())
	}
	return strings.Join(all, " | ")
}
