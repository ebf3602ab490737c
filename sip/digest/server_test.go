package digest

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// day is when these tests happen.
var day = time.Date(2026, 11, 22, 23, 0, 0, 0, time.UTC)

const (
	realm    = "vahta.example"
	password = "correct horse battery staple"
	source   = "udp 192.0.2.10:5060"
)

// knows is the table of accounts: anna, with all algorithms.
func knows(user string, a Algorithm) (string, bool) {
	if user != "anna" {
		return "", false
	}
	return HA1(a, user, realm, password), true
}

func newServer(tb testing.TB, change func(*Config)) *Server {
	tb.Helper()
	cfg := Config{Realm: realm, Secret: []byte("0123456789abcdef0123456789abcdef"), Rand: counter()}
	if change != nil {
		change(&cfg)
	}
	s, err := NewServer(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func newPhone(user, pass string) *Client {
	return NewClient(Credentials{User: user, Password: pass, Realm: realm}, counter())
}

func mustAnswer(tb testing.TB, c *Client, challenges []string) string {
	tb.Helper()
	v, err := c.Authorize(challenges, "REGISTER", "sip:vahta.example", nil)
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

// Each row is what becomes of one answer to a challenge.
func TestVerify(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		user   string
		pass   string
		after  time.Duration
		from   string
		change func(string) string
		want   Reason
		stale  bool
	}{
		{name: "right", want: Authenticated},
		{name: "wrong password", pass: "guess", want: WrongResponse},
		{name: "unknown user", user: "boris", want: UnknownUser},
		{name: "late", after: 2 * time.Minute, want: NonceOld, stale: true},
		{name: "late and wrong", pass: "guess", after: 2 * time.Minute, want: WrongResponse},
		{name: "clock set back by an hour", after: -time.Hour, want: NonceForeign, stale: true},
		{name: "another source", from: "udp 192.0.2.11:5060", want: NonceForeign, stale: true},
		{name: "another source and wrong", pass: "guess", from: "udp 192.0.2.11:5060", want: WrongResponse},
		{name: "nothing", change: func(string) string { return "" }, want: Missing},
		{name: "Basic", change: func(string) string { return "Basic YW5uYTpodW50ZXIy" }, want: Malformed},
		{name: "cut off", change: func(s string) string { return s[:len(s)/2] }, want: Malformed},
		{name: "two schemes", change: func(s string) string { return s + ", " + s }, want: Malformed},
		{name: "another realm", change: replace(`realm="`+realm, `realm="x`), want: OtherRealm},
		{name: "an algorithm that is not offered", change: replace("SHA-256", "SHA-512-256"), want: OtherAlgorithm},
		{name: "an algorithm that nobody knows", change: replace("SHA-256", "AKAv1-MD5"), want: OtherAlgorithm},
		{name: "downgraded to MD5", change: replace("algorithm=SHA-256", "algorithm=MD5"), want: WrongResponse},
		{name: "no qop", change: replace(", qop=auth", ""), want: NoQOP},
		{name: "auth-conf", change: replace("qop=auth", "qop=auth-conf"), want: Malformed},
		{name: "nc of nothing", change: replace("nc=00000001", "nc=00000000"), want: Malformed},
		{name: "nc with a sign", change: replace("nc=00000001", "nc=+0000001"), want: Malformed},
		{name: "nc too short", change: replace("nc=00000001", "nc=1"), want: Malformed},
		{name: "nc raised by hand", change: replace("nc=00000001", "nc=00000002"), want: WrongResponse},
		{name: "another URI", change: replace("sip:vahta.example", "sip:evil.example"), want: WrongResponse},
		{name: "nonce of somebody", change: replace(`nonce="`, `nonce="x`), want: WrongResponse},
		{name: "no response", change: replace(`response="`, `nothing="`), want: Malformed},
	} {
		s := newServer(t, nil)
		user, pass, from := "anna", password, source
		if tt.user != "" {
			user = tt.user
		}
		if tt.pass != "" {
			pass = tt.pass
		}
		if tt.from != "" {
			from = tt.from
		}
		value := mustAnswer(t, newPhone(user, pass), s.Challenge(day, source, false))
		if tt.change != nil {
			if changed := tt.change(value); changed != value {
				value = changed
			} else {
				t.Fatalf("%s: the change does not apply to %s", tt.name, value)
			}
		}
		got := s.Verify(day.Add(tt.after), from, value, "REGISTER", nil, knows)
		if got.Why != tt.want || got.Stale != tt.stale || got.OK != (tt.want == Authenticated) {
			t.Errorf("%s: %+v, want %s, stale %v", tt.name, got, tt.want, tt.stale)
		}
	}
}

func replace(old, with string) func(string) string {
	return func(s string) string { return strings.Replace(s, old, with, 1) }
}

// An answer counts once; the next use of the nonce must count on.
func TestReplayIsRefused(t *testing.T) {
	t.Parallel()
	s, phone := newServer(t, nil), newPhone("anna", password)
	first := mustAnswer(t, phone, s.Challenge(day, source, false))
	second, ok := phone.Ahead("REGISTER", "sip:vahta.example", nil)
	third, _ := phone.Ahead("REGISTER", "sip:vahta.example", nil)
	if !ok || !strings.Contains(third, "nc=00000003") {
		t.Fatalf("the client does not count on: %s", third)
	}
	for _, step := range []struct {
		name, value string
		want        Reason
	}{
		{"first", first, Authenticated},
		{"first again", first, NonceUsed},
		{"third", third, Authenticated},
		{"second, overtaken", second, NonceUsed},
		{"third again", third, NonceUsed},
	} {
		if got := s.Verify(day, source, step.value, "REGISTER", nil, knows); got.Why != step.want {
			t.Errorf("%s: %s, want %s", step.name, got.Why, step.want)
		}
	}
}

// A nonce that was forgotten because its life was over stays used, though the clock then says that it is alive: a clock
// that steps back a little, or a request that read it before the one that made the server forget.
func TestReplayAfterSmallStepBackIsRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	recorded := mustAnswer(t, newPhone("anna", password), s.Challenge(day, source, false))
	if got := s.Verify(day, source, recorded, "REGISTER", nil, knows); !got.OK {
		t.Fatalf("first: %+v", got)
	}
	later, elsewhere := day.Add(defaultNonceLife+time.Second), "udp 192.0.2.11:5060"
	if got := s.Verify(later, elsewhere, mustAnswer(t, newPhone("anna", password), s.Challenge(later, elsewhere, false)), "REGISTER", nil, knows); !got.OK {
		t.Fatalf("another phone a minute later: %+v", got)
	}
	for _, back := range []time.Duration{time.Second, 5 * time.Second, maxSkew} {
		if got := s.Verify(later.Add(-back), source, recorded, "REGISTER", nil, knows); got.OK || !got.Stale {
			t.Errorf("the recorded answer %s back: %+v", back, got)
		}
	}
	// What was made in the meantime and never used still counts, also when it is older than what was just used.
	now := later.Add(-maxSkew)
	if got := s.Verify(now, source, mustAnswer(t, newPhone("anna", password), s.Challenge(now, source, false)), "REGISTER", nil, knows); !got.OK {
		t.Errorf("a new nonce after the step: %+v", got)
	}
}

// A full memory forgets, and what it has forgotten is stale, never valid again.
func TestMemoryOfNoncesIsBounded(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(c *Config) { c.MaxNonces = 10 })
	var answers []string
	for i := range 100 {
		now := day.Add(time.Duration(i) * time.Millisecond)
		value := mustAnswer(t, newPhone("anna", password), s.Challenge(now, source, false))
		if got := s.Verify(now, source, value, "REGISTER", nil, knows); !got.OK {
			t.Fatalf("answer %d: %+v", i, got)
		}
		answers = append(answers, value)
	}
	if len(s.used.seen) > 10 || len(s.used.order) > 10 || cap(s.used.order) > 200 {
		t.Errorf("%d nonces are remembered in a slice of %d, want 10", len(s.used.seen), cap(s.used.order))
	}
	for i, value := range answers {
		if got := s.Verify(day.Add(time.Second), source, value, "REGISTER", nil, knows); got.OK || !got.Stale {
			t.Errorf("answer %d again: %+v", i, got)
		}
	}
	// Wrong answers cost no memory at all.
	s = newServer(t, nil)
	for range 100 {
		value := mustAnswer(t, newPhone("anna", "guess"), s.Challenge(day, source, false))
		s.Verify(day, source, value, "REGISTER", nil, knows)
	}
	if len(s.used.seen) != 0 {
		t.Errorf("%d nonces of wrong answers are remembered", len(s.used.seen))
	}
	// Old ones go by themselves.
	s = newServer(t, nil)
	for i := range 1000 {
		now := day.Add(time.Duration(i) * 10 * time.Second)
		value := mustAnswer(t, newPhone("anna", password), s.Challenge(now, source, false))
		s.Verify(now, source, value, "REGISTER", nil, knows)
	}
	if len(s.used.seen) > 8 {
		t.Errorf("%d nonces are remembered, of which at most 7 are alive", len(s.used.seen))
	}
}

