package webhook

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/outbox"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func secret(seed string) Secret {
	return Secret(secretPrefix + base64.StdEncoding.EncodeToString([]byte(strings.Repeat(seed, 32)[:32])))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// notifier sends to url with the secrets.
func notifier(t *testing.T, url string, now func() time.Time, secrets ...Secret) *Notifier {
	t.Helper()
	n, err := New(Config{Endpoints: []Endpoint{{Name: "crm", URL: url, Secrets: secrets, Timeout: time.Second}}},
		Deps{Now: now, Registerer: prometheus.NewRegistry()})
	must(t, err)
	t.Cleanup(n.Close)
	return n
}

var notice = dispatch.Notice{ID: "0198-crm", Kind: dispatch.NoticeEvent, Channel: dispatch.ChannelWebhook, To: "crm", Body: []byte(`{"type":"ticket.opened"}`)}

// inbox is a receiver that verifies, drops repeats and keeps what is new.
type inbox struct {
	secrets []Secret
	now     func() time.Time

	mu   sync.Mutex
	seen map[string]bool // guarded by mu
	got  []string        // guarded by mu
	last *http.Request   // guarded by mu
}

func (i *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	i.mu.Lock()
	defer i.mu.Unlock()
	i.last = r
	if err := Verify(r.Header, body, i.now(), i.secrets...); err != nil {
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return
	}
	if id := r.Header.Get(HeaderID); !i.seen[id] {
		i.seen[id] = true
		i.got = append(i.got, string(body))
	}
	w.WriteHeader(http.StatusNoContent)
}

func serve(t *testing.T, secrets ...Secret) (*inbox, string) {
	t.Helper()
	in := &inbox{secrets: secrets, now: time.Now, seen: map[string]bool{}}
	s := httptest.NewServer(in)
	t.Cleanup(s.Close)
	return in, s.URL
}

// The published example of Standard Webhooks' own libraries.
func TestKnownSignature(t *testing.T) {
	t.Parallel()
	key, err := Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").key()
	must(t, err)
	got := signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("signature %s, want %s", got, want)
	}
}

func TestDeliversVerified(t *testing.T) {
	t.Parallel()
	in, url := serve(t, secret("a"))
	n := notifier(t, url, nil, secret("a"))
	for range 2 { // at least once: the receiver drops the repeat
		result, err := n.Notify(t.Context(), notice)
		must(t, err)
		if result != dispatch.ResultDelivered {
			t.Errorf("result %s", result)
		}
	}
	if len(in.got) != 1 || in.got[0] != string(notice.Body) || in.last.Header.Get("Content-Type") != "application/json" {
		t.Errorf("received %v", in.got)
	}
}

func TestSecretsChangeOver(t *testing.T) {
	t.Parallel()
	for _, receiver := range []Secret{secret("old"), secret("new")} {
		_, url := serve(t, receiver)
		_, err := notifier(t, url, nil, secret("new"), secret("old")).Notify(t.Context(), notice)
		must(t, err)
	}
	_, url := serve(t, secret("other"))
	if _, err := notifier(t, url, nil, secret("new")).Notify(t.Context(), notice); err == nil {
		t.Error("a wrong secret was accepted")
	}
}

