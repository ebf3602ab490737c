package webhook

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/butlerspb/vahta/dispatch"
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

// A receiver of calls alone needs no secret and gets no signature; it names no
// events.
func TestReceiverOfCalls(t *testing.T) {
	t.Parallel()
	var got http.Header
	far := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header.Clone() }))
	defer far.Close()
	cfg := Config{Endpoints: []Endpoint{{Name: "crm", URL: far.URL, Form: dispatch.FormCTI}}}
	n, err := New(cfg, Deps{})
	must(t, err)
	defer n.Close()
	if _, err := n.Notify(t.Context(), notice); err != nil || got.Get(HeaderSignature) != "" || got.Get(HeaderID) != notice.ID {
		t.Errorf("error %v, headers %v", err, got)
	}
	if s := cfg.Subscribers(); len(s) != 1 || s[0].Form != dispatch.FormCTI {
		t.Errorf("subscribers %+v", s)
	}
	for name, e := range map[string]Endpoint{
		"an unknown form":       {Name: "x", URL: far.URL, Form: "asterisk"},
		"calls and events":      {Name: "x", URL: far.URL, Form: dispatch.FormCTI, Events: []string{"ticket.opened"}},
		"events without secret": {Name: "x", URL: far.URL},
	} {
		if (Config{Endpoints: []Endpoint{e}}).Validate() == nil {
			t.Errorf("%s passes", name)
		}
	}
}