// Nobody learns from the answer whether a user exists: an unknown one is asked
// and judged as one with a wrong password, and stale is not said to either.
func TestUnknownUserLooksLikeWrongPassword(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	var asked []string
	table := func(user string, a Algorithm) (string, bool) {
		asked = append(asked, user)
		return knows(user, a)
	}
	challenges := s.Challenge(day, source, false)
	for _, user := range []string{"anna", "boris"} {
		value := mustAnswer(t, newPhone(user, "guess"), challenges)
		if got := s.Verify(day, source, value, "REGISTER", nil, table); got.OK || got.Stale || got.User != user {
			t.Errorf("%s: %+v", user, got)
		}
	}
	if fmt.Sprint(asked) != "[anna boris]" {
		t.Errorf("asked for %v", asked)
	}
	value := mustAnswer(t, newPhone("", "guess"), challenges)
	if got := s.Verify(day, source, value, "REGISTER", nil, table); got.OK {
		t.Errorf("an empty user is let in: %+v", got)
	}
}

// Two nodes with one secret take each other's nonces; another secret makes them
// stale, so that a restart costs phones one more round trip and no alarm.
func TestNoncesOfOtherNodes(t *testing.T) {
	t.Parallel()
	one, two := newServer(t, nil), newServer(t, nil)
	value := mustAnswer(t, newPhone("anna", password), one.Challenge(day, source, false))
	if got := two.Verify(day, source, value, "REGISTER", nil, knows); !got.OK {
		t.Errorf("a node with the same secret: %+v", got)
	}
	three := newServer(t, func(c *Config) { c.Secret = []byte("another secret of 32 bytes length") })
	if got := three.Verify(day, source, value, "REGISTER", nil, knows); got.Why != NonceForeign || !got.Stale {
		t.Errorf("a node with another secret: %+v", got)
	}
}

