package app_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/butlerspb/vahta/channels/webhook"
	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/sip/phone"
)

// ctiSecret signs the events of the test.
const ctiSecret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

// ctiDesk is a help desk that gets the news of calls. It refuses the first try.
type ctiDesk struct {
	mu    sync.Mutex
	tried bool                     // guarded by mu
	heard []dispatch.CallEventJSON // guarded by mu
	fault error                    // guarded by mu
}

func (d *ctiDesk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = webhook.Verify(r.Header, body, time.Now(), ctiSecret)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	var e dispatch.CallEventJSON
	if err == nil {
		err = json.Unmarshal(body, &e)
	}
	if err != nil {
		d.fault = err
	}
	if !d.tried {
		d.tried = true
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	d.heard = append(d.heard, e)
}

// story is what was heard of the calls that went in a direction, in the order of arrival.
func (d *ctiDesk) story(direction string) (list []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range d.heard {
		if e.Call.Direction == direction {
			list = append(list, strings.TrimSpace(fmt.Sprint(strings.TrimPrefix(e.Type, "call."), " ", e.Call.Person, " ", e.Call.Result)))
		}
	}
	return list
}

// TestCallEventsOfARealCall: a help desk that refuses the first news hears of a real call what happened, in its order and
// signed: the line rings, the first phone rings, the second one rings, its engineer answers, the client hangs up; and of
// the engineer's own call back the same.
func TestCallEventsOfARealCall(t *testing.T) {
	t.Parallel()
	d := &ctiDesk{}
	crm := httptest.NewServer(d)
	t.Cleanup(crm.Close)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the desk has heard of calls in %q, out %q", d.story("in"), d.story("out"))
		}
	})
	r := newRig(t, func(c *config.Config) {
		c.Dispatch.CallBack.Prefixes = []string{"+7916"}
		c.Webhooks = webhook.Config{Endpoints: []webhook.Endpoint{{
			Name: "desk", URL: crm.URL, Secrets: []webhook.Secret{ctiSecret},
			Events: []string{dispatch.EventCallRing, dispatch.EventCallAnswer, dispatch.EventCallHangup},
		}}}
	})
	first, second := startPhone(t, "first", "udp", phone.Ringing()), startPhone(t, "second", "udp", accepting())
	l := r.line(t, func(d *dispatch.Line) { d.RingTime = 2 * time.Second }, first.URI(), second.URI())
	s := l.dial("udp", phone.Options{})
	wait(t, incoming(t, second, 1), phone.Answered)
	wait(t, s, phone.Answered)
	s.Hangup()
	wait(t, s, phone.Ended)
	want := []string{"ring", "ring " + l.people[0], "ring " + l.people[1], "answer " + l.people[1], "hangup " + l.people[1] + " served"}
	until(t, "the desk has heard that the call is over", func() bool { return len(d.story("in")) >= len(want) })
	if got := d.story("in"); !slices.Equal(got, want) {
		t.Errorf("heard %q\nwant %q", got, want)
	}
	if err := r.client.Answer(phone.Answering(20*time.Millisecond, phone.Talk{Tone: toneCaller, For: time.Second})); err != nil {
		t.Fatal(err)
	}
	tk := l.tickets()[0]
	l.noLegLeft()
	if _, err := r.app.Hotline().CallBack(t.Context(), dispatch.Ref{ID: tk.ID, Number: tk.Number.String()}, l.people[1], tk.Caller); err != nil {
		t.Fatal(err)
	}
	want = []string{"ring " + l.people[1], "ring", "answer " + l.people[1], "hangup " + l.people[1] + " served"}
	until(t, "the desk has heard that the call back is over", func() bool { return len(d.story("out")) >= len(want) })
	if got := d.story("out"); !slices.Equal(got, want) {
		t.Errorf("heard %q\nwant %q", got, want)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fault != nil {
		t.Error(d.fault)
	}
	for _, e := range d.heard {
		c := e.Call
		from, to := l.caller, l.id
		if c.Direction == "out" {
			from, to = to, from
		}
		if c.Caller != from || c.Callee != to || e.Ticket.Number != tk.Number.String() || c.StartedAt.IsZero() {
			t.Errorf("%+v", e)
		}
		if e.Type == dispatch.EventCallHangup && (c.Answered.Before(c.StartedAt) || c.Ended.Before(c.Answered) || c.Talk == 0) {
			t.Errorf("times of %+v", c)
		}
	}
	l.close(tk)
}
