package webhook

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// A sign of life is what the far side answers with 2xx; an error never shows the
// address, which is a secret.
func TestHeartbeat(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		method string
		status int
		ok     bool
	}{
		"asked":    {"", http.StatusOK, true},
		"posted":   {http.MethodPost, http.StatusNoContent, true},
		"refused":  {http.MethodGet, http.StatusNotFound, false},
		"overload": {http.MethodGet, http.StatusServiceUnavailable, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got string
			far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				got = r.Method + " " + r.URL.Path
				w.WriteHeader(c.status)
			}))
			defer far.Close()
			n, err := New(Config{Heartbeat: Heartbeat{URL: Secret(far.URL + "/s3cret"), Method: c.method}}, Deps{})
			must(t, err)
			defer n.Close()
			err = n.Beat(t.Context())
			if (err == nil) != c.ok || err != nil && strings.Contains(err.Error(), "s3cret") {
				t.Errorf("error %v", err)
			}
			if want := map[bool]string{true: c.method, false: http.MethodGet}[c.method != ""] + " /s3cret"; got != want {
				t.Errorf("asked %q, want %q", got, want)
			}
			far.Close()
			if err := n.Beat(t.Context()); err == nil || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("of a dead place: %v", err)
			}
		})
	}
	n, err := New(Default(), Deps{})
	must(t, err)
	must(t, n.Beat(t.Context())) // nobody is to be told
	for _, h := range []Heartbeat{{URL: "hc-ping.com/x"}, {URL: "ftp://x/"}, {Method: "PUT"}} {
		if (Config{Heartbeat: h}).Validate() == nil {
			t.Errorf("%+v passes", h)
		}
	}
}
