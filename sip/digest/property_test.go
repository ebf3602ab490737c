package digest

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Whatever user, password, realm, algorithms and body: who knows the password is
// let in once per answer, and who does not is not.
func TestClientAndServerAgree(t *testing.T) {
	t.Parallel()
	all := []Algorithm{MD5, MD5Sess, SHA256, SHA256Sess, SHA512256, SHA512256Sess}
	text := rapid.StringMatching(`[ -~а-я]{1,20}`)
	rapid.Check(t, func(t *rapid.T) {
		user, pass, home := text.Draw(t, "user"), text.Draw(t, "password"), text.Draw(t, "realm")
		algorithms := rapid.SliceOfNDistinct(rapid.SampledFrom(all), 1, len(all), rapid.ID).Draw(t, "algorithms")
		s, err := NewServer(Config{Realm: home, Secret: make([]byte, 32), Algorithms: algorithms, Rand: counter()})
		if err != nil {
			t.Fatal(err)
		}
		accounts := func(u string, a Algorithm) (string, bool) { return HA1(a, user, home, pass), u == user }
		body := rapid.SliceOf(rapid.Byte()).Draw(t, "body")
		guess := rapid.Bool().Draw(t, "guess")
		credentials := Credentials{User: user, Password: pass}
		if guess {
			credentials.Password += "x"
		}
		c := NewClient(credentials, counter())
		challenges := s.Challenge(day, source, false)
		if rapid.Bool().Draw(t, "auth-int") {
			for i := range challenges {
				challenges[i] = strings.Replace(challenges[i], `qop="auth"`, `qop="auth-int"`, 1)
			}
		}
		if rapid.Bool().Draw(t, "in one header") {
			challenges = []string{strings.Join(challenges, ", ")}
		}
		value, err := c.Authorize(challenges, "REGISTER", "sip:x", body)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			now := day.Add(time.Duration(i) * time.Second)
			if got := s.Verify(now, source, value, "REGISTER", body, accounts); got.OK == guess || got.User != user {
				t.Fatalf("use %d: %+v of %s", i, got, value)
			}
			if got := s.Verify(now, source, value, "REGISTER", body, accounts); got.OK {
				t.Fatalf("use %d was let in twice", i)
			}
			if got := s.Verify(now, source, value, "INVITE", body, accounts); got.OK {
				t.Fatalf("use %d was let in with another method", i)
			}
			value, _ = c.Ahead("REGISTER", "sip:x", body)
		}
	})
}

// FuzzChallenges: any header either cannot be read or gives challenges that can
// be answered without breaking the header.
func FuzzChallenges(f *testing.F) {
	for _, seed := range []string{
		`Digest realm="a", nonce="b", qop="auth,auth-int", algorithm=SHA-256, opaque="", stale=true`,
		`Digest realm="a\"\\", nonce=b, Basic realm="x", Digest realm="c",nonce="d"`,
		`NTLM abc==, Negotiate a/b+c=, Digest realm="b" nonce="c"`,
		`Digest realm="`, "Digest a=\x00", `,,, ,`, "Digest realm=\"a\\\r\n\"",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		c := NewClient(Credentials{User: "u", Password: "p"}, fixed)
		c.Next(value)
		got, err := c.Authorize([]string{value}, "REGISTER", "sip:x", nil)
		if err != nil {
			return
		}
		if !printableText(got) {
			t.Fatalf("%q gave %q", value, got)
		}
		list, err := parse(got)
		if err != nil || len(list) != 1 {
			t.Fatalf("%q gave %q, which cannot be read: %v", value, got, err)
		}
		offered, _ := ParseChallenges([]string{value})
		for _, one := range offered {
			if one.Realm == list[0].value("realm") && one.Nonce == list[0].value("nonce") {
				return
			}
		}
		t.Fatalf("%q gave %q, which answers none of it", value, got)
	})
}

// FuzzAuthorization: nothing that is not the right answer is let in.
func FuzzAuthorization(f *testing.F) {
	s := newServer(f, nil)
	challenges := s.Challenge(day, source, false)
	right := mustAnswer(f, newPhone("anna", password), challenges)
	f.Add(right)
	f.Add(strings.Replace(right, "nc=00000001", "nc=00000002", 1))
	f.Add(mustAnswer(f, newPhone("anna", "guess"), challenges))
	f.Add(`Digest username="anna", realm="vahta.example", nonce="", uri="", response="", qop=auth, nc=00000001, cnonce=""`)
	f.Add(`Digest`)
	want, _ := parse(right)
	f.Fuzz(func(t *testing.T, value string) {
		fresh := newServer(t, nil)
		if got := fresh.Verify(day, source, value, "REGISTER", nil, knows); got.OK {
			list, err := parse(value)
			if err != nil || list[0].value("username") != "anna" || !strings.EqualFold(list[0].value("response"), want[0].value("response")) {
				t.Fatalf("%q was let in", value)
			}
		}
		_ = fresh.Pick([]string{value})
	})
}

func BenchmarkVerify(b *testing.B) {
	s := newServer(b, nil)
	ha1 := HA1(SHA256, "anna", realm, password)
	table := func(string, Algorithm) (string, bool) { return ha1, true }
	phone := newPhone("anna", password)
	mustAnswer(b, phone, s.Challenge(day, source, false))
	for b.Loop() {
		b.StopTimer()
		value, _ := phone.Ahead("REGISTER", "sip:vahta.example", nil)
		b.StartTimer()
		if !s.Verify(day, source, value, "REGISTER", nil, table).OK {
			b.Fatal("refused")
		}
	}
}

func BenchmarkChallenge(b *testing.B) {
	s := newServer(b, nil)
	for b.Loop() {
		s.Challenge(day, source, false)
	}
}

func BenchmarkAuthorize(b *testing.B) {
	s := newServer(b, nil)
	phone := newPhone("anna", password)
	challenges := s.Challenge(day, source, false)
	for b.Loop() {
		mustAnswer(b, phone, challenges)
	}
}