func TestReplayWindow(t *testing.T) {
	t.Parallel()
	now := time.Now()
	h := http.Header{}
	key, err := secret("a").key()
	must(t, err)
	sign(h, [][]byte{key}, "id", now, notice.Body)
	for off, want := range map[time.Duration]error{
		0: nil, 4*time.Minute + 59*time.Second: nil, 5*time.Minute + time.Second: ErrTimestamp,
		-4*time.Minute - 58*time.Second: nil, -5*time.Minute - 2*time.Second: ErrTimestamp,
	} {
		if err := Verify(h, notice.Body, now.Add(off), secret("a")); !errors.Is(err, want) {
			t.Errorf("%v later: %v, want %v", off, err, want)
		}
	}
	for what, tamper := range map[string]func(http.Header) []byte{
		"body":      func(http.Header) []byte { return []byte(`{"type":"ticket.closed"}`) },
		"id":        func(h http.Header) []byte { h.Set(HeaderID, "other"); return notice.Body },
		"timestamp": func(h http.Header) []byte { h.Set(HeaderTimestamp, fmt.Sprint(now.Unix()+1)); return notice.Body },
		"signature": func(h http.Header) []byte { h.Set(HeaderSignature, "v1,AAAA"); return notice.Body },
	} {
		forged := h.Clone()
		if err := Verify(forged, tamper(forged), now, secret("a")); !errors.Is(err, ErrSignature) {
			t.Errorf("forged %s: %v", what, err)
		}
	}
	if err := Verify(http.Header{}, nil, now, secret("a")); !errors.Is(err, ErrTimestamp) {
		t.Errorf("no headers: %v", err)
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	for status, permanent := range map[int]bool{
		200: false, 202: false, 400: false, 404: false, 410: true, 429: false, 500: false, 503: false, 302: false,
	} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", "120")
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(status)
			}))
			defer s.Close()
			_, err := notifier(t, s.URL, nil, secret("a")).Notify(t.Context(), notice)
			if (err == nil) != (status/100 == 2) || errors.Is(err, dispatch.ErrPermanent) != permanent {
				t.Errorf("error %v", err)
			}
			if after, ok := errors.AsType[outbox.RetryAfterError](err); status == 503 && (!ok || after.RetryAfter() != 2*time.Minute) {
				t.Errorf("Retry-After was not read: %v", err)
			}
		})
	}
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	in, there := serve(t, secret("a"))
	mux := http.NewServeMux()
	mux.Handle("/moved", http.RedirectHandler("/new", http.StatusPermanentRedirect))
	mux.Handle("/new", in)
	mux.Handle("/away", http.RedirectHandler(there, http.StatusTemporaryRedirect))
	mux.Handle("/loop", http.RedirectHandler("/loop", http.StatusTemporaryRedirect))
	s := httptest.NewServer(mux)
	defer s.Close()
	for path, ok := range map[string]bool{"/moved": true, "/away": false, "/loop": false} {
		if _, err := notifier(t, s.URL+path, nil, secret("a")).Notify(t.Context(), notice); (err == nil) != ok {
			t.Errorf("%s: %v", path, err)
		}
	}
	if len(in.got) != 1 {
		t.Errorf("received %v", in.got)
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer slow.Close()
	defer close(release)
	for name, url := range map[string]string{
		"no answer in time": slow.URL + "/?token=hush", "nobody listens": "http://127.0.0.1:1/?token=hush",
		"metadata service": "http://169.254.169.254/?token=hush",
	} {
		_, err := notifier(t, url, nil, secret("a")).Notify(t.Context(), notice)
		if err == nil || errors.Is(err, dispatch.ErrPermanent) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v", name, err)
		}
	}
	stranger := notice
	stranger.To = "gone"
	if _, err := notifier(t, slow.URL, nil, secret("a")).Notify(t.Context(), stranger); !errors.Is(err, dispatch.ErrPermanent) {
		t.Errorf("an endpoint that is gone: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := notifier(t, slow.URL, nil, secret("a")).Notify(ctx, notice); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	bad := Config{Endpoints: []Endpoint{
		{Name: "a.b", URL: "ftp://x", Events: []string{"moon"}, Timeout: time.Hour},
		{Name: "c", URL: "https://x", Secrets: []Secret{"plain", "whsec_!", "whsec_YQ=="}},
	}}
	err := bad.Validate()
	if err == nil {
		t.Fatal("accepted")
	}
	for _, says := range []string{
		"endpoints[0].name", "endpoints[0].url", "endpoints[0].secrets", "endpoints[0].events[0]", "endpoints[0].timeout",
		"endpoints[1].secrets: 3", "endpoints[1].secrets[0]", "endpoints[1].secrets[1]", "at least 24 bytes",
	} {
		if !strings.Contains(err.Error(), says) {
			t.Errorf("%v does not say %q", err, says)
		}
	}
	if strings.Contains(err.Error(), "plain") || strings.Contains(fmt.Sprintf("%v %+v %#v", bad, bad, bad.Endpoints[1].Secrets), "whsec") {
		t.Error("a secret is printed")
	}
}
