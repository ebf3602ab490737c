package trunk

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/sip/siptest"
	"github.com/butlerspb/vahta/sip/wire"
)

// at makes an operator of a Kamailio.
func at(k *siptest.KamailioRun, transport wire.Transport, change func(*Operator)) func(*Operator) {
	return func(o *Operator) {
		addr := k.Addr(string(transport))
		o.Host, o.Port, o.Domain, o.Transport = addr.Addr().String(), int(addr.Port()), "op.test", transport
		o.Auth, o.Register = Auth{User: "login", Password: "secret"}, Register{Enabled: true}
		if change != nil {
			change(o)
		}
	}
}

// becomes waits for where a registration stands.
func (l *line) becomes(t *testing.T, want Registration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for l.trunks.Get("op").Registration() != want {
		select {
		case <-ctx.Done():
			t.Fatalf("want %s: %+v", want, l.trunks.Status())
		case <-tick.C:
		}
	}
}

// A wrong password is proved wrong once, then Kamailio is left alone.
func TestREGISTERKamailioRefusesThePassword(t *testing.T) {
	t.Parallel()
	k := siptest.StartKamailio(t, siptest.Kamailio{IP: "127.0.2.1"})
	l := newLine(t, udp(), at(k, wire.UDP, func(o *Operator) { o.Auth.Password = "guess" }), nil)
	l.becomes(t, RegistrationRefused)
	if h := l.trunks.Status()[0]; h.RegistrationProblem != "user or password is wrong" {
		t.Errorf("%+v", h)
	}
	l.trunks.Reregister()
	l.leave()
	if got := k.Told("rig REGISTER refused"); got != 2 {
		t.Errorf("it was asked %d times, want one question and one answer", got)
	}
}

// Kamailio insists on a longer registration.
func TestREGISTERKamailioIntervalTooBrief(t *testing.T) {
	t.Parallel()
	k := siptest.StartKamailio(t, siptest.Kamailio{IP: "127.0.2.2", MinExpires: 120})
	l := newLine(t, udp(), at(k, wire.UDP, func(o *Operator) { o.Register.Expires = time.Minute }), nil)
	l.becomes(t, RegistrationActive)
	if left := time.Until(l.trunks.Status()[0].RegisteredUntil); left < 100*time.Second {
		t.Errorf("registered for %s", left)
	}
	l.leave()
}

// Of several challenges the one that Kamailio means is answered: the first is of no known algorithm, the last weaker.
func TestREGISTERKamailioSeveralChallenges(t *testing.T) {
	t.Parallel()
	k := siptest.StartKamailio(t, siptest.Kamailio{IP: "127.0.2.3", Algorithm: "SHA-256", Challenges: []string{
		`WWW-Authenticate: Digest realm=\"op.test\", nonce=\"x\", algorithm=AKAv1-MD5, qop=\"auth\"`,
		`WWW-Authenticate: Digest realm=\"op.test\", nonce=\"y\", algorithm=MD5, qop=\"auth\", Basic realm=\"op.test\"`,
	}})
	l := newLine(t, udp(), at(k, wire.UDP, func(o *Operator) { o.Auth.Realm = "op.test" }), nil)
	l.becomes(t, RegistrationActive)
	l.leave()
	if got := k.Told("rig REGISTER refused"); got != 1 {
		t.Errorf("%d refusals, want the first question only", got)
	}
}

// Kamailio is killed and comes back with an empty memory: the broken connection brings a new registration, long before
// the old one would have been renewed.
func TestREGISTERKamailioRestarts(t *testing.T) {
	t.Parallel()
	k := siptest.StartKamailio(t, siptest.Kamailio{IP: "127.0.2.4"})
	listen := append(udp(), wire.Listen{Transport: wire.TCP, Addr: "127.0.0.1:0"})
	l := newLine(t, listen, at(k, wire.TCP, nil), nil)
	l.edge.OnFlowClosed(l.trunks.FlowClosed)
	l.becomes(t, RegistrationActive)
	k.Stop()
	k.Start()
	k.WaitFor("rig REGISTER login tcp")
	l.leave()
}

// Messages pass a real proxy both ways: out with a password, in to the registered contact.
func TestMESSAGEKamailio(t *testing.T) {
	t.Parallel()
	far := siptest.NewUA(t, siptest.UAConfig{User: "far"})
	k := siptest.StartKamailio(t, siptest.Kamailio{IP: "127.0.2.5", Algorithm: "SHA-256", Gateway: far.Addr()})
	got := make(chan Message, 1)
	l := newLine(t, udp(), at(k, wire.UDP, nil), func(_ context.Context, m Message) error {
		got <- m
		return nil
	})
	l.becomes(t, RegistrationActive)
	text := strings.Repeat("Заявка VH-26-000010. ", 10)
	sent := make(chan error, 1)
	go func() { sent <- l.trunks.Message(t.Context(), "op", "+79210000001", text) }()
	m := far.ExpectRequest("MESSAGE")
	if string(m.Body) != text || !strings.Contains(m.URI, "+79210000001") || m.Get("Proxy-Authorization") != "" {
		t.Errorf("arrived as\n%s", m.Raw)
	}
	far.Answer(m, 202, "Accepted", siptest.Reply{ToTag: "far"})
	if err := <-sent; err != nil {
		t.Error(err)
	}

	client := siptest.NewUA(t, siptest.UAConfig{User: "+79161234567", Peer: k.Addr("udp")})
	client.Send(messageText, "type", "text/plain;charset=UTF-8", "body", "Сервер не отвечает", "peer", k.Addr("udp").String())
	client.ExpectStatus(200, "MESSAGE")
	if m := <-got; m.Text != "Сервер не отвечает" || m.From != "+79161234567" {
		t.Errorf("taken as %+v", m)
	}
	l.leave()
}
