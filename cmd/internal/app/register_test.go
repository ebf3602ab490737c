package app_test

import (
	"strings"
	"testing"

	"github.com/butlerspb/vahta/cmd/internal/app"
	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/sip/siptest"
	"github.com/butlerspb/vahta/sip/trunk"
)

// Doctor proves the account at the operator and leaves the calls where they are: what it asks for keeps no contact.
func TestREGISTERDoctorOnlyAsks(t *testing.T) {
	t.Parallel()
	k := siptest.StartKamailio(t, siptest.Kamailio{IP: "127.0.2.9"})
	cfg := base(t, startPhone(t, "client", "udp", accepting()))
	op := trunk.Operator{
		Name: "op", Host: k.Addr("udp").Addr().String(), Port: int(k.Addr("udp").Port()), Transport: "udp", Domain: "op.test",
		Auth: trunk.Auth{User: "login", Password: "secret"}, Register: trunk.Register{Enabled: true},
	}
	finding := func(password string) app.Finding {
		op.Auth.Password = trunk.Secret(password)
		cfg.Trunks.Operators = []trunk.Operator{op}
		for _, f := range app.Examine(t.Context(), cfg) {
			if f.What == "registration" {
				return f
			}
		}
		t.Fatal("doctor says nothing of the registration")
		return app.Finding{}
	}
	if f := finding("secret"); !f.OK {
		t.Errorf("the right password: %+v", f)
	}
	if f := finding("guess"); f.OK || !strings.Contains(f.Text, "user or password is wrong") {
		t.Errorf("a wrong password: %+v", f)
	}
	if got := k.WaitFor("rig REGISTER login"); !strings.Contains(got, "contact <null>") {
		t.Errorf("Kamailio keeps a contact of doctor: %s", got)
	}
}

// A server that stops takes its contact back while SIP still works, and says in /status where it stands before.
func TestREGISTERTakenBackAtStop(t *testing.T) {
	t.Parallel()
	k := siptest.StartKamailio(t, siptest.Kamailio{IP: "127.0.2.10"})
	addr := k.Addr("tcp")
	r := newRig(t, func(c *config.Config) {
		c.Trunks.Operators = []trunk.Operator{{
			Name: "op", Host: addr.Addr().String(), Port: int(addr.Port()), Transport: "tcp", Domain: "op.test",
			Auth: trunk.Auth{User: "login", Password: "secret"}, Register: trunk.Register{Enabled: true},
		}}
	})
	until(t, "registered", func() bool { return r.health("op").Registration == trunk.RegistrationActive })
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	k.Wait("a contact that leaves", func(line string) bool {
		return strings.Contains(line, "rig REGISTER login") && strings.Contains(line, "expires=0")
	})
}
