package registrar

import (
	"context"
	"encoding/xml"
	"errors"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// linked is a registrar with a web address, and a fresh link of anna.
func linked(t *testing.T) (*rig, Link) {
	t.Helper()
	r := newRig(t, func(c *Config, _ *Deps) { c.PublicURL, c.Domain = "https://vahta.example/", "sip.vahta.example" })
	l, err := r.Provisioner().NewLink(t.Context(), "anna")
	if err != nil {
		t.Fatal(err)
	}
	return r, l
}

// fetch asks the registrar's pages.
func fetch(t *testing.T, h http.Handler, method, url string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), method, url, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w
}

func TestLinkIsSpentOnceByThePhone(t *testing.T) {
	t.Parallel()
	r, l := linked(t)
	web := r.Web()
	if want := "https://vahta.example/provision/"; !strings.HasPrefix(l.Phone, want) || !strings.HasPrefix(l.Page, want) || len(l.Page) < len(want)+32 {
		t.Fatalf("links %q and %q", l.Page, l.Phone)
	}
	for range 10 { // a messenger looks at what it shows
		if w := fetch(t, web, http.MethodGet, l.Page); w.Code != http.StatusOK || strings.Contains(w.Body.String(), "anna") {
			t.Fatalf("page: %d\n%s", w.Code, w.Body)
		}
		if w := fetch(t, web, http.MethodHead, l.Phone); w.Code != http.StatusMethodNotAllowed {
			t.Fatalf("HEAD: %d", w.Code)
		}
	}
	w := fetch(t, web, http.MethodGet, l.Phone)
	if w.Code != http.StatusOK || w.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	var c lpConfig
	if err := xml.Unmarshal(w.Body.Bytes(), &c); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, s := range c.Sections {
		for _, e := range s.Entries {
			got[s.Name+"/"+e.Name] = e.Value
		}
	}
	for name, want := range map[string]string{
		"proxy_0/reg_identity": "sip:anna@sip.vahta.example", "proxy_0/reg_proxy": "<sip:sip.vahta.example;transport=tls>", "proxy_0/reg_expires": "120",
		"sip/media_encryption": "srtp", "sip/media_encryption_mandatory": "1", "auth_info_0/username": "anna", "auth_info_0/realm": "vahta", "misc/config-uri": "",
	} {
		if got[name] != want {
			t.Errorf("%s: %q, want %q", name, got[name], want)
		}
	}
	r.phone("anna", got["auth_info_0/passwd"], "udp 192.0.2.7:1", "<sip:a@h>").mustRegister()
	for _, url := range []string{l.Phone, l.Page} {
		method := http.MethodGet
		if url == l.Page {
			method = http.MethodPost
		}
		if w := fetch(t, web, method, url); w.Code != http.StatusGone || strings.Contains(w.Body.String(), "anna") {
			t.Errorf("spent, %s: %d", method, w.Code)
		}
	}
}

func TestLinkIsSpentOnceByTheButton(t *testing.T) {
	t.Parallel()
	r, l := linked(t)
	web := r.Web()
	if w := fetch(t, web, http.MethodPost, l.Page, "Sec-Fetch-Site", "cross-site"); w.Code != http.StatusForbidden {
		t.Errorf("from another site: %d", w.Code)
	}
	w := fetch(t, web, http.MethodGet, l.Page, "Accept-Language", "ru-RU,ru;q=0.9")
	if !strings.Contains(w.Body.String(), "Настройка телефона") || !strings.Contains(w.Body.String(), `href="linphone-config:`+l.Phone) {
		t.Errorf("page:\n%s", w.Body)
	}
	w = fetch(t, web, http.MethodPost, l.Page)
	_, rest, _ := strings.Cut(w.Body.String(), "Password<td><code>")
	password, _, _ := strings.Cut(rest, "<")
	if !strings.Contains(w.Body.String(), "white-space:nowrap") {
		t.Error("the password may be broken into lines")
	}
	if w.Code != http.StatusOK || len(password) != 32 {
		t.Fatalf("%d, password %q\n%s", w.Code, password, w.Body)
	}
	r.phone("anna", password, "udp 192.0.2.7:1", "<sip:a@h>").mustRegister()
	if w := fetch(t, web, http.MethodGet, l.Phone); w.Code != http.StatusGone {
		t.Errorf("spent by the button, and the phone gets %d", w.Code)
	}
}