// Challenges are of the same length whoever asks, and say the strongest first.
func TestChallenge(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	got := s.Challenge(day, source, false)
	if len(got) != 2 || !strings.Contains(got[0], "algorithm=SHA-256") || !strings.Contains(got[1], "algorithm=MD5") {
		t.Fatalf("%q", got)
	}
	other := s.Challenge(day.Add(time.Hour), "tls [2001:db8::1]:12345", false)
	if len(other[0]) != len(got[0]) || other[0] == got[0] {
		t.Errorf("challenges differ in length or not at all:\n%s\n%s", got[0], other[0])
	}
	parsed, err := ParseChallenges(s.Challenge(day, source, true))
	if err != nil || len(parsed) != 2 || !parsed[0].Stale || parsed[0].Realm != realm || parsed[0].Nonce != parsed[1].Nonce {
		t.Errorf("%+v, %v", parsed, err)
	}
	for _, cfg := range []Config{
		{},
		{Realm: "a\r\nb", Secret: make([]byte, 32), Rand: fixed},
		{Realm: "a", Secret: make([]byte, 8), Rand: fixed},
		{Realm: "a", Secret: make([]byte, 32)},
		{Realm: "a", Secret: make([]byte, 32), Rand: fixed, Algorithms: []Algorithm{"CRC-32"}},
		{Realm: "a", Secret: make([]byte, 32), Rand: fixed, NonceLife: -1},
	} {
		if _, err := NewServer(cfg); err == nil {
			t.Errorf("%+v was taken", cfg)
		}
	}
}

func TestPick(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	mine := mustAnswer(t, newPhone("anna", password), s.Challenge(day, source, false))
	foreign := strings.Replace(mine, realm, "other.example", 1)
	for _, tt := range []struct {
		name string
		all  []string
		want string
	}{
		{"none", nil, ""},
		{"mine", []string{mine}, mine},
		{"behind another realm's", []string{foreign, mine}, mine},
		{"behind rubbish", []string{`Digest "`, mine}, mine},
		{"another realm's only", []string{foreign}, foreign},
	} {
		if got := s.Pick(tt.all); got != tt.want {
			t.Errorf("%s: %q", tt.name, got)
		}
	}
}
