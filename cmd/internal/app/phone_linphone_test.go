package app_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/sip/digest"
	"github.com/butlerspb/vahta/sip/phone"
	"github.com/butlerspb/vahta/sip/siptest"
)

// TestRegistrarSetsLinphoneUp: linphonec fetches its settings by a one-time link and nothing else, registers, rings, and
// still registers after a restart, when the link is spent.
func TestRegistrarSetsLinphoneUp(t *testing.T) {
	for i, transport := range []string{"udp", "tls"} {
		t.Run(transport, func(t *testing.T) { linphoneSetUp(t, transport, 2*i) })
	}
}

// linphoneSetUp sets it up over a transport, which is that of a listener.
func linphoneSetUp(t *testing.T, transport string, listener int) {
	t.Helper()
	web, sip := siptest.ClosedPort(t), siptest.ClosedPort(t)
	setUp, ca := registering(t, "127.0.0.1", func(c *config.Config) {
		c.HTTP.Listen, c.Phones.PublicURL = web.String(), "http://"+web.String()
		c.SIP.Listen[listener].Addr = sip.String()
		c.Phones.Domain, c.Phones.Transport = fmt.Sprintf("localhost:%d", sip.Port()), transport
		c.Phones.Algorithms = []digest.Algorithm{digest.SHA256, digest.MD5}
	})
	r := newRig(t, setUp)
	l := r.lineOf(t, nil, oncall.Device{Kind: oncall.Softphone, Account: "anna"})
	r.addAccount(t, "anna", l.people[0])
	link, err := r.app.Phones().NewLink(t.Context(), "anna")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // a messenger looks at what it shows
		resp, err := http.Get(link.Page)
		if err != nil {
			t.Fatal(err)
		}
		if err := resp.Body.Close(); err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("page: %s, %v", resp.Status, err)
		}
	}
	linphone := siptest.StartLinphone(t, link.Phone, "", ca.File)
	if p := r.registered(t, "anna"); p.Transport != transport {
		t.Errorf("registered over %s", p.Transport)
	}
	resp, err := http.Get(link.Phone)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil || resp.StatusCode != http.StatusGone {
		t.Errorf("the link works again: %s, %v", resp.Status, err)
	}
	caller := l.dial("udp", phone.Options{Talk: phone.Talk{Tone: 440}})
	wait(t, caller, phone.Rang)
	linphone.Says("Receiving new incoming call")
	caller.Hangup()
	linphone.Quit()
	until(t, "it has unregistered", func() bool { return len(r.phones(t, "anna")) == 0 })

	again := siptest.StartLinphone(t, "", linphone.Settings(), ca.File)
	r.registered(t, "anna")
	again.Quit()
}