func TestLinkOfFiftyFetchesOneWins(t *testing.T) {
	t.Parallel()
	r, l := linked(t)
	p := r.Provisioner()
	token := strings.TrimPrefix(l.Page, "https://vahta.example/provision/")
	var wg sync.WaitGroup
	var won atomic.Int32
	for range 50 {
		wg.Go(func() {
			if _, err := p.Spend(context.Background(), token); err == nil {
				won.Add(1)
			} else if !errors.Is(err, ErrLinkSpent) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d got the secret", won.Load())
	}
}

func TestLinkEnds(t *testing.T) {
	t.Parallel()
	now := t0
	r := newRig(t, func(c *Config, d *Deps) {
		c.PublicURL, c.Domain = "https://vahta.example", "vahta.example"
		d.Now = func() time.Time { return now }
	})
	p := r.Provisioner()
	token := func(l Link, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimPrefix(l.Page, "https://vahta.example/provision/")
	}
	first := token(p.NewLink(t.Context(), "anna"))
	second := token(p.NewLink(t.Context(), "anna"))
	if _, err := p.Spend(t.Context(), first); !errors.Is(err, ErrLinkSpent) {
		t.Errorf("a link that was replaced: %v", err)
	}
	now = now.Add(15 * time.Minute)
	if _, err := p.Spend(t.Context(), second); !errors.Is(err, ErrLinkSpent) {
		t.Errorf("after 15 minutes: %v", err)
	}
	third := token(p.NewLink(t.Context(), "anna"))
	if err := p.Revoke(t.Context(), "anna"); err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{third, "", "x", strings.Repeat("A", 5000)} {
		if _, err := p.Spend(t.Context(), s); !errors.Is(err, ErrLinkSpent) {
			t.Errorf("token of %d bytes: %v", len(s), err)
		}
	}
	if _, err := p.NewLink(t.Context(), "anna"); !errors.Is(err, ErrNoAccount) {
		t.Errorf("of a revoked account: %v", err)
	}
}

// TestLinkGuessesLockNobodyOut: behind a reverse proxy all have one address.
func TestLinkGuessesLockNobodyOut(t *testing.T) {
	t.Parallel()
	r, l := linked(t)
	web := r.Web()
	asked := r.ledger.reads()
	for i := range 3 * linkTries {
		if w := fetch(t, web, http.MethodGet, "https://vahta.example/provision/guess/linphone.xml"); w.Code != http.StatusGone {
			t.Fatalf("try %d: %d", i+1, w.Code)
		}
	}
	if n := r.ledger.reads() - asked; n != 0 {
		t.Errorf("guesses had the record asked %d times", n)
	}
	if len(r.refused) != 1 || r.refused[0].Why != WhyLink {
		t.Errorf("told %v", r.refused)
	}
	if w := fetch(t, web, http.MethodGet, l.Phone); w.Code != http.StatusOK {
		t.Errorf("a good link: %d", w.Code)
	}
}

func TestLinkTriesAreFew(t *testing.T) {
	t.Parallel()
	r, l := linked(t)
	web := r.Web()
	r.ledger.fail = errors.New("the record is away")
	for i := range 3 * linkTries {
		w := fetch(t, web, http.MethodGet, l.Phone, "Accept-Language", "ru")
		if want := map[bool]int{true: http.StatusServiceUnavailable, false: http.StatusTooManyRequests}[i < linkTries]; w.Code != want {
			t.Fatalf("try %d: %d", i+1, w.Code)
		}
	}
	for language, want := range map[string]string{"ru": "Слишком много попыток", "en": "Too many tries"} {
		if w := fetch(t, web, http.MethodPost, l.Page, "Accept-Language", language); w.Code != http.StatusTooManyRequests || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d\n%s", language, w.Code, w.Body)
		}
	}
	if w := fetch(t, web, http.MethodGet, l.Page); w.Code != http.StatusOK {
		t.Errorf("looking at a page: %d", w.Code)
	}
	var limit linkLimit
	limit.tries = map[string]int{}
	for i := range 5 * linkSources {
		limit.allow(time.Duration(i).String(), t0)
	}
	if len(limit.tries) > linkSources+1 {
		t.Errorf("%d addresses are remembered", len(limit.tries))
	}
}

func TestAccountsAreNamed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		person string
		n      int
		want   string
	}{{"anna", 1, "anna"}, {"Anna", 2, "anna-2"}, {"анна", 1, ""}, {"anna", 0, ""}, {"a b", 1, ""}} {
		if got, err := UserOf(c.person, c.n); got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s, phone %d: %q, %v", c.person, c.n, got, err)
		}
	}
}

func TestConfigOfPhones(t *testing.T) {
	t.Parallel()
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
	for want, change := range map[string]func(*Config){
		"realm: ":              func(c *Config) { c.Realm = `a"b` },
		"transport: ":          func(c *Config) { c.Transport = "sctp" },
		"srtp: ":               func(c *Config) { c.SRTP = "yes" },
		"expires: ":            func(c *Config) { c.Expires = time.Hour },
		"min_expires: ":        func(c *Config) { c.MinExpires = 3 * time.Minute },
		"max_contacts: ":       func(c *Config) { c.MaxContacts = 0 },
		"max_calls: ":          func(c *Config) { c.MaxCalls = 0 },
		"ping: ":               func(c *Config) { c.Ping = 0 },
		"refresh: ":            func(c *Config) { c.Refresh = time.Hour },
		"link_life: ":          func(c *Config) { c.LinkLife = time.Hour },
		"public_url: ":         func(c *Config) { c.PublicURL = "vahta.example" },
		"listen: ":             func(c *Config) { c.Listen, c.PublicURL = "8080", "https://vahta.example" },
		"public_url: is empty": func(c *Config) { c.Listen = "127.0.0.1:8081" },
		"domain: ":             func(c *Config) { c.PublicURL = "https://vahta.example" },
	} {
		c := Default()
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s got %v", want, err)
		}
	}
	for url, warns := range map[string]bool{"": false, "https://a.example": false, "http://a.example": true, "http://10.0.0.1:8080": false} {
		if got := (Config{PublicURL: url}).Warnings(); (len(got) > 0) != warns {
			t.Errorf("%q: %v", url, got)
		}
	}
}

// TestPasswordsCanBeTyped: no two characters look alike, and 128 bits or more are left.
func TestPasswordsCanBeTyped(t *testing.T) {
	t.Parallel()
	seen := map[rune]bool{}
	for range 200 {
		password, _ := NewSecret("anna", "vahta")
		if strings.ContainsAny(password, "0OoQD1lI|-_") || strings.ToLower(password) != password {
			t.Fatalf("hard to read: %s", password)
		}
		for _, c := range password {
			seen[c] = true
		}
		if bits := float64(len(password)) * math.Log2(float64(len(passwordLetters))); bits < 128 {
			t.Fatalf("%.0f bits", bits)
		}
	}
	if len(seen) != len(passwordLetters) {
		t.Errorf("%d different characters", len(seen))
	}
}
