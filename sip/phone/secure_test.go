package phone_test

import (
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/sip/dialog"
	"github.com/butlerspb/vahta/sip/phone"
	"github.com/butlerspb/vahta/sip/sdp"
	"github.com/butlerspb/vahta/sip/siptest"
)

// secured starts a TLS phone with a certificate of ca, which it also trusts.
func secured(t *testing.T, ca *siptest.Authority, name string, answer phone.Answer) *phone.Phone {
	t.Helper()
	cert, key := ca.Issue(time.Now().Add(time.Hour), "127.0.0.1")
	p := startWith(t, func(c *phone.Config) {
		c.Name, c.Transport, c.TLS = name, "tls", phone.TLS{CA: ca.File, Cert: cert, Key: key}
	})
	if err := p.Answer(answer); err != nil {
		t.Fatal(err)
	}
	return p
}

// Two phones talk over TLS with SRTP; keys pressed are heard; the ringing is reliable and the session has a timer.
func TestTLSCallWithSRTP(t *testing.T) {
	t.Parallel()
	ca := siptest.NewAuthority(t, "phones")
	callee := secured(t, ca, "engineer", phone.Answer{
		Ring: 300 * time.Millisecond, Early: true, Reliable: dialog.ReliableRequire, Talk: phone.Talk{Tone: 1000, Security: sdp.SecurityRequired},
	})
	caller := secured(t, ca, "client", phone.Answer{})
	s := dial(t, caller, callee.URI(), phone.Options{
		Timer: dialog.SessionTimer{Expires: 2 * time.Minute},
		Talk:  phone.Talk{Tone: 440, Security: sdp.SecurityRequired, Keys: []phone.Key{{Digits: "1"}}},
	})
	in := incoming(t, callee)
	if e := wait(t, s, phone.EarlyMedia); e.Status != 183 {
		t.Errorf("early media came with %d", e.Status)
	}
	wait(t, s, phone.Answered)
	wait(t, in, phone.Digit)
	for _, heard := range []struct {
		s  *phone.Session
		hz float64
	}{{s, 1000}, {in, 440}} {
		if err := heard.s.WaitHeard(within(t), heard.hz, time.Second/2); err != nil {
			t.Error(err)
		}
	}
	request := in.Request()
	if !strings.Contains(string(request.Body()), "RTP/SAVP ") || request.Flow().Transport != "tls" || request.Header("Session-Expires") == "" {
		t.Errorf("the INVITE came by %s, Session-Expires %q:\n%s", request.Flow().Transport, request.Header("Session-Expires"), request.Body())
	}
	s.Hangup()
	wait(t, in, phone.Ended)
}

// A phone that must encrypt refuses who does not, and does not talk to whom it called and who does not.
func TestSDESRequiredOfAPhone(t *testing.T) {
	t.Parallel()
	strict := phone.Talk{Security: sdp.SecurityRequired}
	callee := start(t, "strict", "udp", phone.Answering(0, strict))
	caller := start(t, "plain", "udp", phone.Answering(0, phone.Talk{}))
	if e := wait(t, dial(t, caller, callee.URI(), phone.Options{}), phone.Refused); e.Status != 488 {
		t.Errorf("a plain call was answered %d", e.Status)
	}
	if e := wait(t, dial(t, callee, caller.URI(), phone.Options{Talk: strict}), phone.Refused); e.Status != 488 {
		t.Errorf("a secure call to a plain phone was answered %d", e.Status)
	}
}

// A certificate that nobody trusts stops the call; the insecure flag lets it through.
func TestTLSCertificateIsChecked(t *testing.T) {
	t.Parallel()
	callee := secured(t, siptest.NewAuthority(t, "its own"), "engineer", phone.Answering(0, phone.Talk{}))
	stranger := startWith(t, func(c *phone.Config) {
		c.Transport, c.TLS = "tls", phone.TLS{CA: siptest.NewAuthority(t, "another").File}
	})
	if e := wait(t, dial(t, stranger, callee.URI(), phone.Options{}), phone.Refused); e.Status != 0 || e.Err == nil {
		t.Errorf("an untrusted certificate: %d, %v", e.Status, e.Err)
	}
	careless := startWith(t, func(c *phone.Config) { c.Transport, c.TLS = "tls", phone.TLS{Insecure: true} })
	s := dial(t, careless, callee.URI(), phone.Options{})
	wait(t, s, phone.Answered)
	s.Hangup()
	wait(t, s, phone.Ended)
}

// A phone without a certificate of its own is called over the connection by which it registered.
func TestTLSPhoneIsReachedOverItsOwnConnection(t *testing.T) {
	t.Parallel()
	ca := siptest.NewAuthority(t, "phones")
	cert, key := ca.Issue(time.Now().Add(time.Hour), "127.0.0.1")
	office := startWith(t, func(c *phone.Config) {
		c.Name, c.Transport, c.TLS = "office", "tls", phone.TLS{CA: ca.File, Cert: cert, Key: key}
	})
	if err := office.Answer(phone.Answering(0, phone.Talk{For: 5 * time.Second})); err != nil {
		t.Fatal(err)
	}
	soft := startWith(t, func(c *phone.Config) { c.Transport, c.TLS = "tls", phone.TLS{CA: ca.File} })
	s := dial(t, soft, office.URI(), phone.Options{Talk: phone.Talk{Tone: 440}})
	in := incoming(t, office)
	wait(t, s, phone.Answered)
	in.Hold() // a request the other way, over the same connection
	wait(t, s, phone.Held)
	wait(t, in, phone.Holding)
	s.Hangup()
	wait(t, s, phone.Ended)
}

// A call that is challenged is sent again with the password, and a second challenge is a refusal.
func TestInviteIsProved(t *testing.T) {
	t.Parallel()
	r := newRegistrar(t)
	p := startWith(t, func(*phone.Config) {})
	s := dial(t, p, "sip:42@"+r.Addr().String(), phone.Options{})
	first := r.ExpectRequest("INVITE")
	r.Answer(first, 407, "Proxy Authentication Required", siptest.Reply{Headers: []string{`Proxy-Authenticate: Digest realm="op", nonce="abc", qop="auth"`}})
	r.ExpectRequest("ACK")
	second := r.ExpectRequest("INVITE")
	if proof := second.Get("Proxy-Authorization"); !strings.Contains(proof, `username="anna"`) || !strings.Contains(proof, "nc=00000001") {
		t.Errorf("the proof is %q", proof)
	}
	r.Answer(second, 407, "Proxy Authentication Required", siptest.Reply{Headers: []string{`Proxy-Authenticate: Digest realm="op", nonce="def", qop="auth"`}})
	r.ExpectRequest("ACK")
	if e := wait(t, s, phone.Refused); e.Status != 407 {
		t.Errorf("a wrong password ends with %d", e.Status)
	}
}
